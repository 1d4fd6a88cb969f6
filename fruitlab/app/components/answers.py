"""Several networks' answers to one photo, one below the other, as HTML that takes the page's colours and wraps on a telephone."""

import html
from dataclasses import dataclass
from typing import Any

from fruitlab.config.text import percent
from fruitlab.inference.confidence import Judgement

_STYLE = """<style>
.said { margin-bottom: 1rem; }
.said h3 { font-size: 1.9rem; font-weight: 600; margin: 0; padding: 0; line-height: 1.3; }
.said p { margin: 0; font-size: .95rem; line-height: 1.45; opacity: .85; }
.networks { font-size: .9rem; }
.networks > div { display: grid; grid-template-columns: 3.4rem 1fr; gap: .6rem; padding: .45rem .5rem; border-left: 3px solid transparent; }
.networks > div.chosen { border-left-color: ACCENT; background: color-mix(in srgb, currentColor 6%, transparent); }
.networks .ratio { font-variant-numeric: tabular-nums; text-align: right; padding-top: .1rem; font-weight: 600; }
.networks .bar { position: relative; padding: .1rem .4rem; border-radius: 4px; background: color-mix(in srgb, currentColor 7%, transparent); overflow: hidden; }
.networks .bar i { position: absolute; inset: 0 auto 0 0; background: color-mix(in srgb, ACCENT 38%, transparent); }
.networks .bar span { position: relative; display: flex; justify-content: space-between; gap: .5rem; }
.networks .unsure .bar i { background: color-mix(in srgb, currentColor 16%, transparent); }
.networks small { display: block; opacity: .75; padding: .15rem .4rem 0; line-height: 1.35; }
</style>"""


@dataclass(frozen=True)
class Row:
    """What one network says."""

    ratio: int  # percent
    top: list[dict[str, Any]]  # [{category, probability}], the likeliest first
    judgement: Judgement | None
    error: str = ""  # instead of an answer
    truth: str | None = None  # the category, where it is known


def table(rows: list[Row], *, chosen: int, accent: str) -> str:
    """HTML; every text in it is escaped.

    Args:
        chosen: the ratio to point out. accent: a colour such as #7b3f7d.
    """
    now = next((row.judgement for row in rows if row.ratio == chosen), None)
    said = (
        f'<div class="said"><p>The network with {chosen} % real pictures says</p>{now.markup}</div>'
        if now
        else ""
    )
    return f'{_STYLE.replace("ACCENT", accent)}{said}<div class="networks">{"".join(_row(row, row.ratio == chosen) for row in rows)}</div>'


def _row(row: Row, chosen: bool) -> str:
    classes = " ".join(
        name
        for name, on in (
            ("chosen", chosen),
            ("unsure", row.judgement is not None and row.judgement.sure is False),
        )
        if on
    )
    head = f'<div class="{classes}"{" aria-current=true" if chosen else ""}><div class="ratio">{row.ratio} %</div><div>'
    if row.error or row.judgement is None:
        return f"{head}<small>{html.escape(row.error)}</small></div></div>"
    first, rest = row.top[0], row.top[1:]
    mark = "" if row.truth is None else "✓ " if first["category"] == row.truth else "✗ "
    name = f"{mark}{first['category']}{' (not sure)' if row.judgement.sure is False else ''}"
    then = " · ".join(f"{one['category']} {percent(one['probability'])}" for one in rest)
    like = row.judgement.similar
    worth = f"An answer like this is right {percent(like.accuracy)} of the time." if like else ""
    return (
        f'{head}<div class="bar"><i style="width:{100 * first["probability"]:.1f}%"></i><span><b>{html.escape(name)}</b>'
        f"{percent(first['probability'])}</span></div><small>{html.escape(then)}{'<br>' if then and worth else ''}{html.escape(worth)}</small></div></div>"
    )
