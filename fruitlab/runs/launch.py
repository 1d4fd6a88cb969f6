"""Starting worker processes and background jobs. Imports no torch."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from fruitlab.config import users
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, changes
from fruitlab.config.paths import PROJECT, child_environment
from fruitlab.runs.folder import Run

LARGE_PAGES = os.environ.get("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")


def start_python(
    arguments: list[str], *, log: Path, detached: bool = True, **environment: str
) -> subprocess.Popen:
    """Start `python <arguments>`; what it prints is appended to the file `log`.

    Args:
        detached: start it in a session of its own, so that it outlives this process and Ctrl-C in
            this terminal does not reach it.
        environment: variables to set besides those of this process.

    Raises:
        OSError: the log cannot be written, or the process cannot be started.
    """
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=PROJECT,
            env=child_environment(**users.environment(), **environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=detached,
        )
    if detached:  # A child that nobody waits for stays as a zombie process after it has ended.
        threading.Thread(target=process.wait, daemon=True).start()
    return process


@changes(Action.TRAIN)
def start_worker(run: Run, *, detached: bool = True, **environment: str) -> subprocess.Popen:
    """Start the process that trains a run, or resumes it. Its output goes to worker.log.

    Raises:
        RunError: the process could not be started.
    """
    command = ["-m", "fruitlab.worker.process", run.id]
    # glibc reads this at a program's start only: memory in pages of 2 MB, where Linux offers them.
    # Training works through tensors of 20 MB and is 1.06 times as fast with it.
    environment = {"GLIBC_TUNABLES": LARGE_PAGES} | environment
    try:
        return start_python(
            command, log=run.folder / "worker.log", detached=detached, **environment
        )
    except OSError as error:
        raise RunError(
            f"{run.id} could not be started: {error.strerror}. Close other programs, or free some "
            "disk space."
        ) from None
