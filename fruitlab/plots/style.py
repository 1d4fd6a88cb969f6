"""The three marks that nice, real and combined have everywhere, and what else a plot is drawn with. No colour stands alone.

Okabe and Ito's colours, told apart by colour-blind readers; each with a shape of its own, and combined with a thicker line.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fruitlab.config.text import percent

COLOURS = {"nice": "#0072B2", "real": "#D55E00", "combined": "#009E73"}
SYMBOLS = {"nice": "circle", "real": "diamond", "combined": "square"}
SHAPES = {"nice": "●", "real": "◆", "combined": "■"}
TEXT = {
    mark: f':color[{SHAPES[mark]}]{{foreground="{COLOURS[mark]}"}} {mark}' for mark in COLOURS
}  # mark and name in Streamlit's text
WIDTHS = {"nice": 2, "real": 2, "combined": 3.5}
GREY = "#8a8790"
# Several runs over one another keep their marks' colours and differ by the line.
DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")

Trace = dict[str, Any]


def line(
    mark: str,
    x: Sequence[float],
    y: Sequence[float | None],
    *,
    name: str = "",
    dash: str = "solid",
    **more: Any,
) -> Trace:
    """A curve of accuracies with its mark. `y` in fractions of one."""
    few = 40 < len(x)  # beyond that the shapes hide the line: some of them are enough
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name or mark,
        "x": plain(x),
        "y": plain(y),
        "line": {"color": COLOURS[mark], "width": WIDTHS[mark], "dash": dash},
        "marker": {
            "color": COLOURS[mark],
            "symbol": SYMBOLS[mark],
            "size": 7,
            "maxdisplayed": 25 if few else 0,
        },
        "hovertemplate": "%{y:.1%}<extra>" + (name or mark) + "</extra>",
    } | more


def bars(mark: str, deviations: Sequence[float | None]) -> dict[str, Any]:
    """What gives a `line` the spread over seeds as bars, where there is any."""
    if not any(deviations):
        return {}
    return {
        "error_y": {
            "type": "data",
            "array": [value or 0.0 for value in deviations],
            "color": COLOURS[mark],
            "thickness": 1,
            "width": 3,
        }
    }


def paper(mark: str, x: Sequence[float], y: Sequence[float | None], *, name: str = "") -> Trace:
    """The paper's values: hollow marks of the same colour."""
    name = name or f"{mark}, paper"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": plain(x),
        "y": plain(y),
        "hovertemplate": "%{y:.1%}<extra>" + name + "</extra>",
        "marker": {
            "color": COLOURS[mark],
            "symbol": f"{SYMBOLS[mark]}-open",
            "size": 9,
            "line": {"width": 1.5},
        },
    }


def level(
    value: float,
    name: str,
    x: tuple[float, float],
    *,
    colour: str = GREY,
    dash: str = "dot",
    right: bool = True,
) -> Trace:
    """A reference line over all of x, named on the line itself, at its right or left end: a legend of long names would crowd the plot."""
    text = f"{name} {percent(value)}"
    # Markers that are not seen hold the text off the line.
    return {
        "type": "scatter",
        "mode": "lines+markers+text",
        "marker": {"opacity": 0, "size": 6},
        "name": name,
        "x": list(x),
        "y": [value, value],
        "showlegend": False,
        "cliponaxis": False,
        "text": ["", text] if right else [text, ""],
        "textposition": "top left" if right else "top right",
        "textfont": {"size": 11},
        "line": {"color": colour, "width": 1.5, "dash": dash},
        "hovertemplate": "%{y:.1%}<extra>" + name + "</extra>",
    }


def chance(categories: int, x: tuple[float, float], *, top: int = 1) -> Trace:
    """What guessing would get: a grey dotted line."""
    return level(min(1.0, top / max(1, categories)), "chance", x)


def band(
    mark: str, x: Sequence[float], low: Sequence[float], high: Sequence[float], *, name: str = ""
) -> Trace:
    """A pale band between two curves, such as a 95 % interval or the spread over seeds."""
    x = plain(x)
    return {
        "type": "scatter",
        "mode": "none",
        "fill": "toself",
        "fillcolor": faded(COLOURS[mark], 0.15),
        "hoverinfo": "skip",
        "showlegend": bool(name),
        "name": name,
        "x": x + x[::-1],
        "y": plain(high) + plain(low)[::-1],
    }


def switch(x: float, text: str, *, top: bool = True) -> dict[str, Any]:
    """shapes and annotations of a layout: an upright line, where a phase begins or another thing is; named at its upper or lower end."""
    return {
        "shapes": [
            {
                "type": "line",
                "xref": "x",
                "yref": "paper",
                "x0": x,
                "x1": x,
                "y0": 0,
                "y1": 1,
                "line": {"color": GREY, "width": 1.5, "dash": "dash"},
            }
        ],
        "annotations": [
            {
                "x": x,
                "xref": "x",
                "y": int(top),
                "yref": "paper",
                "yanchor": "top" if top else "bottom",
                "xanchor": "left",
                "showarrow": False,
                "text": f" {text}",
            }
        ],
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}} | more


def accuracy_axis(title: str = "accuracy", **more: Any) -> dict[str, Any]:
    """From 0 to 100 %, whatever the values: heights of two plots can be compared."""
    return axis(title, tickformat=".0%", range=[0, 1.02], **more)


def plain(values: Sequence[float | None]) -> list[Any]:
    """As JSON takes it: what is not a number becomes a gap."""
    return [
        None if value is None or value != value else value
        for value in (values.tolist() if isinstance(values, np.ndarray) else values)
    ]


def faded(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
