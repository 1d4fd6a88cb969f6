"""A run as the index last read it: status, configuration, log and scores. No torch."""

from array import array
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from fruitlab.config.errors import RunError
from fruitlab.methods.base import Method
from fruitlab.methods.phase import labels
from fruitlab.metrics import accuracy
from fruitlab.metrics.series import POINTS, Curves, Steps, Switch, thin
from fruitlab.runs import steps
from fruitlab.runs.folder import Run

ACTIVE = ("waiting", "running")


class Now(NamedTuple):
    """Where a run is between two evaluations: iterations, pictures seen, seconds of training."""

    iteration: float
    pictures: float
    seconds: float


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
    config: Method | None
    summary: dict[str, Any]
    activity: dict[str, Any]
    label: dict[str, Any]
    error: str | None
    points: int
    phases: tuple[str, ...]
    _columns: "dict[str, array[float]]" = field(repr=False)

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.run.id

    @property
    def known_config(self) -> Method:
        """The configuration, of a run that has one.

        Raises:
            RunError: it is unreadable.
        """
        if self.config is None:
            raise RunError(self.error or f"{self.id} has no readable configuration.")
        return self.config

    @property
    def given_title(self) -> str:
        """The title that the user gave it; empty without one."""
        return (self.label.get("title") or "").strip()

    @property
    def title(self) -> str:
        """The title that the user gave it, else its id."""
        return self.given_title or self.id

    @property
    def active(self) -> bool:
        """Whether it trains or waits for its turn."""
        return self.status in ACTIVE

    @property
    def owner(self) -> str | None:
        """The user who started it on a shared server; None if nobody is known."""
        return self.header.get("owner")

    @property
    def created(self) -> float:
        """Unix time; 0.0 if unknown."""
        return float(self.header.get("created", 0.0))

    @property
    def data(self) -> dict[str, Any]:
        """What the header says about the data; empty until the worker has read them."""
        return self.header.get("data") or {}

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
        return len(names) if names else None

    def column(self, name: str) -> np.ndarray:
        """A column of the log (`log.COLUMNS`), float64 [points]."""
        return np.array(self._columns[name][: self.points])

    def accuracy(self, domain: str, top: int = 1) -> np.ndarray:
        """Accuracy at each evaluation, float64 [points], fractions of one; nan without pictures."""
        right, pictures = self.column(f"{domain}_{top}"), self.column(f"{domain}_pictures")
        return accuracy.fraction(right, pictures)

    @property
    def in_one_step(self) -> bool:
        """Whether it has a single iteration: what was evaluated makes no curve."""
        return self.config is not None and self.config.iterations == 1

    @property
    def switches(self) -> tuple[Switch, ...]:
        """Where later phases begin, as far as the run is."""
        if len(self.phases) < 2 or not self.points:
            return ()
        about = {}
        if self.config is not None:
            phases = self.config.phases()
            about = {label: one.summary for label, one in zip(labels(phases), phases, strict=True)}
        phase, iteration = self.column("phase"), self.column("iteration")
        return tuple(
            Switch(int(iteration[phase == number][0]), label, about.get(label, label))
            for number, label in enumerate(self.phases)
            if number and (phase == number).any()
        )

    @property
    def switch(self) -> int | None:
        """The iteration at which the second phase begins; None before it does."""
        switches = self.switches
        return switches[0].iteration if switches else None

    def steps(self) -> Steps:
        """Loss, learning rate and momentum of every iteration, where they were logged."""
        return steps.read(self.run)

    @property
    def now(self) -> Now | None:
        """Where a run that trains is, written every second; None if that is not known."""
        try:
            if self.activity.get("doing") == "training":
                return Now(*(float(self.activity[name]) for name in Now._fields))
        except (KeyError, TypeError, ValueError):
            pass
        return None

    @property
    def iteration(self) -> int:
        """Iterations so far."""
        evaluated = int(self.column("iteration")[-1]) if self.points else 0
        return max(evaluated, int(self.now.iteration)) if self.now else evaluated

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
            momentum=self.column("momentum")[kept],
            switches=self.switches,
        )

    def scores(self, at: int = -1) -> dict[str, Any] | None:
        """Scores with 95% intervals of one evaluation, the last one by default.

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
