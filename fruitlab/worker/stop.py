"""Requests to stop a training: Ctrl-C, SIGTERM, or a file named `stop` in the run's folder."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from fruitlab.runs.folder import Run

Handler = Callable[[int, FrameType | None], Any] | int | None  # what `signal.signal` returns


class Stopped(Exception):
    """The run was asked to stop."""


class StopRequest:
    """A request to stop, by a signal or a file; the run then ends after the current iteration."""

    def __init__(self, run: Run | None = None) -> None:
        self.file = run.folder / "stop" if run else None
        self.signalled = False

    def __call__(self) -> bool:
        """Whether the run has been asked to stop."""
        return self.signalled or (self.file is not None and self.file.exists())

    def raise_if_asked(self) -> None:
        """Raise Stopped if the run has been asked to stop."""
        if self():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Sleep. Raises Stopped if the run is asked to stop meanwhile."""
        time.sleep(seconds)
        self.raise_if_asked()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Treat SIGINT and SIGTERM as requests. The second signal ends the process as usual."""
        before: dict[signal.Signals, Handler] = {}

        def take(number: int, frame: FrameType | None) -> None:
            self.signalled = True
            for each, handler in before.items():
                signal.signal(each, handler)

        try:
            for each in (signal.SIGINT, signal.SIGTERM):
                before[each] = signal.signal(each, take)
        except ValueError:
            pass  # not the main thread: the caller there uses the `stop` file
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
