"""Curves of runs: read from a log, smoothed, averaged over seeds; and how configurations differ.

Pure functions of arrays and mappings. Accuracies are fractions between 0 and 1.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fruitlab.metrics.accuracy import SCORES, combined, fraction
from fruitlab.metrics.series import Steps

Axis = Literal["iterations", "pictures", "time"]
Metric = Literal["top1", "top3", "loss", "learning_rate", "momentum"]
TRAINING = ("loss", "learning_rate", "momentum")  # metrics that every iteration has
Which = Literal["last", "best"]


@dataclass(frozen=True)
class Curve:
    """One quantity over one axis.

    Attributes:
        x: float64 [n], strictly increasing.
        y: float64 [n].
    """

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Band:
    """The mean of the runs of one experiment on a common axis, with its spread.

    Attributes:
        x: float64 [n], strictly increasing.
        mean: float64 [n].
        deviation: float64 [n], the sample standard deviation over the runs (n - 1); 0 for one run.
        runs: number of runs.
    """

    x: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    runs: int


def groups(experiments: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Groups (run, experiment) pairs by experiment, both in the order in which they come."""
    found: dict[str, list[str]] = {}
    for run, experiment in experiments:
        found.setdefault(experiment, []).append(run)
    return found


def curve(
    column: Callable[[str], np.ndarray],
    *,
    axis: Axis,
    metric: Metric,
    score: str = "combined",
    steps: Steps | None = None,
) -> Curve:
    """One quantity of a run's log over one axis.

    Evaluations without the quantity are left out (there is no loss before the first iteration), as
    are those whose x is smaller than before. Of several at the same x, the last one counts: the
    others were made before an end action changed the weights.

    Args:
        column: returns a column of the log by name, float64 [evaluations] (`index.Entry.column`).
        axis: iterations, pictures seen (both domains), or seconds of training.
        metric: the quantity.
        score: for ``top1`` and ``top3``: ``nice``, ``real`` or ``combined``.
        steps: every iteration, for the other metrics; without it, the evaluations are taken.
    """
    if axis == "pictures":
        x = column("seen_nice") + column("seen_real")
    else:
        x = column("seconds" if axis == "time" else "iteration")
    if steps is not None and len(steps) and metric in TRAINING:
        y = getattr(steps, metric)
        # Pictures and seconds are known at evaluations. In between, they grow evenly.
        x = np.interp(steps.iteration, column("iteration"), x) if len(x) else steps.iteration * 1.0
    else:
        y = _values(column, metric, score)
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    forward = x == np.maximum.accumulate(x)
    x, y = x[forward], y[forward]
    last = np.diff(x, append=np.inf) > 0
    return Curve(x[last], y[last])


def _values(column: Callable[[str], np.ndarray], metric: Metric, score: str) -> np.ndarray:
    if metric in TRAINING:
        return column(metric)
    nice, real = (
        fraction(column(f"{domain}_{metric[-1]}"), column(f"{domain}_pictures"))
        for domain in ("nice", "real")
    )
    values: dict[str, np.ndarray] = {"nice": nice, "real": real, "combined": combined(nice, real)}
    return values[score]


def smoothed(line: Curve, constant: float) -> Curve:
    """An exponential moving average over the axis, without bias at the start.

    A point has weight exp(-distance / constant) in each later value, however many points lie in
    between. So the dense evaluations at the start of a phase are smoothed as much as the sparse
    ones later, and the first value is unchanged. For evenly spaced points this is the usual moving
    average with factor exp(-step / constant), divided by 1 - factor^n.

    Args:
        line: the curve.
        constant: scale in units of x; 0 returns the curve as it is.
    """
    if constant <= 0 or len(line.x) == 0:
        return line
    factors = np.exp(-np.diff(line.x, prepend=line.x[0]) / constant)
    sums, weights = np.empty_like(line.y), np.empty_like(line.y)
    total = weight = 0.0
    for i, (factor, value) in enumerate(zip(factors.tolist(), line.y.tolist(), strict=True)):
        total, weight = total * factor + value, weight * factor + 1
        sums[i], weights[i] = total, weight
    return Curve(line.x, sums / weights)


def band(lines: Sequence[Curve]) -> Band:
    """Mean and spread of several runs wherever one of them was evaluated, linearly interpolated.

    The band covers only the range that all runs cover: the mean must not jump where a run ends.
    Curves without points are ignored.
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
    """Mean and sample standard deviation, ignoring None.

    Returns:
        The mean, None without values; and the deviation, None with fewer than two values.
    """
    numbers = [value for value in values if value is not None]
    if not numbers:
        return None, None
    mean = math.fsum(numbers) / len(numbers)
    if len(numbers) == 1:
        return mean, None
    squares = math.fsum((value - mean) ** 2 for value in numbers)
    return mean, math.sqrt(squares / (len(numbers) - 1))


def run_scores(
    summary: Mapping[str, Any], *, which: Which, metric: Literal["top1", "top3"]
) -> dict[str, float | None]:
    """Nice, real and combined accuracy of a run; None where the summary lacks one.

    Args:
        summary: the summary of a finished run, or its last evaluation.
        which: ``last`` is the last iteration. ``best`` is the best value of each score over
            training, each on its own, as in the paper's Table 2; it is selected on the test
            pictures and therefore optimistic.
        metric: ``top1`` or ``top3``.
    """
    if which == "best":
        return {score: _number(summary, "best", metric, score) for score in SCORES}
    return {score: _number(summary, score, metric) for score in SCORES}


def _number(summary: Any, *path: str) -> float | None:
    """The number at that path of a summary, None if there is none: the file may be hand-edited."""
    for name in path:
        summary = summary.get(name) if isinstance(summary, Mapping) else None
    return float(summary) if isinstance(summary, (int, float)) else None


@dataclass(frozen=True)
class Setting:
    """One setting of several configurations.

    Attributes:
        name: field of RunConfig.
        values: one for each configuration; None where the setting does not apply.
        differs: whether the values are not all equal.
    """

    name: str
    values: tuple[Any, ...]
    differs: bool


def side_by_side(configurations: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """All settings of several configurations (`RunConfig.settings`), in the order they come."""
    names = list(dict.fromkeys(name for settings in configurations for name in settings))
    rows = []
    for name in names:
        values = tuple(settings.get(name) for settings in configurations)
        rows.append(Setting(name, values, any(value != values[0] for value in values)))
    return rows


def distinguishing(
    configurations: Sequence[Mapping[str, Any]],
    *,
    first: Sequence[str] = ("method", "ratio", "split"),
) -> list[dict[str, Any]]:
    """The settings that tell configurations apart, for captions and legends.

    Args:
        configurations: the settings of each.
        first: settings that are included whenever they differ.

    Returns:
        For each configuration the values of `first`, and of as few other settings as it takes to
        tell all configurations apart. The seed is never included.
    """
    rows = [row for row in side_by_side(configurations) if row.differs and row.name != "seed"]
    rows.sort(key=lambda row: row.name not in first)  # stable: otherwise in the given order
    chosen: list[Setting] = []
    for row in rows:
        if row.name in first or _distinct([*chosen, row]) > _distinct(chosen):
            chosen.append(row)
    return [
        {row.name: row.values[i] for row in chosen if row.values[i] is not None}
        for i in range(len(configurations))
    ]


def _distinct(rows: Sequence[Setting]) -> int:
    """How many configurations these settings tell apart."""
    return len(set(zip(*(row.values for row in rows), strict=True))) if rows else 1
