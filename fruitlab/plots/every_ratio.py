"""Figures of all mixing ratios at once, from plain arrays. Pages add a line at the chosen one."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import style
from fruitlab.plots.figures import Figure

Points = Mapping[str, tuple[Sequence[float], Sequence[float | None]]]
# Okabe and Ito's palette without the colours of the three scores.
CATEGORY_COLOURS = ("#CC79A7", "#56B4E9", "#E69F00", "#8a8790")


def curves(
    scores: Mapping[str, Mapping[str, np.ndarray]],
    *,
    best: int,
    near_best: tuple[int, int],
    paper: Points | None = None,
    trained: Points | None = None,
    marked: int | None = None,
) -> Figure:
    """Accuracy over all ratios, continuous, with 95% intervals.

    Args:
        scores: {score: {top1, low, high}}, fractions at 0, 1, ..., 100% real pictures, [101].
        best: the recommended ratio in percent.
        near_best: first and last ratio that can hardly be told from it.
        paper: {score: (ratios in percent, accuracies)} of the paper, drawn hollow.
        trained: the same of networks that were trained from scratch, drawn dashed.
        marked: a ratio in percent to draw a line at.
    """
    ratios = np.arange(len(scores["nice"]["top1"]))
    data = [
        style.band(score, ratios, scores[score]["low"], scores[score]["high"]) for score in SCORES
    ]
    data += [style.line(score, ratios, scores[score]["top1"], mode="lines") for score in SCORES]
    for score, (x, y) in (trained or {}).items():
        name = f"{score}, trained from scratch"
        shown = score == "combined"
        line = style.line(score, x, y, name=name, dash="dot", opacity=0.7, showlegend=shown)
        data.append(line | {"legendgroup": "trained"})
    for score, (x, y) in (paper or {}).items():
        shown = score == "combined"
        points = style.paper(score, x, y) | {"showlegend": shown, "legendgroup": "paper"}
        data.append(points | ({"name": "combined, paper's Table 2"} if shown else {}))
    layout: dict[str, Any] = {
        "xaxis": style.axis("share of the real training set (%)", range=[-2, 102], dtick=10),
        "yaxis": style.accuracy_axis("top-1 accuracy"),
        "hovermode": "x unified",
    }
    region: dict[str, Any] = {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": near_best[0],
        "y0": 0,
    }
    region |= {"x1": near_best[1], "y1": 1, "line": {"width": 0}, "layer": "below"}
    region["fillcolor"] = style.faded(style.COLOURS["combined"], 0.08)
    layout["shapes"] = [region]
    if marked is not None:
        layout["shapes"] += style.vertical_line(marked, "")["shapes"]
    value = percent(float(scores["combined"]["top1"][best]))
    caption = (
        f"Best ratio by leave-one-out predictions on the training pictures: {best}% real, "
        f"{value} combined on the test pictures. In the shaded range, {near_best[0]} to "
        f"{near_best[1]}%, combined performance is within the best ratio's 95% interval."
        + (" Dotted: small networks, trained from scratch." if trained else "")
        + (" Hollow markers: the paper's Table 2." if paper else "")
    )
    title = "Accuracy at every mixing ratio"
    return {"title": title, "caption": caption, "data": data, "layout": layout}


def photo(probability: np.ndarray, names: Sequence[str], flips: Sequence[int]) -> Figure:
    """The probabilities of a photo's likeliest categories over all ratios.

    Args:
        probability: of these categories, float [101, k].
        names: of the categories, [k].
        flips: ratios at which the answer changes, drawn as thin lines.
    """
    ratios = list(range(len(probability)))
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": ratios,
            "y": style.plain(probability[:, place]),
            "line": {"color": colour, "width": 2.5, "dash": dash},
            "hovertemplate": f"%{{y:.1%}}<extra>{name}</extra>",
        }
        for place, (name, colour, dash) in enumerate(
            zip(names, cycle(CATEGORY_COLOURS), cycle(style.DASHES), strict=False)
        )
    ]
    line = style.vertical_line(0, "")["shapes"][0]
    line |= {"line": {"color": style.GREY, "width": 1, "dash": "dot"}}
    layout = {
        "xaxis": style.axis("share of the real training set (%)", range=[-2, 102], dtick=10),
        "yaxis": style.accuracy_axis("probability"),
        "hovermode": "x unified",
        "shapes": [line | {"x0": flip, "x1": flip} for flip in flips],
    }
    return {"title": "", "caption": "", "data": data, "layout": layout}
