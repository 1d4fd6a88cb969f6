"""Curves of several runs in one plot: a panel each for nice, real and combined, or one panel.

Each run has a colour and a dash, the same in every panel (`line_style`). The markers are those of
the panel's score. A single run has the colours of the scores.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import Axis, Band, Metric
from fruitlab.metrics.series import envelope, thin
from fruitlab.plots import style
from fruitlab.plots.figures import QUANTITIES, Figure
from fruitlab.plots.style import Trace

TITLES = {"nice": "Nice accuracy", "real": "Real accuracy", "combined": "Combined performance"}
AXIS_TITLES = {
    "nice": "accuracy on nice test pictures",
    "real": "accuracy on real test pictures",
    "combined": "√(nice × real)",
}
# Of runs. None is that of a score, all have a contrast of 3.7 and more on light and dark pages, and
# neighbours differ for colour-blind eyes, too.
COLOURS = (
    "#3f7fd0",
    "#c8553d",
    "#178a87",
    "#c2419a",
    "#a87400",
    "#7a5cd0",
    "#5b8a2a",
    "#8a7a5e",
    "#5c87a6",
)
FEW_LINES = 4  # below this, lines have their full width
CAPTION_VALUES = 3  # final values that a caption states


@dataclass(frozen=True)
class Line:
    """One run, or the mean over the seeds of one experiment.

    Attributes:
        name: legend entry.
        bands: the curve for each panel: ``nice``, ``real`` and ``combined``, or only the metric.
    """

    name: str
    bands: dict[str, Band]


def line_style(index: int) -> tuple[str, str]:
    """Colour and dash of the line with this index; they repeat after 45 lines."""
    turn, place = divmod(index, len(COLOURS))
    return COLOURS[place], style.DASHES[(place + turn) % len(style.DASHES)]


def panels(
    lines: Sequence[Line], *, axis: Axis, metric: Metric, smoothing: int, categories: int | None
) -> list[Figure]:
    """The figures from left to right: nice, real and combined, or a single one.

    Args:
        lines: runs or experiments, in the order of `line_style`.
        axis: unit of the curves' x values.
        metric: ``top1`` and ``top3`` give three panels, ``loss`` and ``learning_rate`` one.
        smoothing: scale of the smoothing already applied, in percent of the axis; for the caption.
        categories: number of categories, for the random baseline; None where the runs differ.
    """
    bands = [band for line in lines for band in line.bands.values() if len(band.x)]
    end = max((float(band.x[-1]) for band in bands), default=1.0)
    scale, label = _unit(axis, end)
    end *= scale
    layout = {
        "xaxis": style.axis(label, range=[-0.02 * end, 1.02 * end]),
        "hovermode": "x",
        "showlegend": False,
    }
    note = (
        f" Smoothed with an exponential moving average over {smoothing}% of the axis."
        if smoothing
        else ""
    )
    if metric in QUANTITIES:
        quantity = QUANTITIES[metric]
        return [
            {
                "title": quantity.title,
                "caption": quantity.caption + note,
                "data": _traces(lines, metric, scale),
                "layout": layout | {"yaxis": style.axis(quantity.axis, rangemode="tozero")},
            }
        ]
    top, scaled, guessing = int(metric[-1]), _common_scale(bands), ""
    figures = []
    for score in SCORES:
        data = _traces(lines, score, scale)
        if categories:
            baseline = style.random_baseline(categories, (0.0, end), top=top)
            # Without its label, which would lie on the curves.
            bare = {"mode": "lines", "hoverinfo": "skip", "hovertemplate": None}
            data.append(baseline | bare)
            guessing = f" Dotted: random guessing, {percent(min(1.0, top / categories))}."
        figures.append(
            {
                "title": f"{style.SHAPES[score]} {TITLES[score]}, top-{top}",
                "caption": _final_values(lines, score) + guessing + note,
                "data": data,
                "layout": layout | {"yaxis": style.accuracy_axis(AXIS_TITLES[score]) | scaled},
            }
        )
    return figures


def _common_scale(bands: Sequence[Band]) -> dict[str, Any]:
    """One vertical scale for all panels, so that heights can be compared: 0 to the next fifth."""
    highest = max((float((band.mean + band.deviation).max()) for band in bands), default=1.0)
    end = min(1.0, math.ceil(highest * 5 + 1e-9) / 5)
    return {"range": [0, 1.02 * end], "dtick": 0.2 if highest > 0.4 else 0.1}


def _traces(lines: Sequence[Line], panel: str, scale: float) -> list[Trace]:
    """The lines of a panel, and behind them a band of one standard deviation for each mean."""
    spreads, means = [], []
    for index, line in enumerate(lines):
        band = line.bands.get(panel)
        if band is None or not len(band.x):
            continue
        kept = thin(len(band.x)) if panel in SCORES else envelope(band.mean)
        x, mean, deviation = band.x[kept] * scale, band.mean[kept], band.deviation[kept]
        trace = _mean(line, index, panel, band.runs, x, mean, deviation)
        if len(lines) == 1 and panel in SCORES:
            trace["line"]["color"] = trace["marker"]["color"] = style.COLOURS[panel]
        trace["line"]["width"] = style.WIDTHS[_score(panel)] if len(lines) < FEW_LINES else 2
        means.append(trace)
        if band.runs > 1:
            spread = style.band(_score(panel), x, mean - deviation, mean + deviation)
            colour = style.faded(trace["line"]["color"], 0.18)
            spreads.append(spread | {"fillcolor": colour, "legendgroup": line.name})
    return spreads + means


def _mean(
    line: Line,
    index: int,
    panel: str,
    runs: int,
    x: np.ndarray,
    mean: np.ndarray,
    deviation: np.ndarray,
) -> Trace:
    is_score = panel in SCORES
    colour, dash = line_style(index)
    name = line.name if runs == 1 else f"{line.name}, mean of {runs}"
    number = ".1%" if is_score else ".4g"
    spread = f" ± %{{customdata:{number}}}" if runs > 1 else ""
    trace = style.line(_score(panel), x, mean, name=name, dash=dash)
    trace["line"] |= {"color": colour}
    trace["marker"] |= {"color": colour, "size": 6, "maxdisplayed": 8}
    return trace | {
        "hovertemplate": f"%{{y:{number}}}{spread}<extra>{style.escaped(name)}</extra>",
        "customdata": style.plain(deviation),
        "legendgroup": line.name,  # what the chart highlights together
        "mode": "lines+markers" if is_score else "lines",
    }


def _score(panel: str) -> str:
    """The score whose line style a panel uses; loss and learning rate borrow that of combined."""
    return panel if panel in SCORES else "combined"


def _final_values(lines: Sequence[Line], panel: str) -> str:
    """The last value of each line, highest first, as a sentence."""
    ends = sorted(
        (
            (float(band.mean[-1]), float(band.deviation[-1]), line.name, band.runs)
            for line in lines
            if (band := line.bands.get(panel)) is not None and len(band.x)
        ),
        reverse=True,
    )
    if not ends:
        return "No evaluation yet."
    stated = [
        f"{percent(mean)}{f' ± {100 * deviation:.1f}' if runs > 1 else ''} ({name})"
        for mean, deviation, name, runs in ends[:CAPTION_VALUES]
    ]
    rest = len(ends) - len(stated)
    return f"At the end: {', '.join(stated)}{f', and {rest} lower' if rest else ''}."


def _unit(axis: Axis, end: float) -> tuple[float, str]:
    """Factor for the x values and title of the axis; time is in the unit that suits its length."""
    if axis == "iterations":
        return 1.0, "iterations"
    if axis == "pictures":
        return 1.0, "pictures seen"
    if end < 180:
        return 1.0, "training time (seconds)"
    if end < 10_800:
        return 1 / 60, "training time (minutes)"
    return 1 / 3600, "training time (hours)"
