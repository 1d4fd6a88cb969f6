"""FruitLab's command line as the benchmark uses it: in run folders of its own, several at once."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fruitlab.config.paths import PROJECT
from fruitlab.runs.folder import Run


class CommandFailed(RuntimeError):
    """A command did not end with status 0. The message has the last line that it printed."""


@dataclass(frozen=True)
class Command:
    """A command that was started: its process, and the file that its stderr goes to."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def finish(self) -> str:
        """Wait for the end; returns what was printed to stdout. Raises CommandFailed."""
        status = self.process.wait()
        if status:
            said = self.log.read_text(errors="replace").strip().splitlines()
            name = " ".join(map(str, self.process.args[3:7]))  # after python -m fruitlab
            last = said[-1] if said else "it printed nothing"
            raise CommandFailed(f"`fruitlab {name} ...` ended with status {status}: {last}")
        return self.log.with_suffix(".out").read_text()

    def wait_until(self, condition: Callable[[], bool], *, every: float) -> bool:
        """Wait until condition() holds. False if the process ends first."""
        while self.running:
            if condition():
                return True
            time.sleep(every)
        return False

    def end(self, *, patience: float) -> None:
        """Ask the process to stop, as Ctrl-C does; after `patience` seconds kill its group."""
        if self.running and patience:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        if self.running:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Lab:
    """Starts `python -m fruitlab ...` with run folders below `folder`.

    Args:
        slots: how many runs may train on the device at once.
    """

    def __init__(self, folder: Path, *, slots: int) -> None:
        self.folder, self.slots = folder, slots
        self.commands: list[Command] = []
        self.closed = False

    def run_folder(self, run_id: str) -> Run:
        """The run folder of that name, whether it exists yet or not."""
        return Run(self.folder / run_id)

    def start(self, *arguments: str, **environment: str) -> Command:
        """Start a command in a process group of its own. Raises CommandFailed after the end."""
        if self.closed:
            raise CommandFailed("the benchmark is over")
        log = self.folder / f"command-{time.monotonic_ns()}.log"
        places = {"FRUITLAB_CHECKPOINTS": str(self.folder), "FRUITLAB_SLOTS": str(self.slots)}
        with open(log, "wb") as errors, open(log.with_suffix(".out"), "wb") as answers:
            process = subprocess.Popen(
                [sys.executable, "-m", "fruitlab", *arguments],
                cwd=PROJECT,
                env=os.environ | places | environment,
                stdin=subprocess.DEVNULL,
                stdout=answers,
                stderr=errors,
                start_new_session=True,
            )
        command = Command(process, log)
        self.commands.append(command)
        return command

    def run(self, *arguments: str, **environment: str) -> Any:
        """Run a command to its end; returns its result. Raises CommandFailed."""
        return json.loads(self.start(*arguments, "--json", **environment).finish())

    def said(self) -> Iterator[str]:
        """The lines that the commands have printed to stderr."""
        for command in self.commands:
            yield from command.log.read_text(errors="replace").splitlines()


@contextlib.contextmanager
def lab(*, slots: int = 1) -> Iterator[Lab]:
    """A lab in a temporary folder. At the end its commands are killed and the folder is deleted."""
    with tempfile.TemporaryDirectory(prefix="fruitlab-gpu-", ignore_cleanup_errors=True) as name:
        made = Lab(Path(name), slots=slots)
        try:
            yield made
        finally:
            made.closed = True
            for command in list(made.commands):
                command.end(patience=0)
