"""All runs, kept up to date cheaply: looking again reads only what changed. No torch.

A run that has ended costs two `stat` calls per look; of a run that trains, the new lines of its log
are read. Looking never raises, whatever a run folder holds: foreign files, half-written ones, or
those of a newer version. The entry then says what is wrong. A server shares one Index
(`fruitlab.app.shared.index`).
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.runs.catalog import all_runs
from fruitlab.runs.entry import ACTIVE, Entry
from fruitlab.runs.folder import Run, ended
from fruitlab.runs.log import Log

SETTLED = 2_000_000_000  # ns; a change within one tick of the file system's clock may go unseen


class _Watched:
    """A run folder, what was read of it, and the file times that show whether it changed."""

    def __init__(self, run: Run) -> None:
        self.run, self.log = run, Log(run.log)
        self.readers: dict[Path, Callable[[], dict[str, Any] | None]] = {
            run.folder / "config.json": run.header,
            run.folder / "summary.json": run.summary,
            run.folder / "activity.json": run.activity,
            run.label_file: run.label,
        }
        self.times: dict[str, Any] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.problems: dict[str, str] = {}  # why a file cannot be read
        self.entry: Entry | None = None

    def look(self) -> Entry:
        """The run as it is now."""
        times = self._times(self.run.folder), self._times(self.run.label_file)
        if self.entry is not None and self._is_unchanged(self.entry, times):
            return self.entry
        self.times["folder"] = times
        changed = [self._read(name, read) for name, read in self.readers.items()]
        changed.append(self.log.look())
        status = self._status()
        if self.entry is None or any(changed) or status != self.entry.status:
            self.entry = self._entry(status)
        return self.entry

    def _is_unchanged(self, entry: Entry, times: tuple[Any, Any]) -> bool:
        """Whether a run that has ended is as it was at the last look."""
        if entry.active or not entry.summary:
            return False
        folder = times[0]
        settled = isinstance(folder, tuple) and time.time_ns() - folder[0] > SETTLED
        return settled and self.times.get("folder") == times

    def _times(self, path: Path) -> Any:
        try:
            stat = path.stat()
            return stat.st_mtime_ns, stat.st_size, stat.st_ino
        except OSError:
            return None

    def _read(self, path: Path, read: Callable[[], dict[str, Any] | None]) -> bool:
        """Read a file if it changed; whether it did."""
        times = self._times(path)
        if path.name in self.files and self.times.get(path.name) == times:
            return False
        self.times[path.name] = times
        self.problems.pop(path.name, None)
        try:
            self.files[path.name] = read() or {}
        except RunError as error:
            self.files[path.name], self.problems[path.name] = {}, str(error)
        return True

    def _status(self) -> str:
        """As `Run.status`, but without asking for the lock of a run that has ended."""
        summary, activity = self.files["summary.json"], self.files["activity.json"]
        return ended(summary) if summary and not activity else self.run.status()

    def _entry(self, status: str) -> Entry:
        config, error = None, next(iter(self.problems.values()), None)
        try:
            config = self.run.config()
        except RunError as problem:
            error = error or str(problem)
        if error:
            status = "unreadable"
        summary = {} if status in ACTIVE else self.files["summary.json"]
        if status == "failed":
            error = summary.get("error") or "The run failed without an error message."
        return Entry(
            run=self.run,
            status=status,
            header=self.files["config.json"],
            config=config,
            summary=summary,
            activity=self.files["activity.json"],
            label=self.files[self.run.label_file.name],
            error=error,
            points=len(self.log.columns["phase"]),
            phases=tuple(self.log.phases),
            _columns=self.log.columns,
        )


class Index:
    """All runs. Safe to use from many threads.

    Args:
        rest: seconds in which further calls get the result of the last look.
    """

    def __init__(self, rest: float = 0.8) -> None:
        self.rest, self.looked = rest, 0.0
        self._lock = threading.Lock()
        self._watched: dict[Path, _Watched] = {}
        self._entries: list[Entry] = []

    def entries(self, *, fresh: bool = False) -> list[Entry]:
        """Every run, newest first.

        Args:
            fresh: look now, for example after starting a run.
        """
        with self._lock:
            if fresh or time.monotonic() - self.looked >= self.rest:
                self._look()
                self.looked = time.monotonic()
            return list(self._entries)

    def get(self, run_id: str, *, fresh: bool = False) -> Entry | None:
        """The run of that id, or None."""
        return next((entry for entry in self.entries(fresh=fresh) if entry.id == run_id), None)

    def _look(self) -> None:
        try:
            runs = {run.folder: run for run in all_runs()}
        except OSError:
            runs = {}
        for folder in self._watched.keys() - runs.keys():
            del self._watched[folder]
        for folder, run in runs.items():
            self._watched.setdefault(folder, _Watched(run))
        found = [watched.look() for watched in self._watched.values()]
        self._entries = sorted(found, key=lambda entry: (entry.created, entry.id), reverse=True)
