"""The figure of closed-form iterative training beside gradient training, from plain arrays."""

from collections.abc import Mapping, Sequence

from fruitlab.config.text import percent, points
from fruitlab.plots import style
from fruitlab.plots.figures import Figure

Curve = Mapping[str, Sequence[float]]  # seen, nice, real
TICKS = [digit * 10**power for power in range(7) for digit in (1, 3)]


def arriving(closed: Curve, gradient: Curve, joint: Mapping[str, float], categories: int) -> Figure:
    """Nice and real accuracy over the number of real pictures seen, on a logarithmic axis.

    Args:
        closed: the closed form; each picture is seen once.
        gradient: a gradient-trained run; it sees pictures several times.
        joint: nice and real accuracy of the closed form on all pictures at once.
        categories: their number, for the random baseline.
    """
    first = next(seen for seen in closed["seen"] if seen)
    ends = (float(first), float(max(closed["seen"][-1], gradient["seen"][-1])))
    data = []
    for name, curve, dash in (("closed form", closed, "solid"), ("gradient", gradient, "dash")):
        places = [place for place, seen in enumerate(curve["seen"]) if seen >= first]
        x = [curve["seen"][place] for place in places]
        for score in ("nice", "real"):
            y = [curve[score][place] for place in places]
            data.append(style.line(score, x, y, name=f"{score}, {name}", dash=dash))
    data.append(style.random_baseline(categories, ends))
    lost = joint["nice"] - closed["nice"][-1]
    kept, forgot = (percent(curve["nice"][-1]) for curve in (closed, gradient))
    caption = (
        f"The closed form ends at {kept} nice and {percent(closed['real'][-1])} real, gradient "
        f"training at {forgot} nice and {percent(gradient['real'][-1])} real. Against training on "
        f"all pictures at once, the closed form loses {points(lost)} of nice accuracy. "
        f"Vertical line: all {closed['seen'][-1]:,} real pictures have been seen once."
    )
    return {
        "title": "Closed form and gradient training while real pictures arrive",
        "caption": caption,
        "data": data,
        "layout": {
            "xaxis": style.axis("real pictures seen", type="log", tickvals=TICKS, tickformat="~s"),
            "yaxis": style.accuracy_axis("top-1 accuracy"),
            "hovermode": "x unified",
            "shapes": style.vertical_line(closed["seen"][-1], "")["shapes"],
        },
    }
