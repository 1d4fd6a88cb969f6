"""What grows on a fruit: stems, leaves, calyxes, crowns, fins and hair.

Each part is a function (body, rng, ...) that returns strips, or None if this individual lacks it,
as fruits in a shop sometimes do. The further arguments come from ``Fruit.parts``.
"""

import numpy as np

from fruitlab.data.synthetic.body import Shape
from fruitlab.data.synthetic.fruits import Fruit
from fruitlab.data.synthetic.strips import STALK, Strips, join, make_strips

Rng = np.random.Generator
UP = np.array([[0.0, 1.0, 0.0]])
CROWN_TIPS = ("8fa060", "8fa060", "9a8a58")


def grow(fruit: Fruit, body: Shape, rng: Rng) -> Strips | None:
    """Grows the parts of an individual; None if it lacks all of them."""
    grown = [PARTS[name](body, rng, *arguments) for name, *arguments in fruit.parts]
    present = [strips for strips in grown if strips is not None]
    return join(present) if present else None


def stem(
    body: Shape, rng: Rng, length: float, width: float, colour: str, curve: float
) -> Strips | None:
    """A stalk in the dimple of the stem end, sometimes broken short, sometimes missing."""
    if rng.uniform() < 0.2:
        return None
    lean = rng.normal(0, curve, 3) * (1, 0, 1)
    length = length * rng.uniform(0.55, 1.1)
    outward = [[0.15, 1, 0.1]]
    return make_strips(_pole(body), UP, lean, length, width, (colour, colour), outward, rng, STALK)


def leaf(body: Shape, rng: Rng, probability: float) -> Strips | None:
    """One or two leaves on the stalk."""
    if rng.uniform() > probability:
        return None
    radial = _ring(int(rng.integers(1, 3)), rng)
    length = rng.uniform(0.8, 1.15)
    colours = ("35602a", "4d7d35")
    return make_strips(_pole(body), radial + 0.35 * UP, -0.3 * UP, length, 0.24, colours, UP, rng)


def calyx(
    body: Shape, rng: Rng, count: int, length: float, width: float, root: str, tip: str
) -> Strips:
    """Sepals on the shoulder around the stem, with lifted tips."""
    radial = _ring(count, rng)
    start = _pole(body) + 0.03 * UP
    rise = body.surface((radial * 0.62 + 0.78 * UP).astype(np.float32))[:, 1:2] - start[:, 1:2]
    way = radial * 0.85 + UP * (0.15 + 0.6 * np.maximum(rise, 0))
    lift = UP * rng.uniform(-0.2, 0.25, (count, 1))
    lengths = length * rng.uniform(0.8, 1.15, count)
    outward = radial * 0.45 + 0.9 * UP
    return make_strips(start, way, lift, lengths, width, (root, tip), outward, rng)


def crown(body: Shape, rng: Rng, count: int, length: float) -> Strips | None:
    """The tuft of a pineapple, whose outer leaves are shorter and more bent.

    It is sometimes cut off, as in Fruits-360.
    """
    if rng.uniform() < 0.15:
        return None
    radial, inner = _spiral(count, rng), np.arange(count)[:, None] / count
    way = radial * (0.75 - 0.62 * inner) + UP * (0.45 + 0.5 * inner)
    bend = (radial * 0.28 - UP * 0.18) * (1 - inner)
    start = _pole(body) + radial * (0.16 * (1 - inner)) - 0.02 * UP
    tip = CROWN_TIPS[int(rng.integers(3))]
    lengths = length * rng.uniform(0.65, 1.1) * (0.5 + 0.5 * inner)
    outward = UP + 0.3 * radial
    return make_strips(start, way, bend, lengths, 0.085, ("3d5a30", tip), outward, rng)


def fins(body: Shape, rng: Rng, count: int, length: float, root: str, tip: str) -> Strips:
    """The scales of a pitahaya: a spiral from the base, curling off towards the far end."""
    radial = _spiral(count, rng)
    y = 0.86 - 1.82 * (np.arange(count)[:, None] + 0.5) / count
    girth = np.sqrt(np.maximum(1 - y * y, 0.01))
    normal = radial * girth + UP * y
    start = body.surface(normal.astype(np.float32)) * 0.97
    way = (radial * y - UP * girth) * 0.9 + normal * 0.3
    curl = normal * rng.uniform(0.15, 0.55, (count, 1))
    lengths = length * rng.uniform(0.75, 1.2, count)
    return make_strips(start, way, curl, lengths, 0.17, (root, tip), normal, rng)


def tiara(body: Shape, rng: Rng, count: int, length: float, root: str, tip: str) -> Strips:
    """The crown of a pomegranate: teeth around a short neck at the far end."""
    radial = _ring(count, rng, 0.15)
    start = _pole(body, -1) + radial * 0.15 + 0.06 * UP
    way = radial * 0.15 - 0.9 * UP
    flare = radial * rng.uniform(0.2, 0.6)
    lengths = length * rng.uniform(0.85, 1.2, count)
    return make_strips(start, way, flare, lengths, 0.13, (root, tip), radial * 0.25 - UP, rng)


def cap(body: Shape, rng: Rng, size: float, colour: str) -> Strips | None:
    """The pale, dry cap of a date."""
    if rng.uniform() < 0.35:
        return None
    return calyx(body, rng, 6, size, 0.08, colour, colour)


def hair(body: Shape, rng: Rng, count: int) -> Strips:
    """Loose fibres around the outline of a coconut."""
    direction = rng.normal(size=(count, 3))
    direction /= np.sqrt(np.square(direction).sum(1, keepdims=True))
    start = body.surface(direction.astype(np.float32))
    way = direction * 0.35 + rng.normal(0, 0.6, (count, 3))
    colours = ("8a6a4a", "5a3f2a")
    return make_strips(start, way, 0 * UP, 0.2, 0.007, colours, direction, rng, STALK)


PARTS = {part.__name__: part for part in (stem, leaf, calyx, crown, fins, tiara, cap, hair)}


def _pole(body: Shape, sign: int = 1) -> np.ndarray:
    """The surface point on the axis at the stem end (sign 1) or at the far end (-1), [1, 3]."""
    return body.surface(np.array([[0.0, sign, 0.0]], np.float32)).astype(float)


def _ring(count: int, rng: Rng, unevenness: float = 0.2) -> np.ndarray:
    """Directions [count, 3] around the axis, almost evenly spread."""
    offset = rng.uniform(0, 6.2832)
    jitter = rng.uniform(-unevenness, unevenness, count)
    return _around_axis(offset + 6.2832 * (np.arange(count) + jitter) / count)


def _spiral(count: int, rng: Rng) -> np.ndarray:
    """Directions [count, 3] around the axis at the golden angle, as leaves grow."""
    return _around_axis(rng.uniform(0, 6.2832) + 2.399963 * np.arange(count))


def _around_axis(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angle), 0 * angle, np.sin(angle)], 1)
