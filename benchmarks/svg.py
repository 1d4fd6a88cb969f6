"""A line chart with bands as a small SVG file: for documents, where neither a browser nor a plotting library is at hand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 62, 178, 18, 48
COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
)  # Okabe and Ito: told apart by the colour-blind


@dataclass(frozen=True)
class Series:
    """Points (x, middle, least, most), in order of x."""

    name: str
    points: Sequence[tuple[float, float, float, float]]


def line_chart(series: Sequence[Series], *, x: str, y: str) -> str:
    """The SVG's text: y from 0 to 1, x logarithmic; names stand beside the last values."""
    places = [point[0] for one in series for point in one.points] or [1, 10]
    marks = ticks(min(places), max(places))
    least, decades = math.log10(marks[0]), math.log10(marks[-1] / marks[0])

    def across(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(value) - least) / decades

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(y)} against {escape(x)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for tenth in range(0, 11, 2):
        at = up(tenth / 10)
        parts.append(
            f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/><text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{tenth / 10}</text>'
        )
    for value in marks:
        parts.append(
            f'<text x="{across(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:,.0f}</text>'
        )
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x)}</text>'
    )
    parts.append(
        f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">{escape(y)}</text>'
    )
    labels = spread([up(one.points[-1][1]) if one.points else 0 for one in series], gap=16)
    for one, colour, label in zip(series, _colours(len(series)), labels, strict=True):
        if not one.points:
            continue
        outline = [(a, high) for a, _, _, high in one.points] + [
            (a, low) for a, _, low, _ in reversed(one.points)
        ]
        band, line = (
            " ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in path)
            for path in (outline, [point[:2] for point in one.points])
        )
        parts.append(f'<polygon points="{band}" fill="{colour}" opacity="0.18"/>')
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        last = one.points[-1]
        parts.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{label + 4:.1f}" fill="{colour}">{escape(one.name)}: {last[1]:.3f}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def ticks(least: float, most: float) -> list[float]:
    """1, 2 or 5 times powers of ten, from below `least` to at least `most`."""
    rounds = [
        part * 10.0**power
        for power in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
        for part in (1, 2, 5)
    ]
    first = max(i for i, value in enumerate(rounds) if value <= least)
    last = max(first + 1, min(i for i, value in enumerate(rounds) if value >= most))
    return rounds[first : last + 1]


def spread(heights: Sequence[float], *, gap: float) -> list[float]:
    """The heights moved apart, so that no two labels are closer than the gap; their order is kept."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    moved = list(heights)
    for upper, lower in zip(order, order[1:], strict=False):
        moved[lower] = max(moved[lower], moved[upper] + gap)
    return moved


def _colours(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]
