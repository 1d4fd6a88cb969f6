"""Runs that are a sweep over two settings, as heat maps of their scores. No torch."""

from collections.abc import Sequence
from typing import Any

from fruitlab.config.settings import settings_of
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import Which, mean_and_deviation, run_scores, side_by_side
from fruitlab.plots.figures import Figure
from fruitlab.plots.heat import heat_map
from fruitlab.runs.entry import Entry

NOT_SWEPT = ("seed", "data")


def heat_maps(entries: Sequence[Entry], *, top: int = 1, which: Which = "last") -> list[Figure]:
    """A heat map for each score if the finished runs differ in exactly two settings, else none.

    Args:
        entries: runs with a configuration. Of runs that differ in the seed, the mean counts.
        top: 1 or 3.
        which: ``last`` or ``best`` (`metrics.curves.run_scores`).
    """
    entries = [entry for entry in entries if entry.status == "finished"]
    names = varied(entries)
    if len(names) != 2:
        return []
    axes = [_axis(entries, name) for name in names]
    runs: dict[tuple[Any, ...], list[dict[str, float | None]]] = {}
    for entry in entries:
        scores = run_scores(entry.summary, which=which, metric="top3" if top == 3 else "top1")
        key = tuple(getattr(entry.known_config, name) for name in names)
        runs.setdefault(key, []).append(scores)
    return [
        heat_map(
            score,
            axes[0],
            axes[1],
            [
                [
                    mean_and_deviation(one[score] for one in runs.get((x, y), []))[0]
                    for x in axes[0][1]
                ]
                for y in axes[1][1]
            ],
            top=top,
        )
        for score in SCORES
    ]


def varied(entries: Sequence[Entry]) -> list[str]:
    """The settings in which runs of one method on the same pictures differ, besides the seed."""
    if len({(entry.known_config.method, entry.data.get("fingerprint")) for entry in entries}) != 1:
        return []
    rows = side_by_side([entry.known_config.settings() for entry in entries])
    return [row.name for row in rows if row.differs and row.name not in NOT_SWEPT]


def _axis(entries: Sequence[Entry], name: str) -> tuple[str, list[Any]]:
    """The setting's label and its values, ascending."""
    label = settings_of(type(entries[0].known_config))[name].label
    return label, sorted({getattr(entry.known_config, name) for entry in entries})
