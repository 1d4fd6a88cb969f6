"""The selected runs as heat maps, if they are a sweep over two settings."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from fruitlab.app.components import chart
from fruitlab.app.runs_page.compare import selected
from fruitlab.config.settings import settings_of
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import Which, mean_and_deviation, run_scores, side_by_side
from fruitlab.plots.heat import heat_map
from fruitlab.runs.entry import Entry

NOT_SWEPT = ("seed", "data")


def show(chosen: list[str]) -> None:
    """Draws a heat map for each score if the runs differ in exactly two settings.

    Args:
        chosen: ids of the selected runs.
    """
    entries = [entry for entry in selected(chosen) if entry.status == "finished"]
    names = varied(entries)
    if len(names) != 2:
        return
    top3 = st.session_state["runs metric"] == "top3"
    which: Which = "best" if st.session_state["runs best"] else "last"
    axes = [_axis(entries, name) for name in names]
    runs: dict[tuple[Any, ...], list[dict[str, float | None]]] = {}
    for entry in entries:
        scores = run_scores(entry.summary, which=which, metric="top3" if top3 else "top1")
        key = tuple(getattr(entry.known_config, name) for name in names)
        runs.setdefault(key, []).append(scores)
    for column, score in zip(st.columns(len(SCORES)), SCORES, strict=True):
        values = [
            [mean_and_deviation(one[score] for one in runs.get((x, y), []))[0] for x in axes[0][1]]
            for y in axes[1][1]
        ]
        with column:
            figure = heat_map(score, axes[0], axes[1], values, top=3 if top3 else 1)
            chart.show(figure, key=f"runs heat {score}", height=300)


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
