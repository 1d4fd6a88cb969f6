"""All runs, kept up to date cheaply: a look reads only what changed. One Index a server (`fruitlab.app.shared.index`). No torch.

A run that has ended costs two `stat` calls a look. Of a run that trains, the new lines of its log are read. Whatever lies in a run
folder (something foreign, half-written, of a newer version), a look never raises: the entry then says what is wrong.
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
from fruitlab.metrics import accuracy as metrics
from fruitlab.metrics.series import POINTS, Curves, thin
from fruitlab.runs.folder import Run, all_runs, ended
from fruitlab.runs.log import Log

ACTIVE = ("waiting", "running")


@dataclass(frozen=True)
class Entry:
    """A run as it was at the last look. `error` is a sentence: why it failed, or why it cannot be read."""

    run: Run
    status: str  # waiting, running, finished, stopped, failed, interrupted, unreadable
    header: dict[str, Any]
    config: RunConfig | None  # None where it is unreadable
    summary: dict[str, Any]  # empty while it has not ended
    activity: dict[str, Any]
    label: dict[str, Any]
    error: str | None
    points: int  # evaluations so far
    phases: tuple[str, ...]
    _columns: dict[str, array] = field(repr=False)

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def title(self) -> str:
        title = self.label.get("title")
        return title if isinstance(title, str) and title.strip() else self.id

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def created(self) -> float:
        created = self.header.get("created")
        return float(created) if isinstance(created, (int, float)) else 0.0

    @property
    def data(self) -> dict[str, Any]:
        """What the header says of the data; empty until the worker has read them."""
        data = self.header.get("data")
        return data if isinstance(data, dict) else {}

    @property
    def categories(self) -> int | None:
        return (
            len(self.data["categories"]) if isinstance(self.data.get("categories"), list) else None
        )

    def column(self, name: str) -> np.ndarray:
        """float64 [points]: one of `log_columns.COLUMNS`."""
        return np.array(self._columns[name][: self.points])

    def accuracy(self, domain: str, top: int = 1) -> np.ndarray:
        """float64 [points], fractions of one; nan where nothing was scored."""
        return metrics.fraction(self.column(f"{domain}_{top}"), self.column(f"{domain}_pictures"))

    @property
    def switch(self) -> int | None:
        """The iteration of the run at which its second phase begins, once it has."""
        if len(self.phases) < 2 or not self.points:
            return None
        later = np.flatnonzero(self.column("phase") >= 1)
        return int(self.column("iteration")[later[0]]) if len(later) else None

    def curves(self, top: int = 1, most: int = POINTS) -> Curves:
        """What plots need, thinned to `most` points, the last among them."""
        kept = thin(self.points, most)
        nice, real = self.accuracy("nice", top)[kept], self.accuracy("real", top)[kept]
        return Curves(
            iteration=self.column("iteration")[kept].astype(np.int64),
            nice=nice,
            real=real,
            combined=metrics.combined(nice, real),
            loss=self.column("loss")[kept],
            learning_rate=self.column("learning_rate")[kept],
            switch=self.switch,
        )

    def scores(self, at: int = -1) -> dict[str, Any] | None:
        """Counts and intervals of the evaluation at that place (`metrics.point_scores`), {nice, real, combined}, or None."""
        if not self.points or not -self.points <= at < self.points:
            return None
        counts = {
            domain: [
                int(self._columns[f"{domain}_{name}"][: self.points][at])
                for name in ("pictures", "1", "3")
            ]
            for domain in ("nice", "real")
        }
        scored = {domain: metrics.point_scores(count) for domain, count in counts.items()}
        return scored | {"combined": metrics.combined_scores(scored["nice"], scored["real"])}

    def final(self, name: str, top: int = 1) -> float | None:
        """The headline: accuracy on nice, real or combined at the end, on both test sets in full; None unless it finished."""
        try:
            return float(self.summary[name][f"top{top}"]) if self.status == "finished" else None
        except (KeyError, TypeError, ValueError):
            return None


class _Known:
    """What is known of one folder, and the signs by which it is told that it changed."""

    def __init__(self, run: Run) -> None:
        self.run, self.log = run, Log(run.log)
        self.signs: dict[str, Any] = {}
        self.files: dict[str, Any] = {}
        self.entry: Entry | None = None

    def look(self) -> Entry:
        resting = self.entry is not None and not self.entry.active and bool(self.entry.summary)
        sign = self._sign(self.run.folder), self._sign(self.run.label_file)
        settled = (
            isinstance(sign[0], tuple) and time.time_ns() - sign[0][0] > 2_000_000_000
        )  # a clock tick may hide a second change
        if resting and settled and self.signs.get("folder") == sign:
            return self.entry
        self.signs["folder"] = sign
        changed = [
            self._read(path)
            for path in (
                *(
                    self.run.folder / name
                    for name in ("config.json", "summary.json", "activity.json")
                ),
                self.run.label_file,
            )
        ]
        changed.append(self.log.look())
        status = self._status()
        if self.entry is None or any(changed) or status != self.entry.status:
            self.entry = self._entry(status)
        return self.entry

    def _sign(self, path: Path) -> Any:
        try:
            stat = path.stat()
            return stat.st_mtime_ns, stat.st_size, stat.st_ino
        except OSError:
            return None

    def _read(self, path: Path) -> bool:
        sign = self._sign(path)
        if path.name in self.files and self.signs.get(path.name) == sign:
            return False
        self.signs[path.name] = sign
        try:
            content = read_json(path) if sign else None
        except (OSError, ValueError):
            content = None
        self.files[path.name] = content if isinstance(content, dict) else {}
        return True

    def _status(self) -> str:
        """As `Run.status`, but a run that has ended is not asked again whether it lives."""
        summary, activity = self.files["summary.json"], self.files["activity.json"]
        return ended(summary) if summary and not activity else self.run.status()

    def _entry(self, status: str) -> Entry:
        error, config, header = None, None, self.files["config.json"]
        try:
            config = self.run.config()
        except RunError as problem:
            status, error = "unreadable", str(problem)
        summary = {} if status in ACTIVE else self.files["summary.json"]
        if status == "failed":
            error = str(summary.get("error") or "It failed without saying why.")
        return Entry(
            run=self.run,
            status=status,
            header=header,
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
    """All runs. Safe to ask from many threads; looks no oftener than every `rest` seconds, however many pages ask."""

    def __init__(self, rest: float = 0.4) -> None:
        self.rest, self.looked = rest, 0.0
        self._lock = threading.Lock()
        self._known: dict[Path, _Known] = {}
        self._entries: list[Entry] = []

    def entries(self, *, fresh: bool = False) -> list[Entry]:
        """Every run, newest first. `fresh`: look now, as after starting one."""
        with self._lock:
            if fresh or time.monotonic() - self.looked >= self.rest:
                self._look()
                self.looked = time.monotonic()
            return list(self._entries)

    def get(self, run_id: str, *, fresh: bool = False) -> Entry | None:
        return next((entry for entry in self.entries(fresh=fresh) if entry.id == run_id), None)

    def _look(self) -> None:
        try:
            there = {run.folder: run for run in all_runs()}
        except OSError:
            there = {}
        for folder in self._known.keys() - there.keys():
            del self._known[folder]
        for folder, run in there.items():
            self._known.setdefault(folder, _Known(run))
        self._entries = sorted(
            (known.look() for known in self._known.values()),
            key=lambda entry: (entry.created, entry.id),
            reverse=True,
        )
