"""The plane of nice and real accuracy, with contours of equal combined performance.

A point is a run, or the mean over the seeds of an experiment; a trajectory is the evaluations of a
run. Training methods differ in colour and marker.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from fruitlab.config.text import percent
from fruitlab.plots import style
from fruitlab.plots.every_ratio import CATEGORY_COLOURS
from fruitlab.plots.figures import Figure
from fruitlab.plots.points import Point, Trajectory, scatter, spread
from fruitlab.plots.style import Trace

MARKERS = (
    "triangle-up",
    "cross",
    "star",
    "pentagon",
    "triangle-down",
    "hexagon",
    "x",
    "bowtie",
    "star-square",
    "diamond-tall",
    "hourglass",
    "triangle-left",
    "star-diamond",
    "triangle-right",
)
RIGHT = 0.95  # nice accuracy from which labels are to the right of their points
WIDE, HIGH = 0.08, 0.03  # of a label, in accuracy
PLAIN = {"opacity": 1, "line": {"width": 0}}  # markers of several sizes have an outline otherwise
ENDS = {"0%": "nice", "100%": "real"}  # mixed runs that saw one domain only
CONTOURS = np.arange(1, 10) / 10
FRONTIER, CLOSED_FORM = "Mixed training", "Closed form"


def plane(
    methods: Mapping[str, Sequence[Point]],
    *,
    frontier: Sequence[Point] = (),
    trajectories: Sequence[Trajectory] = (),
    closed_form: Sequence[Point] = (),
    between: tuple[Sequence[Point], int] | None = None,
    top: int = 1,
) -> Figure:
    """Nice accuracy on one axis, real accuracy on the other.

    Args:
        methods: the final points of each method. The order determines colours and markers, so
            methods without points should be present, too.
        frontier: mixed runs by ratio, from nice pictures only to real ones only.
        trajectories: of single runs.
        closed_form: points by ratio, drawn as a line for reference.
        between: points on the line between two networks' weights, and the selected one's index.
        top: 1 or 3, for top-1 or top-3 accuracy.
    """
    looks = {name: _look(index) for index, name in enumerate(methods)}
    data = [_line(CLOSED_FORM, closed_form, "dot")] if closed_form else []
    data += _frontier(frontier)
    data += [_points(name, found, *looks[name]) for name, found in methods.items() if found]
    data += [
        _trajectory(one, index, looks.get(one.method or "", (style.GREY, "circle")))
        for index, one in enumerate(trajectories)
        if one.points
    ]
    if between is not None:
        data += _between(*between)
    highest = max((y for trace in data for y in trace["y"] if y is not None), default=1.0)
    end = min(1.0, float(np.ceil(highest * 10 + 0.3) / 10))
    best = max((point.combined for point in frontier), default=None)
    return {
        "title": "What each method knows about both domains",
        "caption": _caption(methods, frontier),
        "data": [*_contours(end, best), *data],
        "layout": {
            "xaxis": style.accuracy_axis(f"nice, top-{top} accuracy")
            | {"range": [0, 1.1], "dtick": 0.2},  # with room for the ratios
            "yaxis": style.accuracy_axis(f"real, top-{top} accuracy") | {"range": [0, end]},
            # Two columns on a phone: one would be higher than the plot.
            "legend": {"font": {"size": 11}, "entrywidth": 118},
            "hovermode": "closest",
            "hoverdistance": 12,
        },
    }


def _look(index: int) -> tuple[str, str]:
    """Colour and marker of the method with this index."""
    return CATEGORY_COLOURS[index % len(CATEGORY_COLOURS)], MARKERS[index % len(MARKERS)]


def _contour(value: float, end: float) -> tuple[list[float], list[float]]:
    """The curve nice * real = value squared, inside the plot up to real accuracy `end`."""
    x = np.geomspace(min(1.0, value**2 / end), 1.0, 60)
    return x.tolist(), (value**2 / x).tolist()


def _contours(end: float, best: float | None) -> list[Trace]:
    """Curves of equal combined performance: the tens of percent, and that of the best mixed run."""
    tens = CONTOURS[end > CONTOURS**2].tolist()
    curves = [_contour(value, end) for value in tens]
    lines = _untouchable(*([v for xy in curves for v in (*xy[i], None)] for i in (0, 1)))
    lines["line"] = {"color": style.faded(style.GREY, 0.45), "width": 1}
    height = 0.96 * end
    labels = _untouchable([value**2 / height for value in tens], [height] * len(tens))
    labels |= {"mode": "text", "text": [f"{v:.0%}" if v > 0.3 else "" for v in tens]}
    labels["textfont"] = {"size": 10, "color": style.GREY}
    if best is None or not 0 < best**2 < end:
        return [lines, labels]
    level = _untouchable(*_contour(best, end))
    level["line"] = {"color": style.COLOURS["combined"], "width": 1.5, "dash": "dash"}
    return [lines, labels, level]


def _untouchable(x: Sequence[float | None], y: Sequence[float | None]) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _points(name: str, points: Sequence[Point], colour: str, symbol: str) -> Trace:
    marker = {"color": colour, "symbol": symbol, "size": 11, "opacity": 0.9}
    return scatter(name, points) | {
        "mode": "markers",
        "marker": marker,
        **spread(points, colour),
    }


def _line(name: str, points: Sequence[Point], dash: str) -> Trace:
    return scatter(name, points) | {
        "mode": "lines+markers+text",
        "text": _labels(points),
        "textposition": ["middle right" if p.nice > RIGHT else "top center" for p in points],
        "textfont": {"size": 10},
        "cliponaxis": False,
        "line": {"color": style.GREY, "width": 1.5, "dash": dash},
        "marker": {
            "color": style.GREY,
            "size": [6 if point.label else 1 for point in points],
            **PLAIN,
        },
    }


def _labels(points: Sequence[Point]) -> list[str]:
    """Their labels, without those that would lie on another: the best and the ends come first."""
    ends = {0, len(points) - 1}
    order = sorted(
        (place for place, point in enumerate(points) if point.label),
        key=lambda place: (place not in ends, -points[place].combined),
    )
    shown: dict[int, tuple[float, float]] = {}
    for place in order:
        x, y = points[place].nice, points[place].real
        x, y = (x + WIDE / 2, y) if x > RIGHT else (x, y + HIGH)
        if all(abs(x - left) > WIDE or abs(y - up) > HIGH for left, up in shown.values()):
            shown[place] = x, y
    return [point.label if place in shown else "" for place, point in enumerate(points)]


def _frontier(points: Sequence[Point]) -> list[Trace]:
    """The mixed runs as a line; its ends look like the domain that they were trained on."""
    if not points:
        return []
    kinds = [ENDS.get(point.label, "combined") for point in points]
    line = _line(FRONTIER, points, "solid") | spread(points, style.COLOURS["combined"])
    line["line"] = {"color": style.COLOURS["combined"], "width": 2.5}
    line["marker"] = {
        "color": [style.COLOURS[kind] for kind in kinds],
        "symbol": [style.SYMBOLS[kind] for kind in kinds],
        "size": [8 if kind == "combined" else 11 for kind in kinds],
        **PLAIN,
    }
    return [line]


def _trajectory(one: Trajectory, index: int, look: tuple[str, str]) -> Trace:
    colour, symbol = look
    steps = len(one.points) - 1
    return scatter(one.name, one.points) | {
        "mode": "lines+markers",
        "line": {"color": colour, "width": 2, "dash": style.DASHES[index % len(style.DASHES)]},
        "marker": {
            "color": colour,
            "symbol": ["circle"] * steps + [symbol],
            "size": [4] * steps + [14],
            **PLAIN,
        },
    }


def _between(points: Sequence[Point], chosen: int) -> list[Trace]:
    path = _line("Between two runs", points, "dashdot")
    path["line"] = {"color": style.COLOURS["combined"], "width": 2, "dash": "dashdot"}
    path["marker"] = {"color": style.COLOURS["combined"], "size": 4}
    here = _points("Selected alpha", [points[chosen]], style.COLOURS["combined"], "circle-open")
    here["marker"] |= {"size": 18, "line": {"width": 3}}
    return [path, here]


def _caption(methods: Mapping[str, Sequence[Point]], frontier: Sequence[Point]) -> str:
    """The best mixed run and the best other one, as a sentence."""
    parts = ["Grey curves: equal combined performance, higher up and to the right."]
    mixed = max(frontier, key=lambda point: point.combined, default=None)
    if mixed is not None:
        parts.append(
            f"Best mixed training: {mixed.label} real, {percent(mixed.combined)} combined "
            "(dashed curve)."
        )
    others = [(point, name) for name, found in methods.items() for point in found]
    if others:
        point, name = max(others, key=lambda pair: pair[0].combined)
        best = "Best other" if mixed else "Best"
        parts.append(f"{best}: {name}, {percent(point.combined)} ({point.about}).")
    return " ".join(parts)
