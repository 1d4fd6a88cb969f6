"""Is anything of a run lost if its worker is killed again and again?

    python -m benchmarks.worker_kills [--kills 1000]

Trains tiny runs by two methods. Their workers are killed with SIGKILL, half of them at a random
time and half before a random one of their file operations, and the runs are resumed until they have
finished. Weights, best weights, log and predictions must then equal those of runs that a worker of
its own trained undisturbed, bit by bit. Works in a temporary folder. Linux only.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable

import numpy as np

from benchmarks import forks
from fruitlab.data import store
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, launch, steps
from fruitlab.runs.folder import Run
from fruitlab.worker.process import work

METHODS = ("mixed", "iterative")
SMALL = {
    "data": "synthetic:5",
    "preset": "glance",
    "iterations": 6,
    "live_every": 2,
    "live_pictures": 26,
    "full_evaluations": 3,
    "batch_size": 16,
    "width": 0.25,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FRUITLAB_DATA": f"{name}/data", "FRUITLAB_CHECKPOINTS": f"{name}/runs"}
        forks.prepare()
        store.load("synthetic:5")
        print(kills(arguments.kills, random.Random(arguments.seed)))


def kills(count: int, rng: random.Random, say: Callable[[str], None] = print) -> str:
    """Kill workers so often, and say what came of it. Raises AssertionError if anything is lost."""
    references = {method: undisturbed(method) for method in METHODS}
    killer, finished, began = forks.Killer(rng, longest=20), 0, time.monotonic()
    while (killed := sum(killer.kills.values())) < count:
        method = METHODS[finished % len(METHODS)]
        run = new_run(method, f"killed-{finished}")
        # A run of which nothing was saved yet starts again; sooner or later each one finishes.
        while run.status() != "finished":
            killer.run(lambda: train(run), run.folder)  # noqa: B023
            assert run.status() in ("interrupted", "finished"), f"{run.id} is {run.status()}"
        differing = differences(run, references[method])
        assert not differing, f"{run.id} differs: {differing}"
        shutil.rmtree(run.folder)
        finished += 1
        if finished % 50 == 0:
            say(f"{killed:,} kills, {time.monotonic() - began:.0f} s")
    return (
        f"{killed:,} kills of workers ({killer.kills['clock']:,} at a random time, "
        f"{killer.kills['file']:,} at a file operation) in {time.monotonic() - began:.0f} s: "
        f"{finished:,} runs finished, all with equal results, none lost"
    )


def undisturbed(method: str) -> Run:
    """A finished run, trained as the explorer does it: by a process of its own."""
    run = new_run(method, f"reference-{method}")
    launch.start_worker(run, detached=False).wait()
    assert run.status() == "finished", (run.folder / "worker.log").read_text()[-2000:]
    return run


def new_run(method: str, name: str) -> Run:
    return catalog.create({"device": "cpu"}, config=configure(method, **SMALL), run_id=name)


def train(run: Run) -> None:
    from fruitlab.worker import recorder

    recorder.SAVE_EVERY = 0.0  # a state after each evaluation, as in a run that takes its time
    work(run, say=lambda line: None)


def differences(run: Run, reference: Run) -> list[str]:
    """What of a finished run is not, bit by bit, as in another one with the same settings."""
    found = []
    for name in ("weights", "best"):
        ours, theirs = run.read_tensors(name)[0], reference.read_tensors(name)[0]
        if not equal(ours, theirs):
            found.append(name)
    if not equal(run.predictions(), reference.predictions()):
        found.append("predictions")
    logs = [[{**point, "seconds": 0} for point in one.metrics()] for one in (run, reference)]
    if logs[0] != logs[1]:
        found.append("log")
    if not equal(vars(steps.read(run)), vars(steps.read(reference))):
        found.append("steps")
    return found


def equal(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> bool:
    return ours.keys() == theirs.keys() and all(
        ours[name].dtype == theirs[name].dtype and ours[name].tobytes() == theirs[name].tobytes()
        for name in ours
    )


if __name__ == "__main__":
    main()
