"""The scores of the selected runs in large type, as an HTML table."""

from collections.abc import Sequence
from html import escape
from typing import Any, Literal

from fruitlab.config.text import percent, points
from fruitlab.metrics import accuracy
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import Which, mean_and_deviation, run_scores
from fruitlab.plots import style
from fruitlab.plots.comparison import line_style
from fruitlab.runs.entry import Entry

Top = Literal["top1", "top3"]
TOPS: tuple[Top, ...] = ("top1", "top3")
# Lengths of dashes and gaps in pixels, as plotly draws them.
DASHES = {
    "solid": (1,),
    "dash": (9, 6),
    "dashdot": (9, 4, 2, 4),
    "longdash": (15, 7),
    "longdashdot": (15, 5, 2, 5),
}


def table(groups: Sequence[tuple[str, Sequence[Entry]]], *, metric: Top, which: Which) -> str:
    """The table as HTML, with all texts escaped.

    Each row has a sample of the line in the plots, the scores with their deviation over seeds or
    their 95% interval, and their change from the first row.
    """
    rows = []
    first: dict[str, float | None] = {}
    for index, (name, runs) in enumerate(groups):
        # The score of half a training says nothing about the whole.
        counted = [entry for entry in runs if entry.status == "finished"] or list(runs)
        scores = [run_scores(_summary(entry), which=which, metric=metric) for entry in counted]
        cells = ""
        for score in SCORES:
            mean, deviation = mean_and_deviation(values[score] for values in scores)
            first.setdefault(score, mean)
            spread = ""
            if deviation is not None:
                spread = f"± {100 * deviation:.1f}"
            elif which == "last":
                spread = _interval(counted[0], score, metric)
            cells += _cell(mean, spread, first[score] if index else None)
        note = f"<small>{_note(runs, counted)}</small>"
        sample = _sample(index) if len(groups) > 1 else ""
        rows.append(f"<tr><td>{sample}{escape(name)}{note}</td>{cells}</tr>")
    heads = "".join(f"<th>{style.SHAPES[score]} {score}</th>" for score in SCORES)
    title = "Best of each score over training" if which == "best" else "Last iteration"
    title += f", top-{metric[-1]}"
    title += "; points: change from the first run" if len(groups) > 1 else ""
    head = f"<thead><tr><th>{title}</th>{heads}</tr></thead>"
    return f'<table class="fl-board">{head}<tbody>{"".join(rows)}</tbody></table>'


def _cell(mean: float | None, spread: str, reference: float | None) -> str:
    change = ""
    if mean is not None and reference is not None:
        change = f"<small>{points(mean - reference, signed=True)}</small>"
    value = f'<span class="big">{percent(mean)}</span>'
    return f"<td>{value}<small>{spread}</small>{change}</td>"


def _note(runs: Sequence[Entry], counted: Sequence[Entry]) -> str:
    """The status of a run, or the number of seeds."""
    if len(runs) == 1:
        return runs[0].status
    if len(counted) == len(runs):
        return f"{len(runs)} seeds"
    return f"{len(counted)} of {len(runs)} seeds finished"


def _summary(entry: Entry) -> dict[str, Any]:
    """The summary of a finished run, otherwise the last scores and the best ones so far."""
    if entry.final("combined") is not None:
        return entry.summary
    scores = dict(entry.scores() or {})
    if entry.points:
        scores["best"] = accuracy.best_scores(entry.run.metrics()[: entry.points])
    return scores


def _interval(entry: Entry, score: str, metric: str) -> str:
    try:
        low, high = _summary(entry)[score][f"{metric}_interval"]
        return f"95%: {100 * low:.1f} to {100 * high:.1f}"
    except (KeyError, TypeError, ValueError):
        return ""


def _sample(index: int) -> str:
    """A sample of the line. A CSS background, because Streamlit removes SVG from HTML."""
    colour, dash = line_style(index)
    stops, position = [], 0
    for i, length in enumerate(DASHES[dash]):
        paint = "transparent" if i % 2 else colour
        stops.append(f"{paint} {position}px {position + length}px")
        position += length
    return f'<i style="background:repeating-linear-gradient(90deg,{",".join(stops)})"></i>'
