"""A share card: a result as a picture of 1200 x 630 pixels, the size that web pages preview."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fruitlab.config.errors import RunError
from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import style
from fruitlab.runs.captions import method_caption, preset_name, readable_name
from fruitlab.runs.entry import Entry

if TYPE_CHECKING:  # SciPy takes a while to import
    from fruitlab.closed_form.all_ratios import AllRatios

SIZE = (1200, 630)
SCALE = 2  # drawn larger, so that slanted lines are smooth
MARGIN = 64
WIDTH = SIZE[0] - 2 * MARGIN
PLOT = (620, 210, 1136, 500)  # left, top, right, bottom
INK, QUIET, GRID, PAPER = "#26242b", "#5d5965", "#dedce2", "#ffffff"


@dataclass(frozen=True)
class Card:
    """What a card shows.

    Attributes:
        title: in large type; shortened if it is too long.
        subtitle: below it.
        scores: {score: (accuracy, low, high)}, fractions of one with the 95% interval.
        x: where the curves have values, ascending, [n].
        curves: {score: fractions}, [n] each; nan leaves a gap.
        axis: what `x` is.
    """

    title: str
    subtitle: str
    scores: Mapping[str, tuple[float, float, float]]
    x: Sequence[float]
    curves: Mapping[str, np.ndarray]
    axis: str


def of_run(entry: Entry) -> Card:
    """The card of a run, from its last evaluation.

    Raises:
        RunError: the run has no configuration or no evaluation yet.
    """
    config, scores, curves = entry.known_config, entry.scores(), entry.curves()
    if scores is None:
        raise RunError(f"{entry.id} has no evaluation yet, so there is nothing to show.")
    detail = method_caption(config) if entry.given_title else ""
    parts = [detail, config.data, f"preset {preset_name(config)}", _pictures(scores)]
    return Card(
        title=readable_name(entry),
        subtitle=" · ".join(filter(None, parts)),
        scores={name: (scores[name]["top1"], *scores[name]["top1_interval"]) for name in SCORES},
        x=curves.iteration.tolist(),
        curves={name: getattr(curves, name) for name in SCORES},
        axis="training iterations",
    )


def of_ratios(found: "AllRatios") -> Card:
    """The card of the instant answer, at the best ratio."""
    scores = found.scores(found.best)
    return Card(
        title=f"Best mix: {found.best}% real",
        subtitle=f"{found.facts['data']} · {found.facts['network']} · {_pictures(scores)}",
        scores={name: (scores[name]["top1"], *scores[name]["top1_interval"]) for name in SCORES},
        x=range(len(found.curves["nice"]["top1"])),
        curves={name: found.curves[name]["top1"] for name in SCORES},
        axis="share of the real training set (%)",
    )


def _pictures(scores: Mapping[str, Mapping[str, int]]) -> str:
    return f"{scores['nice']['pictures'] + scores['real']['pictures']:,} test pictures"


def png(card: Card) -> bytes:
    """The card as a PNG file."""
    image = Image.new("RGB", (SIZE[0] * SCALE, SIZE[1] * SCALE), PAPER)
    canvas = _Canvas(image)
    canvas.text((MARGIN, 106), card.title, 54, anchor="ls", width=WIDTH, smallest=38)
    canvas.text((MARGIN, 152), card.subtitle, 26, QUIET, anchor="ls", width=WIDTH)
    for row, name in enumerate(SCORES):
        _score(canvas, name, card.scores[name], 210 + 104 * row)
    _plot(canvas, card)
    canvas.text((MARGIN, 560), "FruitLab: studio pictures, real photos, or a mix?", 24, QUIET)
    file = io.BytesIO()
    image.resize(SIZE, Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


class _Canvas:
    """Drawing in the card's own pixels."""

    def __init__(self, image: Image.Image) -> None:
        self.draw = ImageDraw.Draw(image)

    def text(
        self,
        at: tuple[float, float],
        text: str,
        size: int,
        colour: str = INK,
        *,
        anchor: str = "la",
        width: float = SIZE[0],
        smallest: int | None = None,
    ) -> None:
        """Draw a line of text.

        Args:
            width: a wider text gets smaller, down to `smallest`, and then ends in three dots.
        """
        font = _font(size)
        while font.getlength(text) > width * SCALE and size > (smallest or size):
            font, size = _font(size - 2), size - 2
        if font.getlength(text) > width * SCALE:
            while text and font.getlength(f"{text}...") > width * SCALE:
                text = text[:-1]
            text = f"{text.rstrip()}..."
        self.draw.text((at[0] * SCALE, at[1] * SCALE), text, colour, font, anchor)

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float) -> None:
        """Draw a line through points."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, colour, round(width * SCALE), joint="curve")

    def marker(self, score: str, x: float, y: float, radius: float) -> None:
        """Draw the marker of a score."""
        x, y, r, colour = x * SCALE, y * SCALE, radius * SCALE, style.COLOURS[score]
        if style.SYMBOLS[score] == "circle":
            self.draw.ellipse((x - r, y - r, x + r, y + r), colour)
        elif style.SYMBOLS[score] == "square":
            self.draw.rectangle((x - r, y - r, x + r, y + r), colour)
        else:
            self.draw.polygon(((x - r, y), (x, y - r), (x + r, y), (x, y + r)), colour)


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * SCALE)


def _score(canvas: _Canvas, name: str, score: tuple[float, float, float], top: float) -> None:
    value, low, high = score
    canvas.marker(name, MARGIN + 14, top + 22, 12)
    canvas.text((MARGIN + 44, top + 6), name, 30, QUIET)
    canvas.text((MARGIN + 480, top + 44), percent(value), 60, anchor="rs")
    interval = f"95% interval: {100 * low:.1f} to {100 * high:.1f}%"
    canvas.text((MARGIN + 44, top + 52), interval, 20, QUIET)


def _plot(canvas: _Canvas, card: Card) -> None:
    left, top, right, bottom = PLOT
    for share in (0, 0.5, 1):
        y = bottom - share * (bottom - top)
        canvas.line([(left, y), (right, y)], GRID, 1)
        canvas.text((left - 10, y), f"{share:.0%}", 18, QUIET, anchor="rm")
    x = np.asarray(card.x, dtype=float)
    if not len(x):
        return
    across = left + (right - left) * (x - x[0]) / max(float(x[-1] - x[0]), 1e-9)
    for name in SCORES:
        values = np.asarray(card.curves[name], dtype=float)
        known = np.isfinite(values)
        down = bottom - values[known] * (bottom - top)
        points = list(zip(across[known].tolist(), down.tolist(), strict=True))
        if len(points) > 1:
            canvas.line(points, style.COLOURS[name], style.WIDTHS[name] + 1)
        for place in range(0, len(points), max(1, len(points) // 6)):
            canvas.marker(name, *points[place], 6)
    canvas.text((left, bottom + 12), f"{x[0]:,.0f}", 18, QUIET)
    canvas.text((right, bottom + 12), f"{x[-1]:,.0f}", 18, QUIET, anchor="ra")
    canvas.text(((left + right) / 2, bottom + 12), card.axis, 18, QUIET, anchor="ma")
