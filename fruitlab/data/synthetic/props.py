"""Things that share a photo with the fruit: leaves, twigs, hands, crates, bowls, price tags."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fruitlab.data.synthetic.fruits import rgb

SKINS = ("f0c8a8", "e0ac84", "c68a5e", "9a6440", "6a4028", "f4d4bc")
GREENS = ("3d6a2a", "557f33", "6f9a3f", "2f5526", "7f9f4a", "8a8f3a")


def colour(name, bright: float = 1.0) -> tuple[int, int, int]:
    """A hex colour, brighter or darker, as Pillow wants it."""
    return tuple(int(v) for v in np.clip(rgb(name) * (255 * bright), 0, 255))


def choose(rng: np.random.Generator, options):
    return options[int(rng.integers(len(options)))]


def leaf(rng: np.random.Generator, length: int, slender: float = 0.4, bright: float = 1.0) -> Image.Image:
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
            pen.line([(x[i - 2], arch[i - 2]), (x[i], arch[i] + sign * half[i] * 0.85)], fill=(*colour(name, 1.25 * bright), 255), width=1)
    pen.line(list(zip(x, arch)), fill=(*colour(name, 1.35 * bright), 255), width=n)
    return canvas.reduce(n)


def place(scene: Image.Image, thing: Image.Image, x: float, y: float, shadow: float = 0.0) -> None:
    """Pastes an RGBA picture centred at (x, y), over a soft darkening of what it covers."""
    corner = (int(round(x - thing.width / 2)), int(round(y - thing.height / 2)))
    alpha = thing.getchannel("A")
    if shadow:
        soft = alpha.resize((thing.width + 4, thing.height + 4)).filter(ImageFilter.BoxBlur(2)).point(lambda v: int(v * shadow))
        scene.paste((12, 8, 6), (corner[0] - 1, corner[1] + 1), soft)
    scene.paste(thing, corner, alpha)


def spin(thing: Image.Image, degrees: float) -> Image.Image:
    return thing.rotate(degrees, Image.Resampling.BICUBIC, expand=True)


def leaves(scene: Image.Image, rng: np.random.Generator, count: int, around: tuple[float, float] | None = None, bright: float = 1.0) -> None:
    """Leaves strewn over the scene, or radiating from a point."""
    kinds = [leaf(rng, int(rng.uniform(24, 60)), rng.uniform(0.3, 0.6), bright) for _ in range(min(count, 3))]
    for i in range(count):
        turn = rng.uniform(0, 360)
        one = spin(kinds[i % len(kinds)], turn)
        if around is None:
            place(scene, one, rng.uniform(0, 100), rng.uniform(0, 100), 0.4)
        else:
            r, a = kinds[i % len(kinds)].width * 0.45, np.deg2rad(turn)
            place(scene, one, around[0] + r * np.cos(a), around[1] - r * np.sin(a), 0.35)


def twig(scene: Image.Image, rng: np.random.Generator, start, end, width: float, name: str = "5a4430") -> None:
    """A twig with a bend in it."""
    bend = ((start[0] + end[0]) / 2 + rng.normal(0, 4), (start[1] + end[1]) / 2 + rng.normal(0, 4))
    t = np.linspace(0, 1, 8)[:, None]
    path = (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(bend) + t * t * np.array(end)
    points = [tuple(p) for p in path]
    pen = ImageDraw.Draw(scene)
    pen.line(points, fill=colour(name, 0.75), width=max(int(width), 1), joint="curve")
    pen.line([(x - 0.5, y - 0.5) for x, y in points], fill=colour(name, 1.15), width=max(int(width * 0.5), 1))


def fingers(scene: Image.Image, rng: np.random.Generator, x: float, y: float, reach: float, skin: str, behind: bool) -> None:
    """A hand from below around (x, y): the palm behind what it holds, or the fingers over its edge. RGB in place."""
    n = 2
    canvas = Image.new("RGBA", (200, 200))
    pen = ImageDraw.Draw(canvas)
    thick = reach * 0.36 * n
    if behind:
        a, b = x * n, (y + reach * 0.75) * n
        pen.ellipse((a - reach * 1.25 * n, b - reach * 0.8 * n, a + reach * 1.25 * n, b + reach * 1.3 * n), fill=(*colour(skin, 0.86), 255))
        pen.polygon([(a - reach * n, b), (a + reach * n, b), (a + reach * 1.0 * n, 210), (a - reach * 0.6 * n, 210)], fill=(*colour(skin, 0.8), 255))
    else:
        side = 1 if rng.uniform() < 0.5 else -1
        for i in range(4):
            top = y + reach * (-0.25 + 0.36 * i)
            root, tip = (x + side * reach * 1.4, top + reach * 0.35), (x + side * reach * rng.uniform(0.35, 0.55), top)
            _finger(pen, root, tip, thick * (1.05 - 0.08 * i), skin, n)
        _finger(pen, (x - side * reach * 1.25, y + reach * 1.1), (x - side * reach * 0.45, y + reach * 0.1), thick * 1.1, skin, n)
    soft = canvas.reduce(n)
    scene.paste(soft, (0, 0), soft.getchannel("A"))


def _finger(pen, root, tip, thick, skin, n) -> None:
    for wide, level, shift in ((1.0, 0.7, 0), (0.86, 0.95, -0.03), (0.45, 1.06, -0.12)):
        w = thick * wide
        a = [(p[0] * n, p[1] * n + shift * thick) for p in (root, tip)]
        pen.line(a, fill=(*colour(skin, level), 255), width=int(w))
        pen.ellipse((a[1][0] - w / 2, a[1][1] - w / 2, a[1][0] + w / 2, a[1][1] + w / 2), fill=(*colour(skin, level), 255))


def slats(scene: Image.Image, rng: np.random.Generator) -> None:
    """The near side of a crate, over the bottom of the scene or down one side."""
    name = choose(rng, ("b08a58", "c9a878", "8a6540", "3a5f7a", "4a4a4c", "2f6a45"))
    pen = ImageDraw.Draw(scene)
    y = rng.uniform(72, 90)
    lean = rng.normal(0, 4)
    while y < 104:
        tall = rng.uniform(8, 13)
        pen.polygon([(0, y), (100, y + lean), (100, y + tall + lean), (0, y + tall)], fill=colour(name, rng.uniform(0.85, 1.05)))
        pen.line([(0, y), (100, y + lean)], fill=colour(name, 1.25))
        pen.line([(0, y + tall), (100, y + tall + lean)], fill=colour(name, 0.45), width=2)
        y += tall + rng.uniform(2, 5)


def tag(scene: Image.Image, rng: np.random.Generator) -> None:
    """A price tag with something written on it."""
    n = Image.new("RGBA", (int(rng.uniform(22, 36)), int(rng.uniform(14, 22))), (*colour(choose(rng, ("ffffff", "f4e04a", "fafaf0", "e84a3a"))), 255))
    pen = ImageDraw.Draw(n)
    for y in range(3, n.height - 3, 4):
        pen.line([(3, y), (rng.uniform(10, n.width - 3), y)], fill=(40, 40, 40, 255), width=1 + (y > 8))
    place(scene, spin(n, rng.normal(0, 8)), rng.uniform(10, 90), choose(rng, (rng.uniform(2, 15), rng.uniform(80, 98))), 0.5)


def bowl(scene: Image.Image, x: float, y: float, wide: float, name: str, front: bool, woven: bool) -> None:
    """A bowl or basket whose rim is an ellipse centred at (x, y): its inside (back), or its near wall (front)."""
    n = 2
    canvas = Image.new("RGBA", (200, 200))
    pen = ImageDraw.Draw(canvas)
    x, y, wide = x * n, y * n, wide * n
    flat, deep = wide * 0.36, wide * 0.75
    if not front:
        pen.ellipse((x - wide, y - flat, x + wide, y + flat), fill=(*colour(name, 0.5), 255), outline=(*colour(name, 1.1), 255), width=3)
    else:
        a = np.linspace(0, np.pi, 24)
        rim = np.stack([x + wide * np.cos(a), y + flat * np.sin(a)], 1)
        foot = np.stack([x + wide * 0.6 * np.cos(a), y + deep + flat * 0.5 * np.sin(a)], 1)
        for i in range(23):
            level = 0.62 + 0.4 * np.sin(a[i] * 0.9 + 0.2) - (0.18 if woven and i % 2 else 0)
            pen.polygon([tuple(rim[i]), tuple(rim[i + 1]), tuple(foot[i + 1]), tuple(foot[i])], fill=(*colour(name, level), 255))
        for share in (0.3, 0.6, 0.85) if woven else ():
            pen.line([tuple(p) for p in rim * (1 - share) + foot * share], fill=(*colour(name, 0.5), 255), width=3)
        pen.line([tuple(p) for p in rim], fill=(*colour(name, 1.2), 255), width=5 if woven else 3)
    soft = canvas.reduce(n)
    scene.paste(soft, (0, 0), soft.getchannel("A"))
