"""A person's answers against those of networks at every ratio, as a figure."""

from typing import Any

from fruitlab.metrics.agreement import Agreement
from fruitlab.plots import style
from fruitlab.plots.comparison import COLOURS
from fruitlab.plots.figures import Figure
from fruitlab.plots.style import Trace

YOU = COLOURS[3]  # readable on light and dark pages, and no score's colour


def curves(found: Agreement, pictures: int) -> Figure:
    """How many answers are the same, and how many are right, at 0, 1, ... % real pictures.

    Args:
        found: at every ratio, ascending by one percent.
        pictures: number of pictures.
    """
    same, middle = found.same[found.first], found.middle
    if found.same.min() == same:
        who = "You resemble all networks alike"
    elif found.first == found.last:
        who = f"You agree most with the network at {middle}% real pictures"
    else:
        who = f"You agree most with the networks from {found.first} to {found.last}% real pictures"
    caption = (
        f"{who}: the same answer to {same} of {pictures} pictures, right or wrong. You got "
        f"{found.own} right, and the network at {middle}% got {found.right[middle]} right."
    )
    data = [
        _line("same answer as you", found.same.tolist(), YOU, "solid"),
        _line("right answers of the network", found.right.tolist(), style.GREY, "solid"),
        _line("your right answers", [found.own] * len(found.same), YOU, "dot"),
    ]
    layout: dict[str, Any] = {
        "xaxis": style.axis("share of the real training set (%)", range=[-2, 102], dtick=10),
        "yaxis": style.axis("pictures", range=[0, 1.04 * pictures]),
        "hovermode": "x unified",
    }
    title = "Which network you resemble"
    return {"title": title, "caption": caption, "data": data, "layout": layout}


def _line(name: str, values: list[int], colour: str, dash: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(range(len(values))),
        "y": values,
        "line": {"color": colour, "width": 2.5, "dash": dash},
        "hovertemplate": f"%{{y}}<extra>{name}</extra>",
    }
