"""Several runs beside one another: curves on one axis, smoothed, seeds as a mean with its spread, what differs between them.

Pure functions of numbers; neither torch nor Streamlit.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fruitlab.metrics.accuracy import SCORES, combined, fraction

Axis = Literal["iterations", "pictures", "time"]
Metric = Literal["top1", "top3", "loss", "learning_rate"]
Which = Literal["last", "best"]


@dataclass(frozen=True)
class Curve:
    """float64 [n] each; x strictly increasing."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Band:
    """Runs of one experiment on a common axis: float64 [n] each; `deviation` is all zero for a single run."""

    x: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray  # sample standard deviation over the runs (n - 1)
    runs: int


def groups(experiments: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """(run, experiment) pairs -> {experiment: its runs}, both in the order they come."""
    found: dict[str, list[str]] = {}
    for run, experiment in experiments:
        found.setdefault(experiment, []).append(run)
    return found


def curve(
    column: Callable[[str], np.ndarray], *, axis: Axis, metric: Metric, score: str = "combined"
) -> Curve:
    """One number of a run's log over one axis.

    Args:
        column: float64 [points] of each column of the log (`index.Entry.column`).
        axis: iterations, pictures seen (of both domains), or seconds of training.
        score: nice, real or combined; for top1 and top3, as fractions of one.
    Lines without the number (there is no loss before the first iteration) are left out, as are those that do not go forward.
    """
    if axis == "pictures":
        x = column("seen_nice") + column("seen_real")
    else:
        x = column("seconds" if axis == "time" else "iteration")
    y = _values(column, metric, score)
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    forward = np.diff(np.maximum.accumulate(x), prepend=-np.inf) > 0
    return Curve(x[forward], y[forward])


def _values(column: Callable[[str], np.ndarray], metric: Metric, score: str) -> np.ndarray:
    if metric in ("loss", "learning_rate"):
        return column(metric)
    nice, real = (
        fraction(column(f"{domain}_{metric[-1]}"), column(f"{domain}_pictures"))
        for domain in ("nice", "real")
    )
    return {"nice": nice, "real": real, "combined": combined(nice, real)}[score]


def smoothed(line: Curve, constant: float) -> Curve:
    """An exponential moving average over the axis itself, without bias at the start.

    A point counts exp(-distance / constant) towards each later one, whatever lies between: so dense points at a phase's
    start are not smoothed less than sparse ones later, and the first value is itself. Of evenly spaced points that is the
    usual moving average of factor exp(-step / constant), divided by 1 - factor^n. 0 leaves the curve as it is.
    """
    if constant <= 0 or len(line.x) == 0:
        return line
    kept = np.exp(-np.diff(line.x, prepend=line.x[0]) / constant)
    sums, weights = np.empty_like(line.y), np.empty_like(line.y)
    total = weight = 0.0
    for i, (factor, value) in enumerate(zip(kept.tolist(), line.y.tolist(), strict=True)):
        total, weight = total * factor + value, weight * factor + 1
        sums[i], weights[i] = total, weight
    return Curve(line.x, sums / weights)


def band(lines: Sequence[Curve]) -> Band:
    """The mean of several runs and their spread, at every place where one of them was evaluated, straight lines between.

    Only as far as all of them have come: a mean must not jump because a run drops out of it. Runs without a point take no part.
    """
    lines = [line for line in lines if len(line.x)]
    if not lines:
        empty = np.empty(0)
        return Band(empty, empty, empty, 0)
    first, last = max(line.x[0] for line in lines), min(line.x[-1] for line in lines)
    x = np.unique(np.concatenate([line.x for line in lines]))
    x = x[(x >= first) & (x <= last)]
    values = np.stack([np.interp(x, line.x, line.y) for line in lines])
    deviation = values.std(axis=0, ddof=1) if len(lines) > 1 else np.zeros(len(x))
    return Band(x, values.mean(axis=0), deviation, len(lines))


def mean_and_deviation(values: Iterable[float | None]) -> tuple[float | None, float | None]:
    """Mean, and sample standard deviation from two values on; None where there is none to give."""
    there = [value for value in values if value is not None]
    if not there:
        return None, None
    mean = math.fsum(there) / len(there)
    if len(there) == 1:
        return mean, None
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in there) / (len(there) - 1))


def run_scores(
    summary: Mapping[str, Any], *, which: Which, metric: Literal["top1", "top3"]
) -> dict[str, float | None]:
    """{nice, real, combined} of a run, as fractions of one.

    Args:
        summary: how it ended, or `metrics.last_scores` while it has not.
        which: *last* is the last iteration. *best* is the best of each column over training, each for itself, as the paper's
            Table 2 has them: chosen on the test pictures, so it flatters.
    """
    return {
        score: _number(summary, *(("best", metric, score) if which == "best" else (score, metric)))
        for score in SCORES
    }


def _number(found: Any, *path: str) -> float | None:
    """What lies at that path of a summary, if it is a number: a person may have edited the file."""
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return float(found) if isinstance(found, (int, float)) else None


@dataclass(frozen=True)
class Setting:
    """One field of several configurations."""

    name: str
    values: tuple[
        Any, ...
    ]  # one a configuration; None where the field means nothing for its method
    differs: bool


def side_by_side(settings: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """Every field that at least one configuration has (`RunConfig.settings`), in the order they name them."""
    names = list(dict.fromkeys(name for one in settings for name in one))
    rows = []
    for name in names:
        values = tuple(one.get(name) for one in settings)
        rows.append(Setting(name, values, any(value != values[0] for value in values)))
    return rows


def distinguishing(
    settings: Sequence[Mapping[str, Any]], *, first: Sequence[str] = ("method", "ratio", "split")
) -> list[dict[str, Any]]:
    """What to call each configuration by: its values of the fields `first` that differ, and of as few others as it takes to tell all apart.

    The seed is never among them.
    """
    rows = [row for row in side_by_side(settings) if row.differs and row.name != "seed"]
    rows.sort(
        key=lambda row: row.name not in first
    )  # stable: else in the order of the configuration
    named: list[Setting] = []
    for row in rows:
        apart = len({tuple(one.values[i] for one in named) for i in range(len(settings))})
        further = len(
            {(row.values[i], *(one.values[i] for one in named)) for i in range(len(settings))}
        )
        if row.name in first or further > apart:
            named.append(row)
    return [
        {row.name: row.values[i] for row in named if row.values[i] is not None}
        for i in range(len(settings))
    ]
