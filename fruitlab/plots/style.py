"""The plot style of the three scores, and the traces that every figure is built from.

Nice, real and combined have the same colour, marker and line width in every plot (Okabe and Ito's
colour-blind-safe palette). No plot relies on colour alone. Traces are plain dicts as plotly.js
expects them; text and grid colours are left to the page, which has a light and a dark theme.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fruitlab.config.text import percent

COLOURS = {"nice": "#0072B2", "real": "#D55E00", "combined": "#009E73"}
SYMBOLS = {"nice": "circle", "real": "diamond", "combined": "square"}  # plotly's marker names
SHAPES = {"nice": "●", "real": "◆", "combined": "■"}  # the same markers as text
WIDTHS = {"nice": 2, "real": 2, "combined": 3.5}  # of lines, in pixels
LABELS = {  # marker and name in Streamlit's Markdown
    score: f':color[{SHAPES[score]}]{{foreground="{COLOURS[score]}"}} {score}' for score in COLOURS
}
GREY = "#8a8790"
# Several runs in one plot keep the colours of the scores and differ in the dash.
DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")
MANY_POINTS = 40  # from here on only some points get a marker: all of them would hide the line

Trace = dict[str, Any]


def line(
    score: str,
    x: Sequence[float] | np.ndarray,
    y: Sequence[float | None] | np.ndarray,
    *,
    name: str = "",
    dash: str = "solid",
    **more: Any,
) -> Trace:
    """A curve in the style of a score.

    Args:
        score: ``nice``, ``real`` or ``combined``.
        x: values on the horizontal axis, [n].
        y: fractions between 0 and 1, [n]; NaN and None leave a gap.
        name: legend entry, by default the score.
        dash: one of `DASHES`.
        **more: further attributes of the trace, such as `error_bars`.
    """
    name = name or score
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": plain(x),
        "y": plain(y),
        "line": {"color": COLOURS[score], "width": WIDTHS[score], "dash": dash},
        "marker": {
            "color": COLOURS[score],
            "symbol": SYMBOLS[score],
            "size": 7,
            "maxdisplayed": 25 if len(x) > MANY_POINTS else 0,
        },
        "hovertemplate": f"%{{y:.1%}}<extra>{name}</extra>",
    } | more


def error_bars(score: str, deviations: Sequence[float | None]) -> dict[str, Any]:
    """The attribute that gives a `line` vertical error bars; empty if all deviations are 0 or None.

    Args:
        score: ``nice``, ``real`` or ``combined``.
        deviations: half the height of each bar as a fraction, [n].
    """
    if not any(deviations):
        return {}
    return {
        "error_y": {
            "type": "data",
            "array": [value or 0.0 for value in deviations],
            "color": COLOURS[score],
            "thickness": 1,
            "width": 3,
        }
    }


def paper(score: str, x: Sequence[float], y: Sequence[float | None], *, name: str = "") -> Trace:
    """The paper's values: hollow markers in the style of the score.

    Args:
        score: ``nice``, ``real`` or ``combined``.
        x: values on the horizontal axis, [n].
        y: fractions between 0 and 1, [n].
        name: legend entry, by default the score and "paper".
    """
    name = name or f"{score}, paper"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": plain(x),
        "y": plain(y),
        "hovertemplate": f"%{{y:.1%}}<extra>{name}</extra>",
        "marker": {
            "color": COLOURS[score],
            "symbol": f"{SYMBOLS[score]}-open",
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
    """A horizontal reference line with its label on the line, as long names would fill the legend.

    Args:
        value: fraction between 0 and 1.
        name: label; the value is appended as a percentage.
        x: left and right end of the line.
        colour: of the line, as ``#rrggbb``.
        dash: one of plotly's dash names.
        right: put the label at the right end, otherwise at the left end.
    """
    text = f"{name} {percent(value)}"
    return {
        "type": "scatter",
        "mode": "lines+markers+text",
        "marker": {"opacity": 0, "size": 6},  # invisible: they keep the text off the line
        "name": name,
        "x": list(x),
        "y": [value, value],
        "showlegend": False,
        "cliponaxis": False,
        "text": ["", text] if right else [text, ""],
        "textposition": "top left" if right else "top right",
        "textfont": {"size": 11},
        "line": {"color": colour, "width": 1.5, "dash": dash},
        "hovertemplate": f"%{{y:.1%}}<extra>{name}</extra>",
    }


def random_baseline(categories: int, x: tuple[float, float], *, top: int = 1) -> Trace:
    """The accuracy of random guessing, ``top / categories``, as a grey dotted line.

    Args:
        categories: number of categories.
        x: left and right end of the line.
        top: 1 or 3, the number of guesses that count.
    """
    return level(min(1.0, top / max(1, categories)), "random baseline", x)


def band(
    score: str,
    x: Sequence[float] | np.ndarray,
    low: Sequence[float] | np.ndarray,
    high: Sequence[float] | np.ndarray,
    *,
    name: str = "",
) -> Trace:
    """A shaded area between two curves, such as a 95% interval or the deviation over seeds.

    Args:
        score: ``nice``, ``real`` or ``combined``, for the colour.
        x: values on the horizontal axis, [n].
        low: lower edge as fractions, [n].
        high: upper edge as fractions, [n].
        name: legend entry; without one the band is left out of the legend.
    """
    x = plain(x)
    return {
        "type": "scatter",
        "mode": "none",
        "fill": "toself",
        "fillcolor": faded(COLOURS[score], 0.15),
        "hoverinfo": "skip",
        "showlegend": bool(name),
        "name": name,
        "x": x + x[::-1],
        "y": plain(high) + plain(low)[::-1],
    }


def vertical_line(x: float, text: str, *, top: bool = True) -> dict[str, Any]:
    """The shapes and annotations of a layout that draw a labelled vertical line.

    Args:
        x: position on the horizontal axis.
        text: label.
        top: put the label at the upper end, otherwise at the lower end.
    """
    shape = {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "line": {"color": GREY, "width": 1.5, "dash": "dash"},
    }
    annotation = {
        "x": x,
        "xref": "x",
        "y": int(top),
        "yref": "paper",
        "yanchor": "top" if top else "bottom",
        "xanchor": "left",
        "showarrow": False,
        "text": f" {text}",
    }
    return {"shapes": [shape], "annotations": [annotation]}


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis with a title and any further attributes of plotly's axes."""
    return {"title": {"text": title}} | more


def accuracy_axis(title: str = "accuracy", **more: Any) -> dict[str, Any]:
    """An axis from 0 to 100% whatever the values, so that plots can be compared by eye."""
    return axis(title, tickformat=".0%", range=[0, 1.02], **more)


def plain(values: Sequence[float | None] | np.ndarray) -> list[Any]:
    """The values as JSON takes them: NaN becomes None, which plotly draws as a gap."""
    items = values.tolist() if isinstance(values, np.ndarray) else values
    return [None if value is None or value != value else value for value in items]


def faded(colour: str, opacity: float) -> str:
    """The colour ``#rrggbb`` as CSS ``rgba()`` with this opacity between 0 and 1."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def escaped(text: str) -> str:
    """A text in which Plotly finds no HTML tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
