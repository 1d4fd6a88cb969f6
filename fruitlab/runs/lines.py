"""The lines that stand for runs in plots: which runs make one, its name, its curves. No torch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fruitlab.methods.base import Method
from fruitlab.methods.registry import methods
from fruitlab.metrics import curves
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import Axis, Curve, Metric
from fruitlab.plots.comparison import Line
from fruitlab.runs import captions
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import run_key


@dataclass(frozen=True)
class Group:
    """One line in the plots: a run, or the selected seeds of an experiment."""

    name: str
    runs: tuple[Entry, ...]


def grouped(entries: Sequence[Entry], *, seeds: bool) -> list[Group]:
    """The selected runs as lines, named by the settings that tell them apart.

    Args:
        entries: runs with a configuration.
        seeds: make one line of the runs that differ only in their seed.
    """
    by_id = {entry.id: entry for entry in entries}
    if seeds:
        pairs = ((entry.id, str(run_key(entry, without=("seed",)))) for entry in entries)
        members = list(curves.groups(pairs).values())
    else:
        members = [[entry.id] for entry in entries]
    firsts = [by_id[ids[0]] for ids in members]
    legends = captions.legends(firsts, whole=True, seed=not seeds or len(entries) == 1)
    return [
        Group(
            (first.given_title if len(ids) == 1 else "") or legend,
            tuple(by_id[run_id] for run_id in ids),
        )
        for first, legend, ids in zip(firsts, legends, members, strict=True)
    ]


def ordered(entries: Iterable[Entry]) -> list[Entry]:
    """Runs with a configuration by method, then its headline setting, then time."""
    return sorted(entries, key=lambda entry: (*_order(entry.known_config), entry.created))


def _order(config: Method) -> tuple[int, Any]:
    """By method, then by the headline setting."""
    headline = 0 if config.headline is None else getattr(config, config.headline)
    return list(methods()).index(config.method), headline


def lines(groups: Sequence[Group], *, axis: Axis, metric: Metric, percent: int) -> list[Line]:
    """The curves of each group, smoothed and then averaged over its seeds.

    The accuracies of runs in one step are level lines, as long as the longest curve.

    Args:
        groups: the lines.
        axis: of the curves' x values.
        metric: accuracies give a curve for each score, the others one.
        percent: scale of the smoothing, in percent of the longest curve.
    """
    panels = SCORES if metric in ("top1", "top3") else (metric,)
    measured = {
        (index, panel): [
            curves.curve(run.column, axis=axis, metric=metric, score=panel, steps=run.steps())
            for run in group.runs
        ]
        for index, group in enumerate(groups)
        for panel in panels
    }
    ends = [
        curve.x[-1]
        for (index, _), found in measured.items()
        for run, curve in zip(groups[index].runs, found, strict=True)
        if len(curve.x) and not run.in_one_step
    ]
    end = float(max(ends, default=1.0))
    for (index, panel), found in measured.items():
        for place, run in enumerate(groups[index].runs):
            if run.in_one_step:
                found[place] = _level(found[place], end if panel in SCORES else 0.0)
    constant = percent / 100 * end
    return [
        Line(
            group.name,
            {
                panel: curves.band(
                    [curves.smoothed(curve, constant) for curve in measured[index, panel]]
                )
                for panel in panels
            },
        )
        for index, group in enumerate(groups)
    ]


def _level(curve: Curve, end: float) -> Curve:
    """The last value from 0 to `end`; nothing if that is 0, or without values."""
    x = np.array([0.0, end] if end and len(curve.y) else [])
    return Curve(x, np.full(len(x), curve.y[-1] if len(x) else 0.0))
