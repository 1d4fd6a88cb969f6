"""Things that share a photo with the fruit: leaves, twigs, hands, crates, bowls, price tags."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from fruitlab.data.synthetic.fruits import rgb

SKINS = ("f0c8a8", "e0ac84", "c68a5e", "9a6440", "6a4028", "f4d4bc")
GREENS = ("3d6a2a", "557f33", "6f9a3f", "2f5526", "7f9f4a", "8a8f3a")


def colour(name, bright: float = 1.0) -> tuple[int, int, int]:
    """A hex colour, brighter or darker, as Pillow wants it."""
    return tuple(int(v) for v in np.clip(rgb(name) * (255 * bright), 0, 255))


def choose(rng: np.random.Generator, options):
    return options[int(rng.integers(len(options)))]


def leaf(
    rng: np.random.Generator, length: int, slender: float = 0.4, bright: float = 1.0
) -> Image.Image:
    """A leaf lying along x, its base at the left end: RGBA, `length` wide."""
    n = 2
    height = max(int(length * slender * 1.5), 6)
    canvas = Image.new("RGBA", (length * n, height * n))
    pen = ImageDraw.Draw(canvas)
    t = np.linspace(0, 1, 12)
    arch = height * n * (0.5 + 0.22 * (1 - (2 * t - 1) ** 2) * rng.uniform(-1, 1))
    half = length * n * slender * 0.5 * np.sin(np.pi * t**0.8) ** 0.9
    x = t * (length * n - 2) + 1
    name = choose(rng, GREENS)
    for sign, level in ((1, 0.82), (-1, 1.08)):
        edge = list(zip(x, arch + sign * half))
        pen.polygon([*zip(x, arch), *edge[::-1]], fill=(*colour(name, level * bright), 255))
        for i in range(3, 10, 2):
            pen.line(
                [(x[i - 2], arch[i - 2]), (x[i], arch[i] + sign * half[i] * 0.85)],
                fill=(*colour(name, 1.25 * bright), 255),
                width=1,
            )
    pen.line(list(zip(x, arch)), fill=(*colour(name, 1.35 * bright), 255), width=n)
    return canvas.reduce(n)


class Sticker(NamedTuple):
    """An RGBA picture ready to be pasted more than once: its alpha, and the darkening it casts around itself (or None)."""

    picture: Image.Image
    alpha: Image.Image
    soft: Image.Image | None


def sticker(thing: Image.Image, shadow: float = 0.0) -> Sticker:
    alpha = thing.getchannel("A")
    if not shadow:
        return Sticker(thing, alpha, None)
    soft = alpha.resize((thing.width + 4, thing.height + 4)).filter(ImageFilter.BoxBlur(2))
    return Sticker(
        thing, alpha, ImageChops.multiply(soft, Image.new("L", soft.size, int(255 * shadow)))
    )


def place(
    scene: Image.Image, thing: Image.Image | Sticker, x: float, y: float, shadow: float = 0.0
) -> None:
    """Pastes an RGBA picture centred at (x, y), over a soft darkening of what it covers."""
    if not isinstance(thing, Sticker):
        thing = sticker(thing, shadow)
    corner = (int(round(x - thing.picture.width / 2)), int(round(y - thing.picture.height / 2)))
    if thing.soft is not None:
        scene.paste((12, 8, 6), (corner[0] - 1, corner[1] + 1), thing.soft)
    scene.paste(thing.picture, corner, thing.alpha)


def spin(thing: Image.Image, degrees: float) -> Image.Image:
    return thing.rotate(degrees, Image.Resampling.BILINEAR, expand=True)


def leaves(
    scene: Image.Image,
    rng: np.random.Generator,
    count: int,
    around: tuple[float, float] | None = None,
    bright: float = 1.0,
) -> None:
    """Leaves strewn over the scene, or radiating from a point."""
    kinds = [
        leaf(rng, int(rng.uniform(24, 60)), rng.uniform(0.3, 0.6), bright)
        for _ in range(min(count, 2))
    ]
    for i in range(count):
        turn = rng.uniform(0, 360)
        one = spin(kinds[i % len(kinds)], turn)
        if around is None:
            place(scene, one, rng.uniform(0, 100), rng.uniform(0, 100), 0.4)
        else:
            r, a = kinds[i % len(kinds)].width * 0.45, np.deg2rad(turn)
            place(scene, one, around[0] + r * np.cos(a), around[1] - r * np.sin(a), 0.35)


def twig(
    scene: Image.Image, rng: np.random.Generator, start, end, width: float, name: str = "5a4430"
) -> None:
    """A twig with a bend in it."""
    bend = ((start[0] + end[0]) / 2 + rng.normal(0, 4), (start[1] + end[1]) / 2 + rng.normal(0, 4))
    t = np.linspace(0, 1, 8)[:, None]
    path = (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(bend) + t * t * np.array(end)
    points = [tuple(p) for p in path]
    pen = ImageDraw.Draw(scene)
    pen.line(points, fill=colour(name, 0.75), width=max(int(width), 1), joint="curve")
    pen.line(
        [(x - 0.5, y - 0.5) for x, y in points],
        fill=colour(name, 1.15),
        width=max(int(width * 0.5), 1),
    )


def fingers(
    scene: Image.Image,
    rng: np.random.Generator,
    x: float,
    y: float,
    reach: float,
    skin: str,
    behind: bool,
) -> None:
    """A hand from below around (x, y): the palm behind what it holds, or the fingers over its edge. RGB in place."""
    n = 2
    canvas = Image.new("RGBA", (200, 200))
    pen = ImageDraw.Draw(canvas)
    side = -1 if int(x * 8) % 2 else 1  # palm and fingers are drawn apart but belong to one hand
    if behind:
        outline = np.array(
            [
                (-0.5, 2.6),
                (-1.0, 1.3),
                (-1.15, 0.6),
                (-0.9, 0.1),
                (0.4, -0.5),
                (1.3, -0.55),
                (1.55, 0.2),
                (1.4, 1.1),
                (0.9, 1.7),
                (0.8, 2.6),
            ]
        )
        for shrink, level in ((1.0, 0.66), (0.93, 0.86)):
            points = (outline * (side * reach * shrink, reach * shrink) + (x, y)) * n
            pen.polygon([tuple(p) for p in points], fill=(*colour(skin, level), 255))
    else:
        for i in range(4):
            top = y + reach * (-0.42 + 0.34 * i + rng.normal(0, 0.03))
            bones = [(1.32 - 0.07 * i, 0.12), (1.0, 0.0), (rng.uniform(0.42, 0.6) + 0.04 * i, 0.08)]
            _finger(
                pen,
                [(x + side * a * reach, top + b * reach) for a, b in bones],
                reach * (0.31 - 0.02 * i),
                skin,
                n,
            )
        _finger(
            pen,
            [
                (x - side * a * reach, y + b * reach)
                for a, b in ((1.0, 1.15), (0.88, 0.7), (0.6, 0.22))
            ],
            reach * 0.33,
            skin,
            n,
        )
    soft = canvas.filter(ImageFilter.BoxBlur(1)).reduce(n)
    scene.paste(soft, (0, 0), soft.getchannel("A"))


def _finger(pen, bones, thick: float, skin: str, n: int) -> None:
    for wide, level, lift in (
        (1.0, 0.62, 0.0),
        (0.88, 0.84, 0.02),
        (0.66, 0.97, 0.08),
        (0.3, 1.06, 0.16),
    ):
        w = thick * wide * n
        path = [(a * n, b * n - lift * thick * n) for a, b in bones]
        pen.line(path, fill=(*colour(skin, level), 255), width=max(int(w), 1), joint="curve")
        for a, b in path[1:]:
            pen.ellipse(
                (a - w / 2, b - w / 2, a + w / 2, b + w / 2), fill=(*colour(skin, level), 255)
            )
    a, b, r = bones[-1][0] * n, (bones[-1][1] - 0.1 * thick) * n, thick * n
    nail = colour("f4d8cc", 0.7 + 0.3 * float(rgb(skin)[0]))
    pen.ellipse((a - r * 0.3, b - r * 0.24, a + r * 0.3, b + r * 0.2), fill=(*nail, 255))


def slats(scene: Image.Image, rng: np.random.Generator) -> None:
    """The near side of a crate, over the bottom of the scene or down one side."""
    name = choose(rng, ("b08a58", "c9a878", "8a6540", "3a5f7a", "4a4a4c", "2f6a45"))
    pen = ImageDraw.Draw(scene)
    y = rng.uniform(72, 90)
    lean = rng.normal(0, 4)
    while y < 104:
        tall = rng.uniform(8, 13)
        pen.polygon(
            [(0, y), (100, y + lean), (100, y + tall + lean), (0, y + tall)],
            fill=colour(name, rng.uniform(0.85, 1.05)),
        )
        pen.line([(0, y), (100, y + lean)], fill=colour(name, 1.25))
        pen.line([(0, y + tall), (100, y + tall + lean)], fill=colour(name, 0.45), width=2)
        y += tall + rng.uniform(2, 5)


def tag(scene: Image.Image, rng: np.random.Generator) -> None:
    """A price tag with something written on it."""
    paper = colour(choose(rng, ("ffffff", "f4e04a", "fafaf0", "e84a3a")))
    card = Image.new("RGBA", (int(rng.uniform(22, 36)), int(rng.uniform(14, 22))), (*paper, 255))
    pen = ImageDraw.Draw(card)
    for y in range(3, card.height - 3, 4):
        pen.line(
            [(3, y), (rng.uniform(10, card.width - 3), y)],
            fill=(40, 40, 40, 255),
            width=1 + (y > 8),
        )
    place(
        scene,
        spin(card, rng.normal(0, 8)),
        rng.uniform(10, 90),
        choose(rng, (rng.uniform(2, 15), rng.uniform(80, 98))),
        0.5,
    )


def bowl(
    scene: Image.Image, x: float, y: float, wide: float, name: str, front: bool, woven: bool
) -> None:
    """A bowl or basket whose rim is an ellipse centred at (x, y): its inside (back), or its near wall (front)."""
    n = 2
    canvas = Image.new("RGBA", (200, 200))
    pen = ImageDraw.Draw(canvas)
    x, y, wide = x * n, y * n, wide * n
    flat, deep = wide * 0.36, wide * 0.75
    if not front:
        pen.ellipse(
            (x - wide, y - flat, x + wide, y + flat),
            fill=(*colour(name, 0.5), 255),
            outline=(*colour(name, 1.1), 255),
            width=3,
        )
    else:
        a = np.linspace(0, np.pi, 24)
        rim = np.stack([x + wide * np.cos(a), y + flat * np.sin(a)], 1)
        foot = np.stack([x + wide * 0.6 * np.cos(a), y + deep + flat * 0.5 * np.sin(a)], 1)
        for i in range(23):
            level = 0.62 + 0.4 * np.sin(a[i] * 0.9 + 0.2) - (0.18 if woven and i % 2 else 0)
            pen.polygon(
                [tuple(rim[i]), tuple(rim[i + 1]), tuple(foot[i + 1]), tuple(foot[i])],
                fill=(*colour(name, level), 255),
            )
        for share in (0.3, 0.6, 0.85) if woven else ():
            pen.line(
                [tuple(p) for p in rim * (1 - share) + foot * share],
                fill=(*colour(name, 0.5), 255),
                width=3,
            )
        pen.line([tuple(p) for p in rim], fill=(*colour(name, 1.2), 255), width=5 if woven else 3)
    soft = canvas.reduce(n)
    scene.paste(soft, (0, 0), soft.getchannel("A"))
