"""Training images per second: FruitLab, the same network in other tools, and the limits.

    python -m benchmarks.training [--data NAME] [--batch N] [--pictures N] [--seconds S]
                                  [--rounds R] [--device cpu|cuda]
                                  [--precision float32|bfloat16] [--peer-python PATH] [--json FILE]

Each contender has a process of its own, and they take turns: one works while the others wait, so
disturbances of the machine affect all of them. Ratios are medians over the rounds of the ratio
within a round.

A *step* has its batch ready in memory, except FruitLab's, which includes gathering and converting
it. An *epoch* is the whole training set from where the tool keeps it: uint8 on the device
(FruitLab), JPEG files (PyTorch, fastai), or cached by tf.data (Keras). The peers
(benchmarks/peers/requirements.txt) may be installed in another environment, which --peer-python
names. Peers that cannot run are left out, with the reason: a package is not installed, or there is
no C++ compiler for PyTorch's, or its process ended.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.contender import Process
from fruitlab.data import store

OURS = {"FruitLab paper": "benchmarks.ours:paper", "FruitLab quick": "benchmarks.ours:quick"}
PEAK = "limit: multiply-adds"
LIMITS = {
    "limit: bare convolutions": "benchmarks.limits:convolutions",
    PEAK: "benchmarks.limits:peak",
}
PEERS = {
    "plain PyTorch": "benchmarks.peers.plain:eager",
    "PyTorch channels_last": "benchmarks.peers.plain:channels_last",
    "PyTorch compiled": "benchmarks.peers.plain:compiled",
    "Keras": "benchmarks.peers.keras:tensorflow",
    "Keras on JAX": "benchmarks.peers.keras:jax",
    "fastai": "benchmarks.peers.fastai",
}

Rates = dict[str, list[float]]  # images per second of each contender, by round


def main() -> None:
    asked = options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = write_pictures(asked.data, asked.pictures, folder)
        contenders, left_out = start(asked, folder)
        threads = ", ".join(f"{n} {p.about['threads']}" for n, p in contenders.items())
        print(
            f"{pictures} pictures of {asked.data}, batch {asked.batch}, {asked.device},"
            f" {asked.precision},"
            f" {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}; threads: {threads}"
        )
        try:
            steps, epochs = measure(contenders, asked.rounds, asked.seconds, left_out)
        finally:
            for process in contenders.values():
                process.end()
    titles = {"A training step": steps, "An epoch": epochs}
    for title, rates in titles.items():
        print_table(title, rates)
    limit = limits(steps)
    print(
        f"\nA {asked.precision} matrix product reaches {limit['multiply_adds'] / 1e9:.0f} billion"
        " multiply-adds per second. The convolutions of one picture, forward and backward, take"
        f" {limit['of_a_picture'] / 1e6:.0f} million, so at most {limit['images']:.0f} images/s."
        f" FruitLab paper reaches {limit['reached']:.0%} of that."
    )
    if asked.json:
        tables = {title: summary(rates) for title, rates in titles.items()}
        best = {title: best_peers(rates) for title, rates in titles.items()}
        found = {"tables": tables, "best peers": best, "limit": limit, "left out": left_out}
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


def options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", default="synthetic:60", help="name of a data set (default: synthetic:60)")
    add("--batch", type=int, default=256, help="batch size (default: 256; quick keeps its own)")
    add("--pictures", type=int, default=2560, help="size of the training set (default: 2560)")
    add("--seconds", type=float, default=4, help="of steps, per contender and round (default: 4)")
    add("--rounds", type=int, default=5, help="number of turns (default: 5)")
    add("--device", default="cpu", help="cpu or cuda (default: cpu)")
    add("--precision", default="float32", choices=("float32", "bfloat16"), help="of feature maps")
    add("--peer-python", default=sys.executable, help="Python with Keras and fastai")
    add("--json", type=Path, metavar="FILE", help="also write the results to this file")
    return parser.parse_args()


def write_pictures(name: str, count: int, folder: Path) -> int:
    """Write images.npy, labels.npy and jpeg/<category>/<i>.jpg, with pictures of both domains.

    Returns:
        The number of pictures.
    """
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


def start(arguments: argparse.Namespace, folder: Path) -> tuple[dict[str, Process], dict[str, str]]:
    """Start every contender.

    Returns:
        The contenders, warmed up by one step; and the peers that are left out, with the reason.
    """
    common = ["--data", str(folder), "--batch", str(arguments.batch)]
    common += ["--device", arguments.device, "--precision", arguments.precision]
    contenders, left_out = {}, {}
    for name, module in (OURS | LIMITS | PEERS).items():
        elsewhere = name in PEERS and not name.startswith(("plain", "PyTorch"))
        python = arguments.peer_python if elsewhere else sys.executable
        log = folder / f"{module.replace(':', '.')}.log"
        try:
            contenders[name] = Process(module, common, python=python, log=log)
        except (RuntimeError, OSError) as error:
            if name not in PEERS:
                raise
            left_out[name] = str(error)
            print(f"{name} is left out: {error}")
    return contenders, left_out


def measure(
    contenders: dict[str, Process], rounds: int, seconds: float, left_out: dict[str, str]
) -> tuple[Rates, Rates]:
    """Rates of steps, and of epochs without the limits. A peer whose process ends is left out."""
    steps, epochs = ({name: [] for name in contenders} for _ in range(2))

    def warm_up(name: str) -> None:
        if name not in LIMITS:
            # Keras traces its loop in the first epoch, and the files enter the page cache.
            contenders[name].run("epoch")

    def step(name: str) -> None:
        contenders[name].run("step")  # warms the caches up again after the others
        pictures = spent = 0.0
        while spent < seconds:
            more, took = contenders[name].run("step")
            pictures, spent = pictures + more, spent + took
        steps[name].append(pictures / spent)

    def epoch(name: str) -> None:
        if name not in LIMITS:
            pictures, spent = contenders[name].run("epoch")
            epochs[name].append(pictures / spent)

    for turn in (warm_up, *(step, epoch) * rounds):
        for name in [name for name in contenders if name not in left_out]:
            try:
                turn(name)
            except RuntimeError as error:
                if name not in PEERS:
                    raise
                left_out[name] = str(error)
                print(f"{name} is left out: {error}")
    steps = {name: rates for name, rates in steps.items() if name not in left_out}
    return steps, {name: epochs[name] for name in steps if epochs[name]}


def summary(rates: Rates) -> dict[str, dict[str, float]]:
    """Median, lowest and highest rate of each contender, and FruitLab paper's rate over it."""
    paper = rates["FruitLab paper"]
    return {
        name: {
            "images/s": statistics.median(values),
            "lowest": min(values),
            "highest": max(values),
            "paper over it": statistics.median(
                ours / other for ours, other in zip(paper, values, strict=True)
            ),
        }
        for name, values in rates.items()
        if name != PEAK
    }


def print_table(title: str, rates: Rates) -> None:
    """Print the rates of all contenders, and how FruitLab compares with the best peers."""
    print(f"\n{title:28} images/s   lowest  highest   FruitLab paper over it")
    for name, row in summary(rates).items():
        numbers = " ".join(f"{row[column]:8.0f}" for column in ("images/s", "lowest", "highest"))
        print(f"{name:28} {numbers}   {row['paper over it']:8.2f}")
    best = best_peers(rates)
    if best:
        print(f"best peer of each round: {', '.join(best)}")
        for name in OURS:
            ratios = [
                ours / rates[peer][i]
                for i, (ours, peer) in enumerate(zip(rates[name], best, strict=True))
            ]
            print(f"{name} over the best peer of each round: {statistics.median(ratios):.2f}")


def best_peers(rates: Rates) -> list[str]:
    """The name of the fastest peer of each round."""
    peers = {name: values for name, values in rates.items() if name in PEERS}
    rounds = range(len(next(iter(peers.values()), [])))
    return [max(peers, key=lambda name: peers[name][i]) for i in rounds]


def limits(steps: Rates) -> dict[str, Any]:
    """The limit that a matrix product sets.

    Returns:
        multiply_adds: of the product, per second. of_a_picture: multiply-adds of its convolutions.
        images: at most, per second. reached: by FruitLab paper, as a fraction of that.
    """
    from benchmarks.limits import multiply_adds

    peak, each = statistics.median(steps[PEAK]), multiply_adds()
    reached = statistics.median(steps["FruitLab paper"]) * each / peak
    return {
        "multiply_adds": peak,
        "of_a_picture": each,
        "images": peak / each,
        "reached": reached,
    }


if __name__ == "__main__":
    main()
