"""Runs started, stopped and taken up again from a page. A run is a process of its own: it outlives the page and the server."""

import os
import subprocess
import sys
import threading
import time

from fruitlab.config.errors import RunError
from fruitlab.config.paths import PROJECT, data_root, runs_root
from fruitlab.config.run_config import RunConfig
from fruitlab.runs import queue
from fruitlab.runs.folder import Run, create

TWICE = 3.0  # seconds in which the same configuration started again is a double click
_lock = threading.Lock()
_last: dict[str, tuple[float, Run]] = {}


def start(config: RunConfig, *, device: str = "auto") -> Run:
    """A new run, its process started; a double click gets the run that the first click made.

    Raises RunError if it cannot be: no such device, or the folder cannot be written.
    """
    queue.check_device(device)
    same = f"{device} {config.model_dump_json()} {runs_root()}"
    with _lock:
        started, run = _last.get(same, (0.0, None))
        if run is None or time.monotonic() - started > TWICE:
            run = create({"device": device, "data": None}, config=config)
            _spawn(run)
            _last[same] = time.monotonic(), run
        return run


def resume(run: Run) -> None:
    """Goes on with a run that was stopped, interrupted or failed; does nothing if a worker is at it already.

    Raises RunError for a finished or shipped run.
    """
    with _lock:
        status = run.status()
        if status in ("waiting", "running"):
            return
        if run.shipped or status in ("finished", "unreadable"):
            raise RunError(
                f"{run.id} is {'one of the results that come with FruitLab' if run.shipped else status}: there is nothing to go on with."
            )
        _spawn(run)


def stop(run: Run) -> None:
    """Asks the run to end in order, after the iteration at hand. Raises RunError if its folder cannot be written."""
    try:
        run.ask_to_stop()
    except OSError as error:
        raise RunError(
            f"{run.id} could not be asked to stop: {error.strerror}. Check that {run.folder} may be written."
        ) from None


def _spawn(run: Run) -> None:
    # From here until the worker holds the lock, the run is starting, not interrupted.
    run.doing("starting")
    # The worker may not sit in our folder: relative roots are made absolute for it.
    environment = os.environ | {
        "FRUITLAB_CHECKPOINTS": str(runs_root().resolve()),
        "FRUITLAB_DATA": str(data_root().resolve()),
    }
    try:
        with open(run.folder / "worker.log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fruitlab.worker.process", run.id],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        (run.folder / "activity.json").unlink(missing_ok=True)
        raise RunError(
            f"{run.id} could not be started: {error.strerror}. Close other programs, or see that the disk has room."
        ) from None
    # Waited for, so that no finished process lingers as long as the server lives.
    threading.Thread(target=process.wait, name=f"wait for {run.id}", daemon=True).start()
