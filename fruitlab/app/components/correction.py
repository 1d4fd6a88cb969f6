"""What a correction changed, as HTML, and the texts around it; for the demo and for Explore."""

import html
from collections.abc import Iterable
from typing import Any

from fruitlab.app import assets
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import percent, points
from fruitlab.corrections.base import NO_NETWORK
from fruitlab.corrections.correcting import Correction
from fruitlab.data import collection
from fruitlab.metrics import accuracy
from fruitlab.plots.style import SHAPES

FALLEN = 0.005  # a loss of accuracy that is pointed out


def consent(*, learned: bool = True) -> str:
    """What happens to a corrected photo, as Markdown.

    Args:
        learned: there is a network here that may learn it.
    """
    place = f"`{collection.folder()}`" if allows(Action.PATHS) else "the server's data folder"
    then = "A closed-form network learns it at once, others do not. You can take it back."
    return (
        "What is it? One click keeps this photo, 100 × 100 pixels of it, on this machine in "
        f"{place}. {then if learned else NO_NETWORK}"
    )


def choices(categories: Iterable[str]) -> list[str]:
    """The categories to choose from."""
    return list(dict.fromkeys((*categories, collection.NO_FRUIT)))


def markup(done: Correction) -> str:
    """What a correction changed, as HTML with all texts escaped."""
    category = html.escape(done.kept.category)
    kept = f"Kept as <b>{category}</b>."
    if done.run is None:
        return _whole(f"<p>{kept} {html.escape(done.why_not)}</p>")
    (first, second), (before, after) = done.photo, done.scores
    rows = [_row("This photo", _likeliest(first), _likeliest(second))]
    for name in accuracy.SCORES:
        change = points(after[name]["top1"] - before[name]["top1"], signed=True)
        now = f"{_score(after[name])}<small>{change}</small>"
        rows.append(_row(f"{SHAPES[name]} {name.capitalize()}", _score(before[name]), now))
    fallen = [
        f"{name} accuracy fell by {points(loss)}"
        for name in ("nice", "real")
        if (loss := before[name]["top1"] - after[name]["top1"]) >= FALLEN
    ]
    warning = f"<p><b>{' and '.join(fallen).capitalize()}.</b></p>" if fallen else ""
    learned = f"{kept} <b>{html.escape(done.run.id)}</b> has learned it. On the test pictures:"
    return _whole(
        f"<p>{learned}</p>{warning}<table>{_row('', 'before', 'now')}{''.join(rows)}</table>"
    )


def _whole(content: str) -> str:
    return f'{assets.style("correction.css")}<div class="correction" role="status">{content}</div>'


def _row(label: str, before: str, now: str) -> str:
    return f"<tr><th>{label}</th><td>{before}</td><td>{now}</td></tr>"


def _likeliest(top: list[dict[str, Any]]) -> str:
    return f"{html.escape(top[0]['category'])}<small>{percent(top[0]['probability'])}</small>"


def _score(scores: dict[str, Any]) -> str:
    low, high = map(percent, scores["top1_interval"])
    return f"{percent(scores['top1'])}<small>{low} to {high}</small>"
