"""The selected runs side by side: their scores and curves, updated while one of them trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from fruitlab.app import shared
from fruitlab.app.components import chart
from fruitlab.app.runs_page import scoreboard
from fruitlab.app.runs_page.view_link import AXES, METRICS, SMOOTHEST
from fruitlab.methods.base import Method
from fruitlab.methods.registry import methods
from fruitlab.metrics import curves
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import Axis, Metric
from fruitlab.plots import comparison
from fruitlab.plots.comparison import Line
from fruitlab.runs import captions
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import run_key

EVERY = 2.0  # seconds between updates while a selected run trains
MOST_LINES = 12
METRIC_BUTTONS = {
    "top1": "Top-1",
    "top3": "Top-3",
    "loss": "Loss",
    "learning_rate": "Rate",
    "momentum": "Momentum",
}
METRIC_HELP = (
    "Top-1: the most likely category is the true one. Top-3: the true category is among the three "
    "most likely. Loss, learning rate and momentum are those of every iteration."
)
SMOOTHING_HELP = (
    "Exponential moving average over this share of the axis, without bias at the start. 0 shows "
    "the values as measured."
)
SEEDS_HELP = (
    "Shows runs that differ only in their seed as their mean, with a band of one standard "
    "deviation."
)
BEST_HELP = (
    "The best value of each score over training, each on its own, as in the paper's Table 2. It "
    "is selected on the test pictures and therefore optimistic; the last iteration is the fair "
    "figure."
)


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


def show(chosen: list[str]) -> None:
    """Draws the controls, scores and curves of the selected runs.

    Args:
        chosen: ids of the selected runs.
    """
    _controls()
    running = any(entry.active for entry in selected(chosen))
    st.fragment(_live, run_every=EVERY if running else None)(chosen, running)


def selected(chosen: list[str]) -> list[Entry]:
    """The selected runs that can be drawn: by method, then its headline setting, then time."""
    found = {entry.id: entry for entry in shared.index().entries()}
    entries = [found[name] for name in chosen if name in found and found[name].config is not None]
    return sorted(entries, key=lambda entry: (*_order(entry.known_config), entry.created))


def _order(config: Method) -> tuple[int, Any]:
    """By method, then by the headline setting."""
    headline = 0 if config.headline is None else getattr(config, config.headline)
    return list(methods()).index(config.method), headline


def lines(groups: Sequence[Group], *, axis: Axis, metric: Metric, percent: int) -> list[Line]:
    """The curves of each group, smoothed and then averaged over its seeds.

    Args:
        groups: the lines.
        axis: a key of `AXES`.
        metric: a key of `METRICS`.
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
    ends = [curve.x[-1] for found in measured.values() for curve in found if len(curve.x)]
    constant = percent / 100 * float(max(ends, default=0.0))
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


def _controls() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.segmented_control(
            "Metric",
            list(METRICS),
            key="runs metric",
            required=True,
            format_func=METRIC_BUTTONS.__getitem__,
            help=METRIC_HELP,
        )
        st.segmented_control(
            "Axis", list(AXES), key="runs axis", required=True, format_func=AXES.__getitem__
        )
        st.slider(
            "Smoothing",
            0,
            SMOOTHEST,
            key="runs smoothing",
            format="%d %% of the axis",
            width=220,
            help=SMOOTHING_HELP,
        )
        st.toggle("Average seeds", key="runs seeds", help=SEEDS_HELP)
        st.toggle("Best instead of last", key="runs best", help=BEST_HELP)


def _live(chosen: list[str], was_running: bool) -> None:
    entries = selected(chosen)
    if was_running != any(entry.active for entry in entries):
        st.rerun()
    state = st.session_state
    groups = grouped(entries, seeds=state["runs seeds"])
    if len(groups) > MOST_LINES:
        st.caption(f"The first {MOST_LINES} of {len(groups)} lines are drawn. Select fewer runs.")
    groups = groups[:MOST_LINES]
    axis, metric, smoothing = state["runs axis"], state["runs metric"], state["runs smoothing"]
    scoreboard.show(
        [(group.name, group.runs) for group in groups],
        metric="top3" if metric == "top3" else "top1",
        which="best" if state["runs best"] else "last",
    )
    runs = [entry for group in groups for entry in group.runs]
    if not any(entry.points for entry in runs):
        st.caption("Waiting for the first evaluation …")
        return
    figures = comparison.panels(
        lines(groups, axis=axis, metric=metric, percent=smoothing),
        axis=axis,
        metric=metric,
        smoothing=smoothing,
        categories=_common({entry.categories for entry in runs}),
    )
    for index, (column, figure) in enumerate(zip(st.columns(len(figures)), figures, strict=True)):
        with column:
            # Zoom is kept unless the axis, the metric or the runs change.
            figure["layout"]["uirevision"] = f"{axis} {metric} {[group.name for group in groups]}"
            key = f"runs curves {index} of {len(figures)}"
            chart.show(figure, key=key, height=300, together="runs")
    if any(len(group.runs) > 1 for group in groups):
        st.caption(
            "Bands and ± show one standard deviation over seeds. A line ends where the first of "
            "its seeds ends."
        )


def _common(values: set[int | None]) -> int | None:
    """The value if there is only one."""
    return next(iter(values)) if len(values) == 1 else None
