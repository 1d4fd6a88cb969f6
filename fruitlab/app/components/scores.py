"""The three scores in large type, each with its mark and its change, as HTML that stays side by side on a telephone."""

from fruitlab.config.text import percent
from fruitlab.plots import style

_STYLE = """<style>
.scores { container-type: inline-size; }
.scores > div { display: grid; grid-template-columns: repeat(3, 1fr); gap: 4cqw; }
.scores span { display: block; font-size: .9rem; opacity: .85; white-space: nowrap; }
.scores b { display: block; font-weight: 500; line-height: 1.25; font-size: clamp(1.5rem, 9.5cqw, 2.6rem); font-variant-numeric: tabular-nums; }
.scores small { display: block; font-size: clamp(.7rem, 4.2cqw, .85rem); opacity: .75; white-space: nowrap; }
</style>"""


def large(scores: dict[str, float | None], before: dict[str, float | None] | None) -> str:
    """HTML of {nice, real, combined} as fractions of one, and their change from another stop in percentage points."""
    cells = []
    for name in ("nice", "real", "combined"):
        change = ""
        if before is not None and scores[name] is not None and before[name] is not None:
            points = round(100 * (scores[name] - before[name]), 1)
            change = f"<small>{'▲' if points > 0 else '▼' if points < 0 else '='} {abs(points):.1f} points</small>"
        cells.append(
            f'<div><span><i style="font-style:normal;color:{style.COLOURS[name]}">{style.SHAPES[name]}</i> {name.capitalize()}</span>'
            f"<b>{percent(scores[name])}</b>{change}</div>"
        )
    return f'{_STYLE}<div class="scores"><div>{"".join(cells)}</div></div>'
