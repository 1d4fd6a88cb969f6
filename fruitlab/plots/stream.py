"""The figure of a stream: how well pictures were known when they arrived, and where it drifted."""

from collections.abc import Mapping, Sequence

import numpy as np

from fruitlab.config.text import percent
from fruitlab.metrics.drift import drifts
from fruitlab.plots import style
from fruitlab.plots.figures import Figure

DOMAINS = ("nice", "real")


def stream(
    iteration: Sequence[float] | np.ndarray,
    arrived: Mapping[str, np.ndarray],
    right: Mapping[str, np.ndarray],
    kept: Mapping[str, int],
    *,
    iterations: int,
) -> Figure:
    """Accuracy on the pictures that arrived between two evaluations, before they were learned.

    Args:
        iteration: of each evaluation.
        arrived: by domain, pictures that arrived since the evaluation before.
        right: by domain, how many of them were answered right.
        kept: by domain, pictures in the buffers now.
        iterations: length of the whole run, the end of the axis.
    """
    data, parts = [], []
    for domain in DOMAINS:
        count = arrived[domain]
        known = np.where(count > 0, right[domain] / np.maximum(count, 1), np.nan)
        data.append(style.line(domain, iteration, known))
        if total := int(count.sum()):
            share = percent(float(right[domain].sum()) / total)
            parts.append(f"{total:,} {domain} pictures have arrived, {share} answered right")
    found = drifts(*((of["nice"] + of["real"]).astype(int).tolist() for of in (arrived, right)))
    lines = [style.vertical_line(float(iteration[place]), "drift") for place in found]
    caption = f"{'; '.join(parts) or 'Nothing has arrived yet'}, before they were learned. "
    caption += f"In the buffers: {kept['nice']:,} nice and {kept['real']:,} real pictures."
    if found:
        where = ", ".join(f"{int(iteration[place]):,}" for place in found)
        caption += f" The errors rose (drift, DDM) by iteration {where}."
    return {
        "title": "Accuracy on pictures as they arrive",
        "caption": caption,
        "data": data,
        "layout": {
            "xaxis": style.axis("iteration", range=[-0.02 * iterations, 1.02 * iterations]),
            "yaxis": style.accuracy_axis("top-1 accuracy"),
            "hovermode": "x unified",
            "shapes": [shape for line in lines for shape in line["shapes"]],
            "annotations": [text for line in lines for text in line["annotations"]],
        },
    }
