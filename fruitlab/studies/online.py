"""Online training from watched folders: take what is new, train on it, wait for more.

Each session is a run of the method `online` that starts from the one before, so every update is a
version of the network with its parent, its pictures and its scores, and can be gone back to.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from watchfiles import watch

from fruitlab.config.errors import RunError
from fruitlab.config.progress import Say
from fruitlab.data.domains import DOMAINS, DomainName
from fruitlab.data.stream import Stream
from fruitlab.methods.base import Method
from fruitlab.methods.registry import as_method
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run
from fruitlab.worker.process import work

PACE = 8  # pictures that arrive per iteration
LEAST = 40  # iterations of a session
BATCH = 64
# Milliseconds: without a change in the folders before new files are taken, and between two looks.
QUIET, LOOK_AGAIN = 1_600, 10_000


class Sessions:
    """The sessions of a stream, within `Stream.opened`.

    Args:
        stream: where pictures and journal are.
        roots: the watched folder of each domain.
        start: the run that the first session starts from.
        settings: of the method `online`, such as its ratio.

    Raises:
        RunError: the stream is new and there is no run to start from.
    """

    def __init__(
        self,
        stream: Stream,
        roots: Mapping[DomainName, Path],
        start: Run | None,
        settings: Mapping[str, Any],
        *,
        device: str,
        say: Say,
    ) -> None:
        self.stream, self.roots, self.settings = stream, roots, settings
        self.device, self.say = device, say
        self._unlabelled = 0
        ended = [session.run for session in stream.sessions() if session.ended]
        if ended:
            start = catalog.find(ended[-1])
        if start is None:
            raise RunError("Name the run to start from: --from RUN.")
        self.start = start
        stream.watch(roots, start.id)

    def next(self) -> dict[str, Any] | None:
        """Train on everything that is new; the run's summary, or None if nothing is.

        A session that was killed is continued first.

        Raises:
            DataError: a folder cannot be read.
            RunError: the training failed.
        """
        open_sessions = [session for session in self.stream.sessions() if not session.ended]
        if not open_sessions:
            categories = self.start.header()["data"]["categories"]
            taken, unlabelled = self.stream.take(self.roots, categories, self.say)
            if unlabelled != self._unlabelled:
                self.say(
                    f"Files that wait for a label: {unlabelled:,}. Label them on the Train page, "
                    "or move them to the folders of their categories."
                )
                self._unlabelled = unlabelled
            if not taken and not self._untrained():
                return None
            self.stream.begin(f"{self.stream.folder.name}-{len(self.stream.taken()):06d}")
            open_sessions = self.stream.sessions()[-1:]
        session = open_sessions[0]
        run = self._run(session.run, session.last - session.first)
        finished = run.status() == "finished"
        summary = run.summary() if finished else work(run, device=self.device, say=self.say)
        assert summary is not None
        if summary["status"] == "finished":
            self.stream.end(run.id)
            self.start = run
        held, arrivals = self.stream.pictures_of(session)
        return summary | {"run": run.id, "arrived": len(arrivals), "held": len(held)}

    def watch(self) -> Iterator[dict[str, Any]]:
        """The summary of each session, until one is stopped. Waits for changes in the folders."""
        while True:
            while (summary := self.next()) is not None:
                yield summary
                if summary["status"] != "finished":
                    return
            self._wait()

    def _wait(self) -> None:
        """Wait for files to change, and then until nothing has changed for a moment.

        Ends after some time anyway: a file may have come before the watching began.
        """
        changes = watch(
            *self.roots.values(),
            step=QUIET,
            debounce=10 * QUIET,
            rust_timeout=LOOK_AGAIN,
            yield_on_timeout=True,
            raise_interrupt=True,
        )
        next(changes)

    def _untrained(self) -> int:
        """How many pictures were taken that no run trains on: a process was killed before."""
        last = max((session.last for session in self.stream.sessions()), default=0)
        return len(self.stream.taken()) - last

    def _run(self, run_id: str, arriving: int) -> Run:
        """The session's run, created unless it exists."""
        try:
            return catalog.find(run_id)
        except RunError:
            config = session_config(self.start, arriving, self.settings)
            header = {
                "device": self.device,
                "precision": "float32",
                "data": None,
                "stream": self.stream.folder.name,
            }
            return catalog.create(header, config=config, run_id=run_id)


def session_config(start: Run, arriving: int, settings: Mapping[str, Any]) -> Method:
    """The configuration of a session: the start's, over as many iterations as pictures need."""
    defaults = {
        "stream": "folders",
        "start": start.id,
        "iterations": max(LEAST, -(-arriving // PACE)),
        "batch_size": BATCH,
        "schedule": "warmup-stable-decay",
        "plateau": 0,
        "full_evaluations": 1,
    }
    return as_method("online", start.config(), **defaults | dict(settings))


def check_roots(roots: Mapping[DomainName, Path]) -> None:
    """Raises RunError, which says what to do, unless both folders are there."""
    for domain in DOMAINS:
        if not str(roots[domain]).isprintable():
            raise RunError(f"Rename the folder {str(roots[domain])!r}: its name is not readable.")
        if not roots[domain].is_dir():
            raise RunError(
                f"There is no folder {roots[domain]} for {domain} pictures. Make it, with one "
                "folder per category in it."
            )
