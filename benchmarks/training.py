"""Training speed in images per second: FruitLab, the same network in other tools, and upper limits.

    python -m benchmarks.training [--data NAME] [--batch N] [--pictures N] [--seconds S]
                                  [--rounds R] [--device cpu|cuda] [--peer-python PATH]

Every contender has its own process. They take turns, so that other load on the machine affects all
of them. Ratios are computed within a round; the table shows their medians.

A *step* trains on a batch that is ready in memory. FruitLab's step also gathers and converts it.
An *epoch* trains on the whole training set, which FruitLab keeps on the device as uint8, PyTorch
and fastai as JPEG files, and Keras in a tf.data cache. The other tools
(benchmarks/peers/requirements.txt) may be installed in another environment (--peer-python). Missing
ones are skipped.
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
        "--data",
        default="synthetic:60",
        help="a name from `fruitlab data list` (default: synthetic:60)",
    )
    parser.add_argument(
        "--batch",
        type=int,
        default=256,
        help="pictures in a batch, except for quick (default: 256)",
    )
    parser.add_argument(
        "--pictures", type=int, default=2560, help="pictures in an epoch (default: 2560)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=4,
        help="time of steps for each contender and round (default: 4)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument(
        "--peer-python",
        default=sys.executable,
        help="the Python in which Keras and fastai are installed (default: this one)",
    )
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = write_pictures(arguments.data, arguments.pictures, folder)
        contenders = start(arguments, folder)
        print(
            f"{pictures} pictures of {arguments.data}, batch {arguments.batch}, "
            f"{arguments.device}, {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}"
        )
        threads = (f"{name} {process.about['threads']}" for name, process in contenders.items())
        print(f"Threads: {', '.join(threads)}")
        try:
            steps, epochs = measure(contenders, arguments.rounds, arguments.seconds)
        finally:
            for process in contenders.values():
                process.end()
    print_table("A training step", steps)
    print_table("An epoch", epochs)
    print_limits(steps)


def write_pictures(name: str, count: int, folder: Path) -> int:
    """Write images.npy, labels.npy and jpeg/<category>/<i>.jpg; returns the number of pictures."""
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
    """Start every available contender. Each has trained for one step."""
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
            print(f"{name} is skipped: {error}")
    return contenders


def measure(
    contenders: dict[str, Process], rounds: int, seconds: float
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Images per second in steps and in epochs, by contender and round. Limits have only steps."""
    steps: dict[str, list[float]] = {name: [] for name in contenders}
    epochs: dict[str, list[float]] = {name: [] for name in contenders}
    for name in contenders.keys() - LIMITS.keys():
        # In the first epoch Keras traces its loop, and files get into the system's cache.
        contenders[name].run("epoch")
    for _ in range(rounds):
        for name, process in contenders.items():
            process.run("step")  # fills the processor's caches again
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
    """Print medians, extremes, and ratios to FruitLab with the paper preset."""
    rates = {name: values for name, values in rates.items() if name != "limit: multiply-adds"}
    paper = rates["FruitLab paper"]
    print(f"\n{title:28} images/s   lowest  highest   FruitLab paper / this")
    for name, values in rates.items():
        ratio = statistics.median(ours / other for ours, other in zip(paper, values, strict=True))
        print(
            f"{name:28} {statistics.median(values):8.0f} {min(values):8.0f} {max(values):8.0f}   "
            f"{ratio:8.2f}"
        )
    peers = [rates[name] for name in PEERS if name in rates]
    if peers:
        ratio = statistics.median(
            ours / max(others) for ours, *others in zip(paper, *peers, strict=True)
        )
        print(f"FruitLab paper / the fastest other tool of each round: {ratio:.2f}")


def print_limits(steps: dict[str, list[float]]) -> None:
    """Print the speed of FruitLab relative to the machine's multiply-adds."""
    from benchmarks.limits import multiply_adds

    peak, each = statistics.median(steps["limit: multiply-adds"]), multiply_adds()
    share = statistics.median(steps["FruitLab paper"]) * each / peak
    print(
        f"\nA float32 matrix product reaches {peak / 1e9:.0f} billion multiply-adds per second. "
        f"The convolutions of one picture,\nforward and backward, take {each / 1e6:.0f} million, "
        f"so the limit is {peak / each:.0f} images/s. FruitLab paper reaches {share:.0%} of it."
    )


if __name__ == "__main__":
    main()
