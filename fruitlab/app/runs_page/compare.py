"""Chosen runs beside one another: their scores, their curves, their configurations with the differences marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from fruitlab.app import permalinks, shared
from fruitlab.app.components import chart
from fruitlab.config.settings import settings_of
from fruitlab.config.text import percent
from fruitlab.methods.base import Method
from fruitlab.methods.registry import methods
from fruitlab.metrics import accuracy
from fruitlab.metrics import curves as comparison
from fruitlab.metrics.curves import Setting
from fruitlab.plots import comparison as overlay
from fruitlab.plots import style
from fruitlab.runs import captions
from fruitlab.runs.index import Entry

EVERY = 2.0  # seconds between two looks while a chosen run trains
MOST_LINES = 12
DASHES = {
    "solid": (1,),
    "dash": (9, 6),
    "dashdot": (9, 4, 2, 4),
    "longdash": (15, 7),
    "longdashdot": (15, 5, 2, 5),
}  # pixels drawn, left out, …
CSS = """<style>
.fl-board { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
.fl-board th { font-weight: 500; font-size: .875rem; text-align: right; padding: .25rem .5rem; opacity: .8; }
.fl-board td { text-align: right; padding: .4rem .5rem; border-top: 1px solid rgba(128,128,128,.25); vertical-align: top; }
.fl-board th:first-child, .fl-board td:first-child { text-align: left; padding-left: 0; overflow-wrap: anywhere; }
.fl-board .big { font-size: 1.5rem; line-height: 1.25; white-space: nowrap; }
.fl-board small { display: block; opacity: .75; white-space: nowrap; }
.fl-board i { display: inline-block; width: 40px; height: 3px; vertical-align: middle; margin-right: .5rem; }
.fl-sides { overflow-x: auto; } .fl-sides table { border-collapse: collapse; font-size: .875rem; }
.fl-sides th, .fl-sides td { text-align: left; padding: .25rem .9rem .25rem 0; border-top: 1px solid rgba(128,128,128,.25); }
.fl-sides td:first-child { white-space: nowrap; } .fl-sides tr.other td { font-weight: 600; } .fl-sides tr.other td:first-child::before { content: "≠ "; }
@media (max-width: 640px) {
  .fl-board tr { display: grid; grid-template-columns: repeat(3, 1fr); border-top: 1px solid rgba(128,128,128,.25); padding: .4rem 0; }
  .fl-board td, .fl-board th { border: 0; padding: 0; text-align: left; font-size: .8rem; }
  .fl-board td:first-child, .fl-board th:first-child { grid-column: 1 / -1; font-size: .95rem; } .fl-board .big { font-size: 1.25rem; } }
</style>"""


@dataclass(frozen=True)
class Group:
    """A line: one run, or the chosen seeds of one experiment."""

    name: str
    runs: tuple[Entry, ...]


def grouped(entries: Sequence[Entry], *, seeds: bool) -> list[Group]:
    """The chosen runs as lines, named by what tells them apart."""
    by_id = {entry.id: entry for entry in entries}
    if seeds:
        members = list(
            comparison.groups((entry.id, entry.config.experiment()) for entry in entries).values()
        )
    else:
        members = [[entry.id] for entry in entries]
    firsts = [by_id[ids[0]] for ids in members]
    legends = captions.legends(firsts, whole=True, seed=not seeds or len(entries) == 1)
    titles = [
        first.given_title if len(ids) == 1 else ""
        for first, ids in zip(firsts, members, strict=True)
    ]
    return [
        Group(title or legend, tuple(by_id[name] for name in ids))
        for title, legend, ids in zip(titles, legends, members, strict=True)
    ]


def show(chosen: list[str]) -> None:
    """Scores and curves of the chosen runs, live while one of them trains."""
    entries = _entries(chosen)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.segmented_control(
            "Show",
            list(permalinks.METRICS),
            key="runs metric",
            required=True,
            format_func={
                "top1": "Top-1",
                "top3": "Top-3",
                "loss": "Loss",
                "learning_rate": "Rate",
            }.get,
            help="Top-1: the likeliest category is the true one. Top-3: the true one is among the three likeliest. Rate: the learning rate.",
        )
        st.segmented_control(
            "Over",
            list(permalinks.AXES),
            key="runs axis",
            required=True,
            format_func=permalinks.AXES.get,
        )
        st.slider(
            "Smoothing",
            0,
            permalinks.SMOOTHEST,
            key="runs smoothing",
            format="%d %% of the axis",
            width=220,
            help="A moving average of the curves that fades over so much of the axis; without bias at its start. 0: as measured.",
        )
        st.toggle(
            "Seeds as mean",
            key="runs seeds",
            help="Runs that differ in the seed alone as their mean, with one standard deviation to both sides.",
        )
        st.toggle(
            "Best, not last",
            key="runs best",
            help="The best of each column over training, each for itself, as the paper's Table 2 has them: "
            "chosen on the test pictures, so it flatters. The last iteration is the honest figure.",
        )
    running = any(entry.active for entry in entries)
    st.fragment(_live, run_every=EVERY if running else None)(chosen, running)


def _entries(chosen: list[str]) -> list[Entry]:
    """The chosen runs that can be drawn, by method, then by ratio or split, then as they were started."""
    found = {entry.id: entry for entry in shared.index().entries()}
    entries = [found[name] for name in chosen if name in found and found[name].config is not None]
    return sorted(
        entries,
        key=lambda entry: (*_order(entry.config), entry.created),
    )


def _order(config: Method) -> tuple[int, Any]:
    """By method, then by the headline setting."""
    headline = 0 if config.headline is None else getattr(config, config.headline)
    return list(methods()).index(config.method), headline


def _live(chosen: list[str], was_running: bool) -> None:
    entries = _entries(chosen)
    if was_running != any(entry.active for entry in entries):
        st.rerun()
    state = st.session_state
    groups = grouped(entries, seeds=state["runs seeds"])
    if len(groups) > MOST_LINES:
        st.caption(
            f"The first {MOST_LINES} of {len(groups)} lines are drawn; tick fewer to see the others."
        )
    groups = groups[:MOST_LINES]
    axis, metric, percent = state["runs axis"], state["runs metric"], state["runs smoothing"]
    st.html(
        CSS
        + board(
            groups,
            metric="top3" if metric == "top3" else "top1",
            which="best" if state["runs best"] else "last",
        )
    )
    if not any(entry.points for group in groups for entry in group.runs):
        st.caption(
            "No point yet: the first comes before the first iteration, once the data is read."
        )
        return
    figures = overlay.panels(
        lines(groups, axis=axis, metric=metric, percent=percent),
        axis=axis,
        metric=metric,
        smoothing=percent,
        categories=_one({entry.categories for group in groups for entry in group.runs}),
    )
    for column, (place, figure) in zip(st.columns(len(figures)), enumerate(figures), strict=True):
        with column:
            # Another axis or other runs: let go of the zoom.
            figure["layout"]["uirevision"] = f"{axis} {metric} {[group.name for group in groups]}"
            chart.show(figure, key=f"runs curves {place} of {len(figures)}", height=300)
    if any(len(group.runs) > 1 for group in groups):
        st.caption(
            "Bands and ± are one standard deviation over the seeds. Lines are drawn as far as all seeds of an experiment have come."
        )


def lines(groups: Sequence[Group], *, axis: str, metric: str, percent: int) -> list[overlay.Line]:
    """Every group's curves, smoothed, then averaged over its seeds."""
    panels = ("nice", "real", "combined") if metric in ("top1", "top3") else (metric,)
    curves = {
        (group.name, place, panel): comparison.curve(
            run.column, axis=axis, metric=metric, score=panel
        )
        for group in groups
        for place, run in enumerate(group.runs)
        for panel in panels
    }
    longest = max((curve.x[-1] for curve in curves.values() if len(curve.x)), default=0.0)
    constant = percent / 100 * float(longest)
    return [
        overlay.Line(
            group.name,
            {
                panel: comparison.band(
                    [
                        comparison.smoothed(curves[group.name, place, panel], constant)
                        for place in range(len(group.runs))
                    ]
                )
                for panel in panels
            },
        )
        for group in groups
    ]


def board(groups: Sequence[Group], *, metric: str, which: str) -> str:
    """A table of the groups' scores in large type, with the sample of each line, the change against the first, and how sure they are."""
    rows, first = [], {}
    for place, group in enumerate(groups):
        counted = [entry for entry in group.runs if entry.status == "finished"] or list(
            group.runs
        )  # half a training says nothing of the whole
        scored = [
            comparison.run_scores(_summary(entry), which=which, metric=metric) for entry in counted
        ]
        cells = []
        for mark in comparison.SCORES:
            mean, deviation = comparison.mean_and_deviation(one[mark] for one in scored)
            first.setdefault(mark, mean)
            sure = (
                f"± {100 * deviation:.1f}"
                if deviation is not None
                else _interval(counted[0], mark, metric)
                if which == "last"
                else ""
            )
            change = (
                f"{100 * (mean - first[mark]):+.1f} points"
                if place and mean is not None and first[mark] is not None
                else ""
            )
            cells.append(
                f'<td><span class="big">{percent(mean)}</span><small>{sure}</small>{f"<small>{change}</small>" if change else ""}</td>'
            )
        count = len(group.runs)
        note = (
            group.runs[0].status
            if count == 1
            else f"{count} seeds"
            if len(counted) == count
            else f"{len(counted)} of {count} seeds finished"
        )
        rows.append(
            f"<tr><td>{_sample(place)}{escape(group.name)}<small>{note}</small></td>{''.join(cells)}</tr>"
        )
    heads = "".join(f"<th>{style.SHAPES[mark]} {mark}</th>" for mark in comparison.SCORES)
    title = f"{'Best of each column over training' if which == 'best' else 'Last iteration'}, top-{metric[-1]}"
    title += "; points: change against the first" if len(groups) > 1 else ""
    return f'<table class="fl-board"><thead><tr><th>{title}</th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _summary(entry: Entry) -> dict[str, Any]:
    """How it ended, or how it stands."""
    if entry.final("combined") is not None:
        return entry.summary
    return (entry.scores() or {}) | (
        {"best": accuracy.best_scores(entry.run.metrics()[: entry.points])} if entry.points else {}
    )


def _interval(entry: Entry, mark: str, metric: str) -> str:
    try:
        low, high = _summary(entry)[mark][f"{metric}_interval"]
        return f"95 %: {100 * low:.1f} to {100 * high:.1f}"
    except (KeyError, TypeError, ValueError):
        return ""


def _sample(place: int) -> str:
    """The line's dash, as the plots draw it; a background, as Streamlit takes SVG out of a page's text."""
    dash, tint = overlay.style(place)
    stops, at, drawn = [], 0, True
    for length in DASHES[dash]:
        stops.append(f"{'currentColor' if drawn else 'transparent'} {at}px {at + length}px")
        at, drawn = at + length, not drawn
    return f'<i style="opacity:{1 - tint};background:repeating-linear-gradient(90deg,{",".join(stops)})"></i>'


def _one(values: set[Any]) -> Any:
    return next(iter(values)) if len(values) == 1 else None


def side_by_side(chosen: list[str]) -> None:
    """The chosen configurations as a table; only what differs is marked."""
    entries = _entries(chosen)
    if len(entries) < 2:
        return
    rows = comparison.side_by_side([entry.config.settings() for entry in entries])
    differing = [row for row in rows if row.differs]
    with st.expander(
        f"Configurations side by side: {len(differing)} of {len(rows)} numbers differ",
        icon=":material/difference:",
    ):
        everything = st.toggle("Show those that agree, too", key="runs agree")
        st.html(CSS + _table(entries, rows if everything else differing))


def _table(entries: Sequence[Entry], rows: Sequence[Setting]) -> str:
    head = "".join(f"<th>{escape(entry.title)}</th>" for entry in entries)
    body = []
    units = {
        name: setting.unit
        for entry in entries
        for name, setting in settings_of(type(entry.config)).items()
    }
    for row in rows:
        unit = units.get(row.name, "")
        unit = f" ({unit})" if unit not in ("", row.name) else ""
        values = "".join(
            f"<td>{'—' if value is None else escape(_plain(value))}</td>" for value in row.values
        )
        body.append(
            f"<tr{' class=other' if row.differs else ''}><td>{_called(row.name)}{unit}</td>{values}</tr>"
        )
    return f'<div class="fl-sides"><table><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _called(name: str) -> str:
    return {"preset": "recipe", "norms": "statistics at the switch"}.get(
        name, name.replace("_", " ")
    )


def _plain(value: Any) -> str:
    return (
        {True: "yes", False: "no"}[value]
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
