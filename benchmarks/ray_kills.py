"""Does a study on a Ray cluster lose anything if its workers are killed at random moments?

    python -m benchmarks.ray_kills [--kills 10]

Starts a small study with `--ray local`, and kills the Ray workers that train its runs with SIGKILL,
one at a time, at random moments. Ray Tune continues each run from its last checkpoint, and the same
command continues a study whose runs were lost too often. The results must then equal those of
runs that workers without Ray trained undisturbed, bit by bit. Works in a temporary folder. Linux
only; needs Ray.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

import psutil

from benchmarks.worker_kills import differences
from fruitlab.config.paths import PROJECT
from fruitlab.runs import catalog, launch

STUDY = (
    *("study", "--data", "synthetic:5", "--preset", "glance", "--vary", "ratio=20,60"),
    *("--set", "width=0.25", "--set", "iterations=300", "--set", "live_every=10"),
    *("--set", "full_evaluations=30", "--set", "live_pictures=26", "--ray", "local"),
)
PAUSE = 10.0  # seconds between two kills, at most: a worker needs some to start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=10, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FRUITLAB_DATA": f"{name}/data", "FRUITLAB_CHECKPOINTS": f"{name}/runs"}
        os.environ |= {"OMP_NUM_THREADS": "1"}
        killed, commands = kill_often(arguments.kills, random.Random(arguments.seed))
        runs = catalog.all_runs()
        for run in [one for one in runs if not one.shipped]:
            alone = catalog.create({"device": "cpu"}, config=run.config())
            launch.start_worker(alone, detached=False).wait()
            # Not every worker sends the loss of every iteration.
            differing = set(differences(run, alone)) - {"steps"}
            assert not differing, f"{run.id} differs: {differing}"
        print(f"{killed} kills of Ray workers, {commands} commands: all runs have equal results")


def kill_often(kills: int, rng: random.Random) -> tuple[int, int]:
    """Give the command until the study has finished; how many workers were killed, and commands."""
    killed = commands = 0
    finished = False
    while not finished:
        commands += 1
        study = psutil.Popen(
            [sys.executable, "-m", "fruitlab", *STUDY], cwd=PROJECT, stderr=subprocess.DEVNULL
        )
        while study.poll() is None:
            time.sleep(rng.uniform(0, PAUSE))
            at_work = workers(study)
            if at_work and killed < kills:
                rng.choice(at_work).kill()
                killed += 1
        finished = study.returncode == 0
        assert commands < kills + 2, "the study does not come to an end"
    return killed, commands


def workers(study: psutil.Process) -> list[psutil.Process]:
    """The processes of Ray that train a run; idle ones have another name."""
    try:
        found = study.children(recursive=True)
        return [one for one in found if " ".join(one.cmdline()).startswith("ray::ImplicitFunc")]
    except psutil.NoSuchProcess:
        return []


if __name__ == "__main__":
    main()
