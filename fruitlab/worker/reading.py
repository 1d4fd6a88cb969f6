"""Reading the data of a run, with progress that pages can show."""

import time

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress, Say
from fruitlab.data import store
from fruitlab.data.domains import TwoDomains
from fruitlab.runs.folder import Run
from fruitlab.worker.stop import StopRequest


class WorkProgress:
    """Writes once a second to the run's activity how much of some work before training is done.

    Args:
        doing: such as "reading the data".
    """

    def __init__(self, run: Run, stop: StopRequest, doing: str) -> None:
        self.run, self.stop, self.doing = run, stop, doing
        self.since, self.written = time.time(), time.monotonic()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Record progress. Raises Stopped if the run has been asked to stop."""
        self.stop.raise_if_asked()
        if time.monotonic() - self.written >= 1:
            self.written = time.monotonic()
            self.run.doing(self.doing, step=step, done=done, of=total, since=self.since)


def read_data(
    run: Run,
    name: str,
    say: Say,
    progress: Progress | None = None,
) -> TwoDomains:
    """Read the run's data: under its name, or another one with the same pictures.

    Raises:
        DataError: it is missing, or it has changed since the run started.
    """
    known = run.header().get("data")
    name = store.local_name(name, known["fingerprint"] if known else None) or name
    data = store.load(name, say=say, progress=progress)
    if known and known["fingerprint"] != data.fingerprint:
        raise DataError(
            f"The dataset {name!r} has changed since {run.id} started (its fingerprint is"
            f" {data.fingerprint}, it was {known['fingerprint']}), so test pictures might have been"
            " trained on. Restore the old pictures, or start a new run."
        )
    return data
