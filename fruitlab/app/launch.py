"""Starting, resuming and stopping runs from a page. Their processes outlive page and server."""

import threading
import time

from fruitlab.config import users
from fruitlab.config.errors import RunError
from fruitlab.config.paths import runs_root
from fruitlab.methods.base import Method
from fruitlab.runs import queue
from fruitlab.runs.catalog import create
from fruitlab.runs.folder import Run
from fruitlab.runs.launch import start_worker

DOUBLE_CLICK = 3.0  # seconds in which the same configuration is not started again
_lock = threading.Lock()
_last: dict[str, tuple[float, Run]] = {}  # when each configuration was last started, and its run


def start(config: Method, *, device: str = "auto") -> Run:
    """Creates a run and starts its process. A double click gets the run of the first click.

    Raises:
        RunError: there is no such device, the folder cannot be written, or the process cannot be
            started.
    """
    queue.check_device(device)
    key = f"{users.current()} {device} {config.model_dump_json()} {runs_root()}"
    with _lock:
        started, run = _last.get(key, (0.0, None))
        if run is None or time.monotonic() - started > DOUBLE_CLICK:
            run = create({"device": device, "data": None}, config=config)
            _start(run)
            _last[key] = time.monotonic(), run
        return run


def resume(run: Run) -> None:
    """Resumes a run that was stopped, interrupted or failed; does nothing if it is active.

    Raises:
        RunError: the run is finished, shipped or unreadable, or its process cannot be started.
    """
    with _lock:
        status = run.status()
        if status in ("waiting", "running"):
            return
        if run.shipped or status in ("finished", "unreadable"):
            state = "ships with FruitLab" if run.shipped else f"is {status}"
            raise RunError(f"{run.id} {state}: it cannot be resumed.")
        _start(run)


def stop(run: Run) -> None:
    """Asks a run to stop after the current iteration.

    Raises:
        RunError: the run's folder cannot be written.
    """
    try:
        run.ask_to_stop()
    except OSError as error:
        raise RunError(
            f"{run.id} could not be asked to stop: {error.strerror}. Check that {run.folder} is "
            "writable."
        ) from None


def _start(run: Run) -> None:
    run.doing("starting")  # Until the worker holds the lock, the run would pass for interrupted.
    try:
        start_worker(run)
    except RunError:
        (run.folder / "activity.json").unlink(missing_ok=True)
        raise
