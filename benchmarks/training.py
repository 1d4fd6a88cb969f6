"""Training pictures per second: FruitLab, the same network in other tools, and the limits.

    python -m benchmarks.training [--data NAME|synthetic:60] [--batch N] [--pictures N]
                                  [--seconds S] [--rounds R] [--device cpu|cuda]
                                  [--peer-python PATH]

Each contender has a process of its own. They take turns, so whatever disturbs the machine disturbs
all of them. The ratios are medians over the rounds of the ratio within a round.

A *step* has its batch ready in memory, except FruitLab's, which includes gathering and converting
it. An *epoch* is the whole training set from where the tool keeps it: FruitLab's as uint8 on the
device, PyTorch's and fastai's as JPEG files, Keras's cached by tf.data. The peers
(benchmarks/peers/requirements.txt) may live in another environment (`--peer-python`); one that is
not installed is left out.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.contender import Process
from fruitlab.data import store

OURS = {"FruitLab paper": "benchmarks.ours:paper", "FruitLab quick": "benchmarks.ours:quick"}
LIMITS = {
    "limit: bare convolutions": "benchmarks.limits:convolutions",
    "limit: multiply-adds": "benchmarks.limits:peak",
}
PEERS = {
    "plain PyTorch": "benchmarks.peers.plain",
    "Keras": "benchmarks.peers.keras",
    "fastai": "benchmarks.peers.fastai",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", default="synthetic:60", help="name from `fruitlab data list` (synthetic:60)"
    )
    parser.add_argument(
        "--batch",
        type=int,
        default=256,
        help="pictures in a batch (default: 256; quick keeps its own)",
    )
    parser.add_argument(
        "--pictures", type=int, default=2560, help="training pictures, so an epoch (default: 2560)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=4,
        help="of steps, for each contender and round (default: 4)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns (default: 5)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument(
        "--peer-python",
        default=sys.executable,
        help="the Python that has Keras and fastai (default: this one)",
    )
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = write_pictures(arguments.data, arguments.pictures, folder)
        contenders = start(arguments, folder)
        print(
            f"{pictures} pictures of {arguments.data}, batch {arguments.batch}, "
            f"{arguments.device}, {os.cpu_count()} cores, "
            f"load before {os.getloadavg()[0]:.1f}; threads: "
            + ", ".join(f"{n} {p.about['threads']}" for n, p in contenders.items())
        )
        try:
            steps, epochs = measure(contenders, arguments.rounds, arguments.seconds)
        finally:
            for process in contenders.values():
                process.end()
    print_table("A training step", steps)
    print_table("An epoch", epochs)
    print_limits(steps)


def write_pictures(name: str, count: int, folder: Path) -> int:
    """Writes both domains' pictures as images.npy, labels.npy and JPEG files; returns how many."""
    data = store.load(name)
    images = np.concatenate([data.nice.images, data.real.images])
    labels = np.concatenate([data.nice.labels, data.real.labels])
    chosen = np.sort(np.random.default_rng(0).permutation(len(labels))[:count])
    images, labels = images[chosen], labels[chosen]
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", labels)
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / "jpeg" / f"{label:03d}" / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path, quality=92)
    return len(labels)


def start(arguments: argparse.Namespace, folder: Path) -> dict[str, Process]:
    """Every contender that can be had, its network made and warmed up by a step."""
    common = ["--data", str(folder), "--batch", str(arguments.batch), "--device", arguments.device]
    contenders = {}
    for name, module in (OURS | LIMITS | PEERS).items():
        python = arguments.peer_python if name in ("Keras", "fastai") else sys.executable
        try:
            contenders[name] = Process(
                module, common, python=python, log=folder / f"{module.replace(':', '.')}.log"
            )
        except (RuntimeError, OSError) as error:
            if name not in PEERS:
                raise
            print(f"{name} is left out: {error}")
    return contenders


def measure(
    contenders: dict[str, Process], rounds: int, seconds: float
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Images per second of steps and of epochs, by contender and round; of limits only steps."""
    steps, epochs = ({name: [] for name in contenders} for _ in range(2))
    for name in contenders.keys() - LIMITS.keys():
        contenders[name].run(
            "epoch"
        )  # Keras traces its loop in the first one, and files come into the system's cache
    for _ in range(rounds):
        for name, process in contenders.items():
            process.run("step")  # back into the caches, after the others
            pictures = spent = 0.0
            while spent < seconds:
                more, took = process.run("step")
                pictures, spent = pictures + more, spent + took
            steps[name].append(pictures / spent)
        for name, process in contenders.items():
            if name not in LIMITS:
                pictures, spent = process.run("epoch")
                epochs[name].append(pictures / spent)
    return steps, {name: values for name, values in epochs.items() if values}


def print_table(title: str, rates: dict[str, list[float]]) -> None:
    rates = {name: values for name, values in rates.items() if name != "limit: multiply-adds"}
    paper = rates["FruitLab paper"]
    print(f"\n{title:28} images/s   lowest  highest   FruitLab paper over it")
    for name, values in rates.items():
        ratio = statistics.median(ours / other for ours, other in zip(paper, values, strict=True))
        median = statistics.median(values)
        print(f"{name:28} {median:8.0f} {min(values):8.0f} {max(values):8.0f}   {ratio:8.2f}")
    peers = [rates[name] for name in PEERS if name in rates]
    if peers:
        rounds = zip(paper, *peers, strict=True)
        ratio = statistics.median(ours / max(others) for ours, *others in rounds)
        print(f"FruitLab paper over the best peer of each round: {ratio:.2f}")


def print_limits(steps: dict[str, list[float]]) -> None:
    from benchmarks.limits import multiply_adds

    peak, each = statistics.median(steps["limit: multiply-adds"]), multiply_adds()
    ours = statistics.median(steps["FruitLab paper"])
    print(
        f"\nPeak of a float32 matrix product: {peak / 1e9:.0f} billion multiply-adds per second. "
        f"The convolutions of a picture, forward and backward, are {each / 1e6:.0f} million, so at "
        f"most {peak / each:.0f} images/s. FruitLab paper reaches {ours * each / peak:.0%} of that."
    )


if __name__ == "__main__":
    main()
