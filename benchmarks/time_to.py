"""Seconds from a command to a combined performance: FruitLab's presets, Keras and fastai.

    python -m benchmarks.time_to --data NAME [--ratio R] [--levels L ...] [--epochs E]
                                 [--minutes M] [--only NAME ...] [--peer-python PATH] [--json FILE]

Everybody trains the same network on the same pictures, those of mixed training at the ratio, one
contender after the other. The clock starts with the command, so imports and compilation count. A
level is reached at the first evaluation on all test pictures with at least that combined
performance; the last column is the end of the run.

FruitLab runs its presets, which evaluate as often as they always do. The peers
(benchmarks/peers/requirements.txt) train with their own standard fit: Keras with Adam and its
augmentation layers, fastai with `fit_one_cycle` and `aug_transforms`, for --epochs epochs each.
They are evaluated ten times; of an evaluation that reaches a level the time counts, of those before
it does not. KERAS_BACKEND in the environment chooses what Keras computes with. A peer whose process
fails is named and left out.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fruitlab.data import store
from fruitlab.methods.registry import configure
from fruitlab.metrics.accuracy import combined
from fruitlab.runs.folder import Run

OURS = ("glance", "quick", "thorough")
PEERS = ("keras", "fastai")
EVALUATIONS = 10
LOOK = 0.1  # seconds between two looks at a run's log

Scored = tuple[float, float]  # seconds since the command, combined performance
Score = tuple[float, float]  # combined performance, seconds that do not count


@dataclass
class Result:
    """What a contender did: its evaluations, and the seconds to its end, None if it was stopped."""

    scored: list[Scored] = field(default_factory=list)
    finished: float | None = None

    def reached(self, level: float) -> float | None:
        """Seconds to the first evaluation with at least this combined performance, or None."""
        return next((seconds for seconds, score in self.scored if score >= level), None)


def main() -> None:
    asked = options()
    names = [name for name in (*(f"FruitLab {n}" for n in OURS), *PEERS) if _wanted(name, asked)]
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        if any(name in PEERS for name in names):
            write_pictures(asked.data, asked.ratio, Path(folder))
        print(
            f"{asked.data}, {asked.ratio}% real, {os.cpu_count()} cores, load before "
            f"{os.getloadavg()[0]:.1f}",
            flush=True,
        )
        for name in names:
            one = Path(folder) / name.replace(" ", "-")
            one.mkdir()
            try:
                results[name] = (_peer if name in PEERS else _ours)(name, asked, one)
            except RuntimeError as error:
                if name not in PEERS:
                    raise
                print(f"{name:18} failed: {str(error).strip().splitlines()[-1:]}", flush=True)
            else:
                print(row(name, results[name], asked.levels), flush=True)
    if asked.json:
        found = {name: vars(result) for name, result in results.items()}
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


def options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", required=True, help="a dataset from `python -m fruitlab data list`")
    add("--ratio", type=int, default=60, help="share of real pictures in percent (default: 60)")
    add("--levels", type=float, nargs="+", default=[0.5, 0.6, 0.68], help="combined performances")
    add("--epochs", type=int, default=20, help="of the peers (default: 20)")
    add("--minutes", type=float, default=15, help="at most, for each (default: 15)")
    add("--only", nargs="+", default=(), help="contenders whose name has one of these words")
    add("--peer-python", default=sys.executable, help="Python with Keras and fastai")
    add("--json", type=Path, metavar="FILE", help="also write the results to this file")
    return parser.parse_args()


def _wanted(name: str, asked: argparse.Namespace) -> bool:
    return not asked.only or any(word in name.split() for word in asked.only)


def write_pictures(name: str, ratio: int, folder: Path) -> None:
    """Write {train,nice,real}-{images,labels}.npy: training pictures at the ratio, and both tests.

    The pictures are those that FruitLab's mixed run of seed 0 trains on, and all test pictures.
    """
    from fruitlab.training.device_dataset import DeviceDataset
    from fruitlab.training.devices import resolve

    config = configure("mixed", preset="quick", data=name, ratio=ratio)
    pictures = DeviceDataset.of(store.load(name), config, resolve("cpu"))
    (phase,) = config.phases()
    parts = {"train": pictures.pool(phase.pools[0], seed=config.seed)} | dict(pictures.test)
    for part, places in parts.items():
        np.save(folder / f"{part}-images.npy", pictures.images[places].numpy())
        np.save(folder / f"{part}-labels.npy", pictures.labels[places].numpy())


def _ours(name: str, asked: argparse.Namespace, folder: Path) -> Result:
    command = [sys.executable, "-m", "fruitlab", "train", "mixed", "--run", "timed"]
    command += ["--data", asked.data, "--preset", name.split()[1], "--set", f"ratio={asked.ratio}"]
    run = Run(folder / "timed")

    def new() -> Iterator[Score]:
        points = run.metrics() if run.log.exists() else []
        for point in points:
            if point["full"]:
                nice, real = (point[domain][1] / point[domain][0] for domain in ("nice", "real"))
                yield combined(nice, real), 0.0

    return watch(command, lambda: list(new()), asked, {"FRUITLAB_CHECKPOINTS": str(folder)})


def _peer(name: str, asked: argparse.Namespace, folder: Path) -> Result:
    command = [asked.peer_python, "-m", "benchmarks.peers.until", name, str(folder.parent)]
    command += [str(asked.epochs), str(EVALUATIONS), str(folder / "scores.jsonl")]

    def scores() -> list[Score]:
        file = folder / "scores.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(combined(nice, real), spent) for nice, real, spent in map(json.loads, lines)]

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": backend}
    return watch(command, scores, asked, quiet)


def watch(
    command: Sequence[str],
    scores: Callable[[], list[Score]],
    asked: argparse.Namespace,
    environment: dict[str, str],
) -> Result:
    """Run a command and note when its scores appear.

    Raises:
        RuntimeError: the command failed; with the end of what it said.
    """
    result, started = Result(), time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=os.environ | environment)
        limit = threading.Timer(60 * asked.minutes, process.terminate)
        limit.start()
        try:
            while True:
                ended = process.poll() is not None  # before the look: nothing is missed
                now = time.monotonic() - started
                new = scores()[len(result.scored) :]
                result.scored += [(now - spent, float(score)) for score, spent in new]
                if ended:
                    break
                time.sleep(LOOK)
        finally:
            stopped = not limit.is_alive()
            limit.cancel()
        if process.returncode == 0:
            result.finished = now
        elif not stopped:
            said.seek(0)
            raise RuntimeError(said.read().decode(errors="replace")[-2000:])
    return result


def row(name: str, result: Result, levels: Sequence[float]) -> str:
    """A contender's line of the table."""
    times = [(f"{level:.2f}", result.reached(level)) for level in levels]
    cells = [f"{level}: {'never' if at is None else f'{at:.0f} s'}" for level, at in times]
    last = result.scored[-1][1] if result.scored else 0.0
    end = f"{result.finished:.0f} s" if result.finished else "stopped"
    return f"{name:18} {'   '.join(f'{cell:14}' for cell in cells)} end: {end}, {last:.3f}"


if __name__ == "__main__":
    main()
