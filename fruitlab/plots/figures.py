"""Figures of single runs, from plain arrays.

A figure is a dict: ``data`` and ``layout`` as plotly.js expects them, ``title``, and ``caption``, a
sentence that states the result. Accuracies are fractions between 0 and 1. Figures set neither text
nor grid colours: the chart component takes those from the page, which has a light and a dark theme.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.series import Curves, Forgetting, Steps, Switch, envelope
from fruitlab.plots import style
from fruitlab.plots.style import Trace

Figure = dict[str, Any]


class Quantity(NamedTuple):
    """A logged number other than an accuracy, with the texts of its plot."""

    title: str
    axis: str
    caption: str


QUANTITIES = {
    "loss": Quantity(
        "Training loss",
        "cross entropy (nats)",
        "Cross entropy on training batches; lower is better.",
    ),
    "learning_rate": Quantity(
        "Learning rate", "learning rate", "The step size of the optimizer at each iteration."
    ),
    "momentum": Quantity(
        "Momentum", "momentum", "The share of its velocity that the optimizer keeps."
    ),
}


def accuracies(
    curves: Curves,
    *,
    top: int,
    iterations: int,
    categories: int | None,
    best: tuple[str, float] | None = None,
) -> Figure:
    """Nice, real and combined accuracy over the iterations of a run.

    Args:
        curves: the log of the run.
        top: 1 or 3, for top-1 or top-3 accuracy.
        iterations: length of the whole run, the end of the axis.
        categories: number of categories, for the random baseline; None leaves it out.
        best: name and combined performance of the best mixed run on the same data, drawn as a
            reference level.
    """
    ends = (0.0, float(iterations))
    data = [style.line(score, curves.iteration, getattr(curves, score)) for score in style.COLOURS]
    if best is not None:
        name, value = best
        name = f"best other mixed run ({name}), combined"
        colour = style.COLOURS["combined"]
        data.append(style.level(value, name, ends, colour=colour, dash="longdash", right=False))
    if categories:
        data.append(style.random_baseline(categories, ends, top=top))
    layout = {
        "xaxis": style.axis("iteration", range=_padded(ends)),
        "yaxis": style.accuracy_axis(f"top-{top} accuracy"),
        "hovermode": "x unified",
    }
    caption = "Waiting for the first evaluation …"
    if len(curves.iteration):
        nice, real, combined = (percent(float(getattr(curves, s)[-1])) for s in SCORES)
        caption = (
            f"At iteration {int(curves.iteration[-1]):,}: {nice} of nice and {real} of real test "
            f"pictures classified correctly, {combined} combined."
        )
    _mark_switches(layout, curves.switches, named=True)
    for switch in curves.switches:
        caption += f" From iteration {switch.iteration:,} on: {switch.about}."
    title = f"Top-{top} accuracy on both test sets"
    return {"title": title, "caption": caption, "data": data, "layout": layout}


def training(name: str, curves: Curves, steps: Steps, *, iterations: int) -> Figure:
    """A quantity of training at every iteration, or at the evaluations if no more was logged.

    The loss has its mean between two evaluations on top.

    Args:
        name: a key of `QUANTITIES`.
        curves: the evaluations.
        steps: the iterations; may be empty.
        iterations: length of the whole run, the end of the axis.
    """
    quantity, x, y = QUANTITIES[name], curves.iteration, getattr(curves, name)
    data, caption = [], quantity.caption
    if len(steps):
        every = getattr(steps, name)
        kept = envelope(every)
        data.append(_plain_line(quantity, steps.iteration[kept], every[kept]))
    else:
        data.append(_plain_line(quantity, x, y))
    if len(steps) and name == "loss":
        data[0] |= {"line": {"color": style.GREY, "width": 1}, "opacity": 0.6}
        middle = (x - np.diff(x, prepend=0) / 2) if len(x) else x
        markers = {"mode": "markers", "marker": {"size": 6, "color": style.GREY}}
        data.append(_plain_line(quantity, middle, y) | markers)
        caption += " Line: every iteration. Markers: the mean between two evaluations."
    layout = {
        "xaxis": style.axis("iteration", range=_padded((0, iterations))),
        "yaxis": style.axis(quantity.axis, rangemode="tozero"),
        "hovermode": "x",
    }
    _mark_switches(layout, curves.switches)
    return {"title": quantity.title, "caption": caption, "data": data, "layout": layout}


def _plain_line(quantity: Quantity, x: np.ndarray, y: np.ndarray) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": quantity.axis,
        "x": style.plain(x),
        "y": style.plain(y),
        "connectgaps": True,
        "line": {"color": style.GREY, "width": 2},
        "hovertemplate": "%{y:.4g}<extra></extra>",
        "showlegend": False,
    }


def _mark_switches(
    layout: dict[str, Any], switches: Sequence[Switch], *, named: bool = False
) -> None:
    """Adds a dashed line to a layout where each later phase begins."""
    lines = [
        style.vertical_line(switch.iteration, switch.label if named else "") for switch in switches
    ]
    layout["shapes"] = [shape for line in lines for shape in line["shapes"]]
    layout["annotations"] = [text for line in lines if named for text in line["annotations"]]


def forgetting(
    runs: Sequence[Forgetting],
    *,
    top: int,
    categories: int | None,
    joint: tuple[str, float, float] | None = None,
) -> Figure:
    """Figure 14 of the paper: nice and real accuracy over restricted training.

    Args:
        runs: one run, or several that differ in the dash of their lines.
        top: 1 or 3, for top-1 or top-3 accuracy.
        categories: number of categories, for the random baseline; None leaves it out.
        joint: name, nice and real accuracy of the mixed run that saw as many pictures, drawn as
            reference levels: the upper bound.
    """
    ends = (0.0, float(max((run.iteration[-1] for run in runs if len(run.iteration)), default=1)))
    data = [
        _forgetting_line(score, run, index, alone=len(runs) == 1)
        for index, run in enumerate(runs)
        for score in ("nice", "real")
    ]
    if joint is not None:
        data += [
            style.level(
                value,
                f"{score}, trained jointly ({joint[0]})",
                ends,
                colour=style.COLOURS[score],
                dash="longdash",
            )
            for score, value in zip(("nice", "real"), joint[1:], strict=True)
        ]
    if categories:
        data.append(style.random_baseline(categories, ends, top=top))
    return {
        "title": "Forgetting and learning during restricted training",
        "caption": " ".join(_change(run) for run in runs if len(run.nice)),
        "data": data,
        "layout": {
            "xaxis": style.axis("iterations of restricted training", range=_padded(ends)),
            "yaxis": style.accuracy_axis(f"top-{top} accuracy"),
            "hovermode": "x unified",
        },
    }


def _forgetting_line(score: str, run: Forgetting, index: int, *, alone: bool) -> Trace:
    return style.line(
        score,
        run.iteration,
        getattr(run, score),
        name=score if alone else f"{score}: {run.name}",
        dash=style.DASHES[index % len(style.DASHES)],
    )


def _change(run: Forgetting) -> str:
    """What a run lost and gained, as a sentence."""
    nice, real = (
        f"from {percent(float(values[0]))} to {percent(float(values[-1]))}"
        for values in (run.nice, run.real)
    )
    return f"With {run.name}: nice {nice}, real {real}."


def _padded(ends: tuple[float, float]) -> list[float]:
    """The range of an axis with room at both ends, so that markers are not cut off."""
    room = 0.02 * max(1.0, ends[1] - ends[0])
    return [ends[0] - room, ends[1] + room]
