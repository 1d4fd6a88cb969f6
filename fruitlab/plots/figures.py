"""The explorer's figures as plain dicts (data, layout, title, reading), from plain arrays: fractions of one, iterations.

They set neither text nor grid colours: the chart component takes those from the page, in light and dark.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fruitlab.config.text import percent
from fruitlab.metrics.series import Curves, Forgetting
from fruitlab.plots import style

Figure = dict[str, Any]


def accuracies(
    curves: Curves,
    *,
    top: int,
    iterations: int,
    categories: int | None,
    best: tuple[str, float] | None = None,
) -> Figure:
    """Both accuracies and combined performance over a run, with chance and the best mixed run as levels.

    Args:
        top: 1 or 3. iterations: of the whole run, the axis' end.
        best: name and combined performance of the best mixed run on the same data.
    """
    ends = (0.0, float(iterations))
    data = [
        style.line(mark, curves.iteration, getattr(curves, mark))
        for mark in ("nice", "real", "combined")
    ]
    if best is not None:
        data.append(
            style.level(
                best[1],
                f"best other mixed run ({best[0]}), combined",
                ends,
                colour=style.COLOURS["combined"],
                dash="longdash",
                right=False,
            )
        )
    if categories:
        data.append(style.chance(categories, ends, top=top))
    reading = "No point yet: the first comes before the first iteration, within seconds of the data being read."
    if len(curves.iteration):
        nice, real, both = (
            percent(float(getattr(curves, mark)[-1])) for mark in ("nice", "real", "combined")
        )
        reading = f"At iteration {int(curves.iteration[-1]):,}: {nice} of nice and {real} of real test pictures right, {both} combined."
    layout = {
        "xaxis": style.axis("iteration", range=_padded(ends)),
        "yaxis": style.accuracy_axis(f"top-{top} accuracy"),
        "hovermode": "x unified",
    }
    if curves.switch is not None:
        layout |= style.switch(curves.switch, "restricted training")
        reading += f" The dashed line is where restricted training begins: from iteration {curves.switch:,} only the last two layers learn, on real pictures."
    return {
        "title": f"Top-{top} accuracy on both test sets",
        "reading": reading,
        "data": data,
        "layout": layout,
    }


def loss(curves: Curves, *, iterations: int) -> Figure:
    """Training loss (cross entropy)."""
    return _one(
        curves,
        curves.loss,
        title="Training loss",
        axis="cross entropy (nats)",
        iterations=iterations,
        reading="How surprised the network is by its training pictures; lower is better.",
    )


def learning_rate(curves: Curves, *, iterations: int) -> Figure:
    return _one(
        curves,
        curves.learning_rate,
        title="Learning rate",
        axis="learning rate",
        iterations=iterations,
        reading="How large a step each iteration takes.",
    )


def _one(
    curves: Curves, y: np.ndarray, *, title: str, axis: str, iterations: int, reading: str
) -> Figure:
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": axis,
        "x": style.plain(curves.iteration),
        "y": style.plain(y),
        "connectgaps": True,
        "line": {"color": style.GREY, "width": 2},
        "hovertemplate": "%{y:.4g}<extra></extra>",
        "showlegend": False,
    }
    layout = {
        "xaxis": style.axis("iteration", range=_padded((0, iterations))),
        "yaxis": style.axis(axis, rangemode="tozero"),
        "hovermode": "x unified",
    }
    if curves.switch is not None:
        layout |= {"shapes": style.switch(curves.switch, "")["shapes"]}
    return {"title": title, "reading": reading, "data": [trace], "layout": layout}


def forgetting(
    runs: Sequence[Forgetting],
    *,
    top: int,
    categories: int | None,
    joint: tuple[str, float, float] | None = None,
) -> Figure:
    """Figure 14: nice and real accuracy over restricted training, of one run or of several over one another.

    Args:
        joint: name, nice and real accuracy of the mixed run at the same budget: the upper reference.
    """
    ends = (0.0, float(max((run.iteration[-1] for run in runs if len(run.iteration)), default=1)))
    data = []
    for place, run in enumerate(runs):
        for mark in ("nice", "real"):
            name = mark if len(runs) == 1 else f"{mark}: {run.name}"
            data.append(
                style.line(
                    mark,
                    run.iteration,
                    getattr(run, mark),
                    name=name,
                    dash=style.DASHES[place % len(style.DASHES)],
                )
            )
    if joint is not None:
        for mark, value in zip(("nice", "real"), joint[1:], strict=True):
            data.append(
                style.level(
                    value,
                    f"{mark}, trained jointly ({joint[0]})",
                    ends,
                    colour=style.COLOURS[mark],
                    dash="longdash",
                )
            )
    if categories:
        data.append(style.chance(categories, ends, top=top))
    drawn = [run for run in runs if len(run.nice)]
    reading = " ".join(
        f"{run.name}: nice from {percent(float(run.nice[0]))} to {percent(float(run.nice[-1]))}, "
        f"real from {percent(float(run.real[0]))} to {percent(float(run.real[-1]))}."
        for run in drawn
    )
    layout = {
        "xaxis": style.axis("iterations of restricted training", range=_padded(ends)),
        "yaxis": style.accuracy_axis(f"top-{top} accuracy"),
        "hovermode": "x unified",
    }
    return {
        "title": "What is forgotten, and what is learned, in restricted training",
        "reading": reading,
        "data": data,
        "layout": layout,
    }


def mixing(
    ratio: Sequence[float],
    nice: Sequence[float],
    real: Sequence[float],
    combined: Sequence[float],
    *,
    top: int = 1,
    chosen: float | None = None,
    paper: dict[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    deviations: dict[str, Sequence[float | None]] | None = None,
) -> Figure:
    """The mixing curve (Table 2): accuracies over the share of real training pictures.

    Args:
        ratio: shares of the real training set in percent, ascending. chosen: the one to point out.
        paper: {mark: (ratios, accuracies)} to set beside it. deviations: {mark: the spread over seeds at each ratio, None of a single one}.
    """
    values = {"nice": nice, "real": real, "combined": combined}
    data = [
        style.line(mark, ratio, values[mark], **style.bars(mark, (deviations or {}).get(mark, ())))
        for mark in values
    ]
    data += [style.paper(mark, *points) for mark, points in (paper or {}).items()]
    layout = {
        "xaxis": style.axis("share of the real training set (%)", range=[-3, 103], dtick=10),
        "yaxis": style.accuracy_axis(f"top-{top} accuracy"),
        "hovermode": "x unified",
    }
    if chosen is not None:
        layout |= style.switch(
            chosen, f"{chosen:g} %", top=False
        )  # at the upper end are the nice accuracies
    reading = ""
    if len(ratio):
        best = int(np.nanargmax(np.asarray(combined, dtype=float)))
        reading = f"Combined performance is best at {ratio[best]:g} % real: {percent(float(combined[best]))}."
        if any(any(spread) for spread in (deviations or {}).values()):
            reading += " Bars: the standard deviation over seeds."
    return {"title": "Accuracy by mixing ratio", "reading": reading, "data": data, "layout": layout}


def _padded(ends: tuple[float, float]) -> list[float]:
    """A little room at both ends, for whole marks."""
    room = 0.02 * max(1.0, ends[1] - ends[0])
    return [ends[0] - room, ends[1] + room]
