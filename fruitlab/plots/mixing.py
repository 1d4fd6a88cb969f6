"""The mixing curve, from plain arrays: accuracy over the share of real training pictures."""

from collections.abc import Mapping, Sequence

import numpy as np

from fruitlab.config.text import percent
from fruitlab.plots import style
from fruitlab.plots.figures import Figure


def curve(
    ratio: Sequence[float],
    nice: Sequence[float | None],
    real: Sequence[float | None],
    combined: Sequence[float | None],
    *,
    top: int = 1,
    chosen: float | None = None,
    paper: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    deviations: Mapping[str, Sequence[float | None]] | None = None,
) -> Figure:
    """The mixing curve (Table 2 of the paper): accuracy over the share of real training pictures.

    Args:
        ratio: shares of the real training set in percent, ascending, [n].
        nice: accuracy on nice test pictures at each ratio, [n].
        real: accuracy on real test pictures at each ratio, [n].
        combined: combined performance at each ratio, [n]. Any accuracy may be None: a gap.
        top: 1 or 3, for top-1 or top-3 accuracy.
        chosen: the ratio to highlight.
        paper: {score: (ratios, accuracies)}, the paper's values.
        deviations: {score: standard deviations over seeds, [n]}, None where there is one seed.
    """
    values, deviations = {"nice": nice, "real": real, "combined": combined}, deviations or {}
    data = [
        style.line(
            score, ratio, values[score], **style.error_bars(score, deviations.get(score, ()))
        )
        for score in values
    ]
    data += [style.paper(score, *points) for score, points in (paper or {}).items()]
    layout = {
        "xaxis": style.axis("share of the real training set (%)", range=[-3, 103], dtick=10),
        "yaxis": style.accuracy_axis(f"top-{top} accuracy"),
        "hovermode": "x unified",
    }
    if chosen is not None:  # labelled at the lower end: nice accuracies are at the upper one
        layout |= style.vertical_line(chosen, f"{chosen:g}%", top=False)
    caption = ""
    if len(ratio):
        known = np.asarray(combined, dtype=float)  # None becomes nan
        best = int(np.nanargmax(known))
        value = percent(float(known[best]))
        caption = f"Combined performance is best at {ratio[best]:g}% real: {value}."
        if any(any(spread) for spread in deviations.values()):
            caption += " Error bars: standard deviation over seeds."
    return {"title": "Accuracy by mixing ratio", "caption": caption, "data": data, "layout": layout}
