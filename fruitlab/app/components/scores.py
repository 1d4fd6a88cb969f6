"""The three scores in large type with their changes, as HTML that stays in one row on a phone."""

from collections.abc import Mapping

from fruitlab.app import assets
from fruitlab.config.text import percent, points
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import style

Scores = Mapping[str, float | None]


def large(scores: Scores, before: Scores | None) -> str:
    """HTML of the three scores.

    Args:
        scores: nice, real and combined as fractions between 0 and 1.
        before: the scores to compare with; None leaves the changes out.
    """
    cells = "".join(
        _cell(name, scores[name], None if before is None else before[name]) for name in SCORES
    )
    return f'{assets.style("scores.css")}<div class="scores"><div>{cells}</div></div>'


def _cell(name: str, value: float | None, before: float | None) -> str:
    marker = f'<i style="color:{style.COLOURS[name]}">{style.SHAPES[name]}</i>'
    change = "" if value is None or before is None else f"<small>{_change(value - before)}</small>"
    return f"<div><span>{marker} {name.capitalize()}</span><b>{percent(value)}</b>{change}</div>"


def _change(difference: float) -> str:
    rounded = round(100 * difference, 1)
    arrow = "▲" if rounded > 0 else "▼" if rounded < 0 else "="
    return f"{arrow} {points(abs(difference))}"
