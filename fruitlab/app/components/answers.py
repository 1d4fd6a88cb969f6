"""The answers of several networks to one photo, one below the other, as HTML."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fruitlab.app import assets
from fruitlab.config.text import percent
from fruitlab.inference.confidence import CalibratedAnswer


@dataclass(frozen=True)
class Row:
    """The answer of one network.

    Attributes:
        ratio: share of real training pictures, in percent.
        top: ``[{"category": str, "probability": float}]``, most likely first.
        answer: the first of `top` with its calibrated confidence; None if there is an error.
        error: a message to show instead of an answer.
        truth: the true category, where it is known.
    """

    ratio: int
    top: Sequence[dict[str, Any]]
    answer: CalibratedAnswer | None
    error: str = ""
    truth: str | None = None


def table(rows: Sequence[Row], *, chosen: int, accent: str) -> str:
    """The answers as HTML, with all texts escaped.

    Args:
        rows: one for each network.
        chosen: the ratio to highlight.
        accent: colour of bars and highlight, as ``#rrggbb``.
    """
    first = next((row for row in rows if row.ratio == chosen), None)
    heading = ""
    if first and first.answer:
        network = f"Answer of the network with {chosen}% real pictures"
        # "Not confident" is neither right nor wrong.
        mark = _mark(first, first.answer) if first.answer.heading == first.answer.category else ""
        heading = f'<div class="answer"><p>{network}</p>{first.answer.marked(mark)}</div>'
    body = "".join(_row(row, chosen=row.ratio == chosen) for row in rows)
    networks = f'<div class="networks" style="--accent:{html.escape(accent)}">{body}</div>'
    return assets.style("answers.css") + heading + networks


def _row(row: Row, *, chosen: bool) -> str:
    answer = row.answer
    not_confident = answer is not None and answer.confident is False
    classes = f"{'chosen ' if chosen else ''}{'not-confident' if not_confident else ''}"
    current = ' aria-current="true"' if chosen else ""
    if row.error or answer is None:
        content = f"<small>{html.escape(row.error)}</small>"
    else:
        content = _bar(row, answer) + _details(row, answer)
    ratio = f'<div class="ratio">{row.ratio}%</div>'
    return f'<div class="{classes.strip()}"{current}>{ratio}<div>{content}</div></div>'


def _mark(row: Row, answer: CalibratedAnswer) -> str:
    """Whether the answer is right, where the true category is known."""
    return "" if row.truth is None else "✓ " if answer.category == row.truth else "✗ "


def _bar(row: Row, answer: CalibratedAnswer) -> str:
    doubt = " (not confident)" if answer.confident is False else ""
    name = html.escape(f"{_mark(row, answer)}{answer.category}{doubt}")
    fill = f'<i style="width:{100 * answer.probability:.1f}%"></i>'
    text = f"<span><b>{name}</b>{percent(answer.probability)}</span>"
    return f'<div class="bar">{fill}{text}</div>'


def _details(row: Row, answer: CalibratedAnswer) -> str:
    """The other likely categories, and how often such an answer is right."""
    others = (f"{one['category']} {percent(one['probability'])}" for one in row.top[1:])
    lines = [html.escape(" · ".join(others))]
    if answer.similar:
        right = percent(answer.similar.accuracy)
        lines.append(f"Answers like this are right {right} of the time.")
    return f"<small>{'<br>'.join(filter(None, lines))}</small>"
