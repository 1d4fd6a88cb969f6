"""Curves of several runs over one another, as figures: a panel each for nice, real and combined; or one for loss, learning rate.

In a panel every line has its mark's colour; runs are told apart by dash and tint, the same in all panels (`style`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fruitlab.config.text import percent
from fruitlab.metrics.curves import Axis, Band, Metric
from fruitlab.metrics.series import thin
from fruitlab.plots import style as marks
from fruitlab.plots.figures import Figure

TITLES = {"nice": "Nice accuracy", "real": "Real accuracy", "combined": "Combined performance"}
HINTS = {
    "nice": "nice test pictures right",
    "real": "real test pictures right",
    "combined": "root of nice × real",
}
TINTS = (0.0, 0.45)  # towards white
PLAIN = {
    "loss": (
        "Training loss",
        "cross entropy (nats)",
        "How surprised the networks are by their training pictures; lower is better.",
    ),
    "learning_rate": ("Learning rate", "learning rate", "How large a step each iteration takes."),
}


@dataclass(frozen=True)
class Line:
    """One run, or the seeds of one experiment: its name and its curve in each panel (nice, real, combined; or only the metric)."""

    name: str
    bands: dict[str, Band]


def style(place: int) -> tuple[str, float]:
    """(dash, tint) of the line at that place; as many as there are before they repeat."""
    return marks.DASHES[place % len(marks.DASHES)], TINTS[place // len(marks.DASHES) % len(TINTS)]


def tinted(colour: str, tint: float) -> str:
    return "#" + "".join(
        f"{round(int(colour[i : i + 2], 16) * (1 - tint) + 255 * tint):02x}" for i in (1, 3, 5)
    )


def panels(
    lines: Sequence[Line], *, axis: Axis, metric: Metric, smoothing: int, categories: int | None
) -> list[Figure]:
    """The figures, in order.

    Args:
        smoothing: what was done to the curves, in percent of the axis: said below the plot.
        categories: how many, for the level of guessing; None where the runs differ in it.
    """
    end = max(
        (band.x[-1] for line in lines for band in line.bands.values() if len(band.x)), default=1.0
    )
    scale, label = _axis(axis, float(end))
    end *= scale
    layout = {
        "xaxis": marks.axis(label, range=[-0.02 * end, 1.02 * end]),
        "hovermode": "x",
        "showlegend": False,
    }
    smooth = (
        f" Smoothed: a moving average that fades over {smoothing} % of the axis."
        if smoothing
        else ""
    )
    if metric in PLAIN:
        title, unit, reading = PLAIN[metric]
        return [
            {
                "title": title,
                "reading": reading + smooth,
                "data": _traces(lines, metric, scale, "%{y:.4g}", plain=True),
                "layout": layout | {"yaxis": marks.axis(unit, rangemode="tozero")},
            }
        ]
    top = int(metric[-1])
    # One scale for the three panels, so that their heights can be compared; from nothing, to the next fifth above the highest.
    highest = max(
        (
            float((band.mean + band.deviation).max())
            for line in lines
            for band in line.bands.values()
            if len(band.x)
        ),
        default=1.0,
    )
    scaled = {
        "range": [0, 1.02 * min(1.0, math.ceil(highest * 5 + 1e-9) / 5)],
        "dtick": 0.2 if highest > 0.4 else 0.1,
    }
    figures = []
    for score in ("nice", "real", "combined"):
        data = _traces(lines, score, scale, "%{y:.1%}")
        if categories:
            data.append(
                marks.chance(categories, (0.0, float(end)), top=top)
                | {"hoverinfo": "skip", "hovertemplate": None}
            )
        figures.append(
            {
                "title": f"{marks.SHAPES[score]} {TITLES[score]}, top-{top}",
                "reading": _reading(lines, score) + smooth,
                "data": data,
                "layout": layout | {"yaxis": marks.accuracy_axis(HINTS[score]) | scaled},
            }
        )
    return figures


def _traces(
    lines: Sequence[Line], panel: str, scale: float, number: str, *, plain: bool = False
) -> list[marks.Trace]:
    spreads, means = [], []
    for place, line in enumerate(lines):
        found = line.bands.get(panel)
        if found is None or not len(found.x):
            continue
        kept = thin(len(found.x))
        x, mean, deviation = found.x[kept] * scale, found.mean[kept], found.deviation[kept]
        dash, tint = style(place)
        name = line.name if found.runs == 1 else f"{line.name}, mean of {found.runs}"
        mark = "combined" if plain else panel
        colour = marks.GREY if plain else tinted(marks.COLOURS[mark], tint)
        if found.runs > 1:
            spreads.append(
                marks.band(mark, x, mean - deviation, mean + deviation)
                | {"fillcolor": marks.faded(colour, 0.18)}
            )
        trace = marks.line(mark, x, mean, name=name, dash=dash)
        trace["line"] |= {"color": colour, "width": marks.WIDTHS[mark] if len(lines) < 4 else 2}
        trace["marker"] |= {"color": colour, "size": 6, "maxdisplayed": 8}
        spread = (
            "" if found.runs == 1 else " ± %{customdata:.4g}" if plain else " ± %{customdata:.1%}"
        )
        means.append(
            trace
            | {
                "hovertemplate": f"{number}{spread}<extra>{_escaped(name)}</extra>",
                "customdata": marks.plain(deviation),
                "mode": "lines" if plain else "lines+markers",
            }
        )
    return spreads + means


def _reading(lines: Sequence[Line], panel: str) -> str:
    """Where the lines end, highest first."""
    ends = sorted(
        (
            (float(found.mean[-1]), float(found.deviation[-1]), line.name, found.runs)
            for line in lines
            if (found := line.bands.get(panel)) is not None and len(found.x)
        ),
        reverse=True,
    )
    told = [
        f"{percent(mean)}{f' ± {deviation * 100:.1f}' if runs > 1 else ''} ({name})"
        for mean, deviation, name, runs in ends[:3]
    ]
    if not told:
        return "No point yet."
    return (
        f"At the end: {', '.join(told)}{f', and {len(ends) - 3} lower' if len(ends) > 3 else ''}."
    )


def _axis(axis: Axis, end: float) -> tuple[float, str]:
    """Factor and name: time in the unit that suits its length."""
    if axis == "time":
        return (
            (1.0, "training time (seconds)")
            if end < 180
            else (1 / 60, "training time (minutes)")
            if end < 10800
            else (1 / 3600, "training time (hours)")
        )
    return 1.0, "iterations" if axis == "iterations" else "pictures seen"


def _escaped(name: str) -> str:
    """Plotly reads a few HTML tags in its texts."""
    return name.replace("&", "&amp;").replace("<", "&lt;")
