"""Things around the fruit in a photo: leaves, twigs, crates, bowls and price tags."""

import numpy as np
from PIL import Image, ImageDraw

from fruitlab.data.synthetic.stickers import choose, colour, place, rotate

Rng = np.random.Generator
GREENS = ("3d6a2a", "557f33", "6f9a3f", "2f5526", "7f9f4a", "8a8f3a")
CRATES = ("b08a58", "c9a878", "8a6540", "3a5f7a", "4a4a4c", "2f6a45")
PAPERS = ("ffffff", "f4e04a", "fafaf0", "e84a3a")
OVERSAMPLING = 2


def leaf(rng: Rng, length: int, slenderness: float = 0.4, brightness: float = 1.0) -> Image.Image:
    """Draws a leaf along x with its base at the left end: RGBA, ``length`` pixels wide."""
    n = OVERSAMPLING
    height = max(int(length * slenderness * 1.5), 6)
    canvas = Image.new("RGBA", (length * n, height * n))
    pen = ImageDraw.Draw(canvas)
    t = np.linspace(0, 1, 12)
    arch = height * n * (0.5 + 0.22 * (1 - (2 * t - 1) ** 2) * rng.uniform(-1, 1))
    half = length * n * slenderness * 0.5 * np.sin(np.pi * t**0.8) ** 0.9
    x = t * (length * n - 2) + 1
    green = choose(rng, GREENS)
    midrib = list(zip(x, arch, strict=True))
    for sign, level in ((1, 0.82), (-1, 1.08)):
        edge = list(zip(x, arch + sign * half, strict=True))
        pen.polygon([*midrib, *edge[::-1]], fill=(*colour(green, level * brightness), 255))
        for i in range(3, 10, 2):
            vein = [midrib[i - 2], (x[i], arch[i] + sign * half[i] * 0.85)]
            pen.line(vein, fill=(*colour(green, 1.25 * brightness), 255), width=1)
    pen.line(midrib, fill=(*colour(green, 1.35 * brightness), 255), width=n)
    return canvas.reduce(n)


def leaves(
    canvas: Image.Image,
    rng: Rng,
    count: int,
    around: tuple[float, float] | None = None,
    brightness: float = 1.0,
) -> None:
    """Scatters leaves over the scene, or lets them radiate from the point ``around``."""
    kinds = [
        leaf(rng, int(rng.uniform(24, 60)), rng.uniform(0.3, 0.6), brightness)
        for _ in range(min(count, 2))
    ]
    for i in range(count):
        degrees = rng.uniform(0, 360)
        kind = kinds[i % len(kinds)]
        rotated = rotate(kind, degrees)
        if around is None:
            place(canvas, rotated, rng.uniform(0, 100), rng.uniform(0, 100), 0.4)
        else:
            distance, angle = kind.width * 0.45, np.deg2rad(degrees)
            x, y = around[0] + distance * np.cos(angle), around[1] - distance * np.sin(angle)
            place(canvas, rotated, x, y, 0.35)


def twig(
    canvas: Image.Image,
    rng: Rng,
    start: tuple[float, float],
    end: tuple[float, float],
    width: float,
    bark: str = "5a4430",
) -> None:
    """Draws a bent twig from ``start`` to ``end``."""
    bend = ((start[0] + end[0]) / 2 + rng.normal(0, 4), (start[1] + end[1]) / 2 + rng.normal(0, 4))
    t = np.linspace(0, 1, 8)[:, None]
    path = (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(bend) + t * t * np.array(end)
    points = [tuple(point) for point in path]
    highlight = [(x - 0.5, y - 0.5) for x, y in points]
    pen = ImageDraw.Draw(canvas)
    pen.line(points, fill=colour(bark, 0.75), width=max(int(width), 1), joint="curve")
    pen.line(highlight, fill=colour(bark, 1.15), width=max(int(width * 0.5), 1))


def slats(canvas: Image.Image, rng: Rng) -> None:
    """Draws the near side of a crate over the bottom of the scene."""
    paint = choose(rng, CRATES)
    pen = ImageDraw.Draw(canvas)
    y = rng.uniform(72, 90)
    lean = rng.normal(0, 4)
    while y < 104:
        height = rng.uniform(8, 13)
        outline = [(0, y), (100, y + lean), (100, y + height + lean), (0, y + height)]
        pen.polygon(outline, fill=colour(paint, rng.uniform(0.85, 1.05)))
        pen.line(outline[:2], fill=colour(paint, 1.25))
        pen.line([outline[3], outline[2]], fill=colour(paint, 0.45), width=2)
        y += height + rng.uniform(2, 5)


def price_tag(canvas: Image.Image, rng: Rng) -> None:
    """Draws a price tag with lines of writing."""
    paper = colour(choose(rng, PAPERS))
    card = Image.new("RGBA", (int(rng.uniform(22, 36)), int(rng.uniform(14, 22))), (*paper, 255))
    pen = ImageDraw.Draw(card)
    for row in range(3, card.height - 3, 4):
        line = [(3, row), (rng.uniform(10, card.width - 3), row)]
        pen.line(line, fill=(40, 40, 40, 255), width=1 + (row > 8))
    rotated = rotate(card, rng.normal(0, 8))
    x = rng.uniform(10, 90)
    y = choose(rng, (rng.uniform(2, 15), rng.uniform(80, 98)))
    place(canvas, rotated, x, y, 0.5)


def bowl(
    canvas: Image.Image,
    x: float,
    y: float,
    radius: float,
    paint: str,
    *,
    front: bool,
    woven: bool,
) -> None:
    """Draws a bowl or basket.

    Args:
        canvas: The scene.
        x: Centre of the rim, an ellipse.
        y: Centre of the rim.
        radius: Half the width of the rim.
        paint: Colour.
        front: Whether to draw the near wall or the inside.
        woven: Whether it is a basket.
    """
    n = OVERSAMPLING
    layer = Image.new("RGBA", (100 * n, 100 * n))
    pen = ImageDraw.Draw(layer)
    x, y, radius = x * n, y * n, radius * n
    flat, deep = radius * 0.36, radius * 0.75
    if front:
        angle = np.linspace(0, np.pi, 24)
        rim = np.stack([x + radius * np.cos(angle), y + flat * np.sin(angle)], 1)
        foot_x, foot_y = x + radius * 0.6 * np.cos(angle), y + deep + flat * 0.5 * np.sin(angle)
        foot = np.stack([foot_x, foot_y], 1)
        for i in range(23):
            level = 0.62 + 0.4 * np.sin(angle[i] * 0.9 + 0.2) - (0.18 if woven and i % 2 else 0)
            strip = [tuple(point) for point in (rim[i], rim[i + 1], foot[i + 1], foot[i])]
            pen.polygon(strip, fill=(*colour(paint, level), 255))
        for share in (0.3, 0.6, 0.85) if woven else ():
            line = [tuple(point) for point in rim * (1 - share) + foot * share]
            pen.line(line, fill=(*colour(paint, 0.5), 255), width=3)
        rim_line = [tuple(point) for point in rim]
        pen.line(rim_line, fill=(*colour(paint, 1.2), 255), width=5 if woven else 3)
    else:
        inside, edge = (*colour(paint, 0.5), 255), (*colour(paint, 1.1), 255)
        box = (x - radius, y - flat, x + radius, y + flat)
        pen.ellipse(box, fill=inside, outline=edge, width=3)
    soft = layer.reduce(n)
    canvas.paste(soft, (0, 0), soft.getchannel("A"))
