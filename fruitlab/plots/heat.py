"""A score over two settings, as a heat map with its values written in the cells."""

from collections.abc import Sequence
from typing import Any

from fruitlab.config.text import percent
from fruitlab.plots import style
from fruitlab.plots.figures import Figure


def heat_map(
    score: str,
    x: tuple[str, Sequence[Any]],
    y: tuple[str, Sequence[Any]],
    values: Sequence[Sequence[float | None]],
    *,
    top: int,
) -> Figure:
    """One score at every combination of two settings.

    The settings are drawn at equal distances, whatever their values. The colour goes from
    transparent at the lowest value to the score's colour at the highest one.

    Args:
        score: ``nice``, ``real`` or ``combined``.
        x: label and values of the setting from left to right.
        y: label and values of the setting from bottom to top.
        values: fractions between 0 and 1, a row for each value of `y`; None without a run.
        top: 1 or 3.
    """
    colour = style.COLOURS[score]
    names_x, names_y = list(map(_text, x[1])), list(map(_text, y[1]))
    known = [
        (value, column, row)
        for row, line in zip(names_y, values, strict=True)
        for column, value in zip(names_x, line, strict=True)
        if value is not None
    ]
    caption = ""
    if known:
        value, column, row = max(known)
        caption = f"Best at {x[0]} {column} and {y[0]} {row}: {percent(value)}."
    trace = {
        "type": "heatmap",
        "x": names_x,
        "y": names_y,
        "z": [list(line) for line in values],
        "text": [["" if value is None else percent(value) for value in line] for line in values],
        "texttemplate": "%{text}",
        "colorscale": [[0, style.faded(colour, 0.03)], [1, style.faded(colour, 0.6)]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": f"{x[0]} %{{x}}<br>{y[0]} %{{y}}<br>%{{text}}<extra>{score}</extra>",
    }
    layout = {
        "xaxis": style.axis(x[0], type="category", showgrid=False),
        "yaxis": style.axis(y[0], type="category", showgrid=False),
    }
    title = f"{style.SHAPES[score]} {score.capitalize()}, top-{top}"
    return {"title": title, "caption": caption, "data": [trace], "layout": layout}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
