"""The selected runs side by side: their scores and curves, updated while one of them trains."""

import streamlit as st

from fruitlab.app import assets, shared
from fruitlab.app.components import chart, one_step
from fruitlab.app.runs_page.view_link import AXES, METRICS, SMOOTHEST
from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import comparison, style
from fruitlab.reports import scoreboard
from fruitlab.runs import two_settings
from fruitlab.runs.across import across
from fruitlab.runs.entry import Entry
from fruitlab.runs.lines import grouped, lines, ordered

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
    return ordered(entries)


def _controls() -> None:
    # Aligned at the top, where the labels are: below its track, a slider has more room.
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        st.segmented_control(
            "Metric",
            list(METRICS),
            key="runs metric",
            required=True,
            wrap=True,
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
            format="%d%% of the axis",
            width=220,
            help=SMOOTHING_HELP,
        )
    with st.container(horizontal=True, gap="medium"):
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
    table = scoreboard.table(
        [(group.name, group.runs) for group in groups],
        metric="top3" if metric == "top3" else "top1",
        which="best" if state["runs best"] else "last",
    )
    st.html(assets.style("compare.css") + table)
    runs = [entry for group in groups for entry in group.runs]
    if all(entry.in_one_step for entry in runs):
        one_step.show(runs[0])
        return
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


def heat_maps(chosen: list[str]) -> None:
    """Draws a heat map for each score if the selected runs differ in exactly two settings.

    Args:
        chosen: ids of the selected runs.
    """
    figures = two_settings.heat_maps(
        selected(chosen),
        top=3 if st.session_state["runs metric"] == "top3" else 1,
        which="best" if st.session_state["runs best"] else "last",
    )
    if figures:
        for column, score, figure in zip(st.columns(len(SCORES)), SCORES, figures, strict=True):
            with column:
                chart.show(figure, key=f"runs heat {score}", height=300)


def across_datasets(chosen: list[str]) -> None:
    """Draws a table of experiments by datasets if the selected runs are on several.

    Args:
        chosen: ids of the selected runs.
    """
    found = across(selected(chosen), 3 if st.session_state["runs metric"] == "top3" else 1)
    if found is None:
        return
    st.markdown("**Across datasets**")
    rows = [
        {"": name} | dict(zip(found.datasets, map(_cell, scores), strict=True))
        for name, scores in zip(found.experiments, found.scores, strict=True)
    ]
    st.table(rows, border="horizontal", hide_index=True)
    st.caption("Combined performance after the last iteration, with nice and real accuracy.")


def _cell(scores: dict[str, float] | None) -> str:
    if scores is None:
        return "—"
    nice, real, combined = (percent(scores[score]) for score in SCORES)
    return f"{combined} ({style.SHAPES['nice']} {nice}, {style.SHAPES['real']} {real})"
