"""Processes that are forked from one that has imported PyTorch, and killed at random moments.

A process of its own would need seconds of imports before anything could be killed.
"""

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OPERATIONS = {"open", "os.rename", "os.remove", "os.truncate"}  # Python's audit events
DEADLY = 0.05  # the share of file operations before which a process is killed


def prepare() -> None:
    """Import what a worker needs; a process with one thread can be forked."""
    os.environ["OMP_NUM_THREADS"] = "1"
    from fruitlab.training.runtime import prepare

    prepare()
    import fruitlab.worker.train  # noqa: F401
    from fruitlab.models.kernels.execution import fused_execution

    fused_execution()
    assert len(os.listdir("/proc/self/task")) == 1


class Killer:
    """Kills processes with SIGKILL, by turns at a random time and before a file operation.

    Saving takes a small part of the time, so that few kills by the clock would hit it.

    Attributes:
        kills: how many processes were killed, by the clock and at a file operation.
        longest: the seconds that a process was ever left alone; kills by the clock come earlier.
    """

    def __init__(self, rng: random.Random, longest: float) -> None:
        self.rng, self.longest = rng, longest
        self.kills = {"clock": 0, "file": 0}

    def run(self, work: Callable[[], Any], folder: Path, *, kill: bool = True) -> bool:
        """Do some work in a forked process; whether it was done, rather than killed.

        Args:
            folder: of the file operations that count.
        """
        how = self.rng.choice(list(self.kills)) if kill else None
        seed = self.rng.getrandbits(32)

        def child() -> None:
            if how == "file":
                _die_at_random(random.Random(seed), str(folder))
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), 1)
                os.dup2(nothing.fileno(), 2)
            work()

        began = time.monotonic()
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(self.rng.uniform(0, self.longest) if how == "clock" else None)
        if process.is_alive():
            process.kill()
            process.join()
        if process.exitcode == -signal.SIGKILL:
            self.kills[how or "clock"] += 1
            return False
        assert process.exitcode == 0, f"exit status {process.exitcode}"
        self.longest = min(self.longest, 1.2 * (time.monotonic() - began))
        return True


def _die_at_random(rng: random.Random, folder: str) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        ours = event in OPERATIONS and str(arguments[0]).startswith(folder)
        if ours and rng.random() < DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
