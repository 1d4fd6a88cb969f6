"""What happens to a server and its trainings when things go wrong at the worst moment.

    python -m benchmarks.faults

In temporary folders: the clock of a training jumps by a day; two servers resume a run at once; a
server is killed beside a training, and the prediction server while it is asked; and a run's folder
is deleted under an open page. Weights must equal those of an undisturbed run, bit by bit. Linux
only.

What is killed again and again is in benchmarks.worker_kills (trainings), job_kills (imports and
data checks), ray_kills (studies on Ray) and kills (online runs).
"""

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil

from benchmarks.load import Page, Server
from benchmarks.worker_kills import differences
from fruitlab.app import launch as app_launch
from fruitlab.config.errors import RunError
from fruitlab.config.paths import data_root, runs_root
from fruitlab.data import store
from fruitlab.inference import client
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, launch
from fruitlab.runs.folder import Run

# Puts the clock of a Python process a day ahead or back, from its 10th look at it on.
CLOCK = """
import os, time
true, looks, jump = time.time, [0], float(os.environ["FAULTS_JUMP"])
def moved():
    looks[0] += 1
    if looks[0] == 10:
        open(os.environ["FAULTS_MARK"], "w").close()
    return true() + (jump if looks[0] >= 10 else 0)
time.time = moved
"""
DAY = 86_400.0


def new_run(name: str, iterations: int = 30) -> Run:
    config = configure(
        "mixed",
        data="synthetic:20",
        preset="glance",
        iterations=iterations,
        live_every=10,
        width=0.25,
    )
    return catalog.create({"device": "cpu"}, config=config, run_id=name)


def train(run: Run, **environment: str) -> None:
    """Train a run to its end in a worker of its own."""
    launch.start_worker(run, detached=False, **environment).wait()
    assert run.status() == "finished", f"{run.id} is {run.status()}: {log_of(run)}"


def log_of(run: Run) -> str:
    return (run.folder / "worker.log").read_text()[-2000:]


def clock(reference: Run, folder: Path) -> str:
    (folder / "clock").mkdir()
    (folder / "clock" / "sitecustomize.py").write_text(CLOCK)
    for number, jump in enumerate((DAY, -DAY)):
        run = new_run(f"clock-{number}")
        mark = folder / f"jumped-{number}"
        train(run, PYTHONPATH=str(folder / "clock"), FAULTS_JUMP=str(jump), FAULTS_MARK=str(mark))
        assert mark.exists(), "the clock was hardly looked at"
        assert not differences(run, reference), f"{run.id} differs"
    return "a clock that jumps a day ahead, or back: equal weights"


def two_servers(reference: Run) -> str:
    """Two processes resume a run at the same moment, as two servers on one folder would."""
    run = new_run("twice")
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(launch.start_worker, run, detached=False) for _ in range(2)]
        statuses = [one.result().wait() for one in both]
    assert run.status() == "finished" and not differences(run, reference), log_of(run)
    return f"two workers of one run: exit statuses {statuses}, one trained, equal weights"


def killed_server(reference: Run, folder: Path) -> str:
    """A server is killed while it has a training and an open page; another takes over."""
    first = Server(folder)
    run = new_run("beside")
    app_launch.start_worker(run)
    first.process.kill()
    first.stop()
    second = Server(folder)
    try:
        while run.status() in ("waiting", "running"):
            time.sleep(0.2)
    finally:
        second.stop()
    assert not differences(run, reference)
    return "a killed server: another one starts, and the training goes on to equal weights"


def killed_predictor(reference: Run, rng: random.Random) -> str:
    photo = np.zeros((100, 100, 3), np.uint8)
    client.top3(reference.id, photo)
    answered = refused = deaths = 0
    for _ in range(10):
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(client.top3, reference.id, photo) for _ in range(16)]
            time.sleep(rng.uniform(0, 0.2))
            if (pid := client.state().pid) is not None:
                psutil.Process(pid).kill()
                deaths += 1
        for one in asked:
            try:
                answered += len(one.result()) == 3
            except client.PredictorError:
                refused += 1
    assert client.state().waiting == 0 and len(client.top3(reference.id, photo)) == 3
    client.stop()
    return f"{deaths} kills of the prediction server: {answered} answers, {refused} messages"


async def deleted_folder(folder: Path) -> str:
    """A run's folder is deleted while a page watches it."""
    server, run = Server(folder), new_run("deleted")
    try:
        with run.lock():
            run.doing("training")
            page = Page(server.host, "train", f"run={run.id}")
            watching = asyncio.create_task(page.visit(time.monotonic() + 15))
            await asyncio.sleep(6)
            shutil.rmtree(run.folder)
            await watching
            later = Page(server.host, "train", f"run={run.id}")
            await later.visit(0)
    finally:
        server.stop()
    log = (data_root() / ".logs" / "server.jsonl").read_text()
    assert "Traceback" not in log, log[-2000:]
    return f"a run deleted under an open page: {len(page.took)} refreshes, no traceback"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {
            "FRUITLAB_DATA": f"{name}/data",
            "FRUITLAB_CHECKPOINTS": f"{name}/runs",
            "FRUITLAB_SLOTS": "2",
        }
        runs_root().mkdir(parents=True)
        began = time.monotonic()
        store.load("synthetic:20")
        reference = new_run("reference")
        train(reference)
        print(f"Pictures and an undisturbed run: {time.monotonic() - began:.0f} s", flush=True)
        checks: list[Callable[[], str]] = [
            lambda: clock(reference, folder),
            lambda: two_servers(reference),
            lambda: killed_server(reference, folder),
            lambda: killed_predictor(reference, rng),
            lambda: asyncio.run(deleted_folder(folder)),
        ]
        failed = 0
        for check in checks:
            try:
                print("ok:", check(), flush=True)
            except (AssertionError, RunError) as error:
                failed += 1
                print("FAILED:", error, flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
