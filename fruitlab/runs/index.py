"""All runs, kept up to date cheaply: looking again reads only what changed. No torch.

A run that has ended costs two `stat` calls per look; of a run that trains, the new lines of its log
are read. A look never raises, whatever a run folder holds: foreign files, half-written ones, or
those of a newer version. The entry then says what is wrong. A server shares one Index
(`fruitlab.app.shared.index`).
"""

import threading
import time
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fruitlab.config.errors import RunError
from fruitlab.config.files import read_json
from fruitlab.config.run_config import RunConfig
from fruitlab.metrics import accuracy
from fruitlab.metrics.series import POINTS, Curves, thin
from fruitlab.runs.catalog import all_runs
from fruitlab.runs.folder import Run, ended
from fruitlab.runs.log import Log

ACTIVE = ("waiting", "running")
SETTLED = 2_000_000_000  # ns; a change within one tick of the file system's clock may go unseen


@dataclass(frozen=True)
class Entry:
    """A run as it was at the last look.

    Attributes:
        run: its folder.
        status: waiting, running, finished, stopped, failed, interrupted or unreadable.
        header: config.json.
        config: None if it is unreadable.
        summary: summary.json; empty until the run has ended.
        activity: activity.json; what the worker is doing.
        label: label.json; title, note and study.
        error: why the run failed, or why it cannot be read; else None.
        points: number of evaluations so far.
        phases: names of the phases so far.
    """

    run: Run
    status: str
    header: dict[str, Any]
    config: RunConfig | None
    summary: dict[str, Any]
    activity: dict[str, Any]
    label: dict[str, Any]
    error: str | None
    points: int
    phases: tuple[str, ...]
    _columns: dict[str, array] = field(repr=False)

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.run.id

    @property
    def given_title(self) -> str:
        """The title that a person gave it; empty without one."""
        title = self.label.get("title")
        return title if isinstance(title, str) and title.strip() else ""

    @property
    def title(self) -> str:
        """The title that a person gave it, else its id."""
        return self.given_title or self.id

    @property
    def active(self) -> bool:
        """Whether it trains or waits for its turn."""
        return self.status in ACTIVE

    @property
    def created(self) -> float:
        """Unix time; 0.0 if unknown."""
        created = self.header.get("created")
        return float(created) if isinstance(created, (int, float)) else 0.0

    @property
    def data(self) -> dict[str, Any]:
        """What the header says about the data; empty until the worker has read them."""
        data = self.header.get("data")
        return data if isinstance(data, dict) else {}

    @property
    def kind(self) -> str:
        """The pictures it was trained on: "photographs" or "drawn"."""
        if kind := self.data.get("kind"):
            return str(kind)
        built_in = self.config is not None and self.config.data.partition(":")[0] == "synthetic"
        return "drawn" if built_in else "photographs"

    @property
    def categories(self) -> int | None:
        """Number of categories; None until the worker has read the data."""
        names = self.data.get("categories")
        return len(names) if isinstance(names, list) else None

    def column(self, name: str) -> np.ndarray:
        """A column of the log (`log.COLUMNS`), float64 [points]."""
        return np.array(self._columns[name][: self.points])

    def accuracy(self, domain: str, top: int = 1) -> np.ndarray:
        """Accuracy at each evaluation, float64 [points], fractions of one; nan without pictures."""
        right, pictures = self.column(f"{domain}_{top}"), self.column(f"{domain}_pictures")
        return accuracy.fraction(right, pictures)

    @property
    def switch(self) -> int | None:
        """The iteration at which the second phase begins; None before it does."""
        if len(self.phases) < 2 or not self.points:
            return None
        later = np.flatnonzero(self.column("phase") >= 1)
        return int(self.column("iteration")[later[0]]) if len(later) else None

    def curves(self, top: int = 1, most: int = POINTS) -> Curves:
        """The log for a plot, thinned to `most` evaluations."""
        kept = thin(self.points, most)
        nice, real = self.accuracy("nice", top)[kept], self.accuracy("real", top)[kept]
        return Curves(
            iteration=self.column("iteration")[kept].astype(np.int64),
            nice=nice,
            real=real,
            combined=accuracy.combined(nice, real),
            loss=self.column("loss")[kept],
            learning_rate=self.column("learning_rate")[kept],
            switch=self.switch,
        )

    def scores(self, at: int = -1) -> dict[str, Any] | None:
        """Scores with 95 % intervals of one evaluation, the last one by default.

        Returns:
            {nice, real, combined} as in `accuracy.point_scores`; None if there is no such point.
        """
        if not self.points or not -self.points <= at < self.points:
            return None
        scored = {}
        for domain in ("nice", "real"):
            columns = (self._columns[f"{domain}_{name}"] for name in ("pictures", "1", "3"))
            counts = [int(column[: self.points][at]) for column in columns]
            scored[domain] = accuracy.point_scores(counts)
        return scored | {"combined": accuracy.combined_scores(scored["nice"], scored["real"])}

    def final(self, name: str, top: int = 1) -> float | None:
        """Accuracy (nice, real or combined) after the last iteration, on both whole test sets.

        None unless the run has finished.
        """
        try:
            return float(self.summary[name][f"top{top}"]) if self.status == "finished" else None
        except (KeyError, TypeError, ValueError):
            return None


class _Watched:
    """A run folder, what was read of it, and the file times that show whether it changed."""

    def __init__(self, run: Run) -> None:
        self.run, self.log = run, Log(run.log)
        self.times: dict[str, Any] = {}
        self.files: dict[str, Any] = {}
        self.entry: Entry | None = None

    def look(self) -> Entry:
        times = self._times(self.run.folder), self._times(self.run.label_file)
        if self._is_unchanged(times):
            return self.entry
        self.times["folder"] = times
        folder, names = self.run.folder, ("config.json", "summary.json", "activity.json")
        paths = [*(folder / name for name in names), self.run.label_file]
        changed = [self._read(path) for path in paths]
        changed.append(self.log.look())
        status = self._status()
        if self.entry is None or any(changed) or status != self.entry.status:
            self.entry = self._entry(status)
        return self.entry

    def _is_unchanged(self, times: tuple[Any, Any]) -> bool:
        """Whether a run that has ended is as it was at the last look."""
        if self.entry is None or self.entry.active or not self.entry.summary:
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

    def _read(self, path: Path) -> bool:
        """Read a JSON file if it changed; whether it did."""
        times = self._times(path)
        if path.name in self.files and self.times.get(path.name) == times:
            return False
        self.times[path.name] = times
        try:
            content = read_json(path) if times else None
        except (OSError, ValueError):
            content = None
        self.files[path.name] = content if isinstance(content, dict) else {}
        return True

    def _status(self) -> str:
        """As `Run.status`, but without asking for the lock of a run that has ended."""
        summary, activity = self.files["summary.json"], self.files["activity.json"]
        return ended(summary) if summary and not activity else self.run.status()

    def _entry(self, status: str) -> Entry:
        error, config = None, None
        try:
            config = self.run.config()
        except RunError as problem:
            status, error = "unreadable", str(problem)
        summary = {} if status in ACTIVE else self.files["summary.json"]
        if status == "failed":
            error = str(summary.get("error") or "The run failed without an error message.")
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

    def __init__(self, rest: float = 0.4) -> None:
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
