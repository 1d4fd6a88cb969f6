"""What grows on a fruit: stems, calyxes, crowns, fins, hair. Built as strips in body space, drawn with Pillow.

A strip is a leaf or a stalk: five points along its middle and, at each, how far its edge is to one side. Strips that
face away go behind the body's picture, the others in front, each group from far to near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from fruitlab.data.synthetic.fruits import Fruit, rgb
from fruitlab.data.synthetic.render import Light, View

OVERSAMPLING = 2
_T = np.linspace(0, 1, 5)[None, :, None]
_LEAF = (
    np.sin(np.pi * np.minimum(0.22 + 0.78 * _T, 1)) ** 0.8
)  # a leaf's half-width from base to tip
_STALK = 0.8 + 0.5 * np.abs(_T - 0.35)
UP = np.array([[0.0, 1.0, 0.0]])


@dataclass
class Strips:
    middle: np.ndarray  # [s, 5, 3] body points
    side: np.ndarray  # [s, 5, 3] from the middle to one edge
    root: np.ndarray  # [s, 3] colour at the base
    tip: np.ndarray  # [s, 3]
    outward: (
        np.ndarray
    )  # [s, 3] the way its place on the body faces: decides between front and back


def grow(fruit: Fruit, body, rng: np.random.Generator) -> Strips | None:
    """The strips of an individual. Some may be missing, as on the fruits one buys; None when all are."""
    grown = [
        made
        for what, *numbers in fruit.parts
        if (made := PARTS[what](body, rng, *numbers)) is not None
    ]
    if not grown:
        return None
    return Strips(
        *(np.concatenate([getattr(g, name) for g in grown]) for name in Strips.__dataclass_fields__)
    )


def draw(strips: Strips, view: View, light: Light, front: bool) -> Image.Image | None:
    """An RGBA picture of the strips in front of the body, or of those behind it; None where there are none."""
    chosen = np.flatnonzero((strips.outward @ view.turn[2] > -0.08) == front)
    if not len(chosen):
        return None
    n = OVERSAMPLING
    world = strips.middle[chosen] @ view.turn.T
    chosen, world = (a[np.argsort(world[:, :, 2].mean(1), kind="stable")] for a in (chosen, world))
    scale = view.scale * n
    middle = (world[..., :2] - view.centre) * (scale, -scale) + view.size * n / 2
    side = (strips.side[chosen] @ view.turn.T)[..., :2] * (scale, -scale)
    # a leaf seen edge-on still has some body
    full = 0.45 * scale * np.sqrt(np.square(strips.side[chosen]).sum(-1, keepdims=True))
    along = np.gradient(middle, axis=1)
    across = along[..., ::-1] * (-1, 1) / (np.sqrt(np.square(along).sum(-1, keepdims=True)) + 1e-6)
    side = np.where(np.square(side).sum(-1, keepdims=True) < full * full, across * full, side)
    t = np.linspace(0.1, 0.9, 4)[None, :, None]
    colours = (
        (strips.root[chosen, None] * (1 - t) + strips.tip[chosen, None] * t)
        * np.asarray(light.tint)
        * 255
    )
    # one half of a leaf catches the light
    halves = [
        (
            (middle + sign * side).tolist(),
            np.clip(colours * (light.ambient + light.strength * share), 0, 255)
            .astype(int)
            .tolist(),
        )
        for sign, share in ((1, 0.62), (-1, 1.0))
    ]
    canvas = Image.new("RGBA", (view.size * n, view.size * n))
    polygon = ImageDraw.Draw(canvas).polygon
    for s, spine in enumerate(middle.tolist()):
        for edges, fills in halves:
            edge, fill = edges[s], fills[s]
            for i in range(4):
                polygon((*spine[i], *edge[i], *edge[i + 1], *spine[i + 1]), fill=(*fill[i], 255))
    return canvas.reduce(n)


def _leaves(
    start, way, curl, length, width: float, root: str, tip: str, outward, rng, profile=_LEAF
) -> Strips:
    """Strips from `start` [s, 3] along `way`, curling towards `curl`; `length` one number or [s, 1]."""
    start, way, curl, outward = np.broadcast_arrays(
        *(np.asarray(a, float).reshape(-1, 3) for a in (start, way, curl, outward))
    )
    length = np.asarray(length, float).reshape(-1, 1, 1)
    middle = start[:, None] + length * (way[:, None] * _T + curl[:, None] * _T * _T)
    across = np.stack(
        [
            way[:, i] * outward[:, j] - way[:, j] * outward[:, i]
            for i, j in ((1, 2), (2, 0), (0, 1))
        ],
        1,
    )
    across = across / (np.sqrt(np.square(across).sum(1, keepdims=True)) + 1e-9)
    shade = 1 + rng.uniform(-0.18, 0.18, (len(start), 1))
    return Strips(
        middle, across[:, None] * width * profile, rgb(root) * shade, rgb(tip) * shade, outward
    )


def _pole(body, sign: int = 1) -> np.ndarray:
    return body.surface(np.array([[0.0, sign, 0.0]], np.float32)).astype(float)


def _ring(count: int, rng, unevenness: float = 0.2) -> np.ndarray:
    """Directions [count, 3] around the axis, evenly spread but for some unevenness."""
    a = (
        rng.uniform(0, 6.2832)
        + 6.2832 * (np.arange(count) + rng.uniform(-unevenness, unevenness, count)) / count
    )
    return np.stack([np.cos(a), 0 * a, np.sin(a)], 1)


def _spiral(count: int, rng) -> np.ndarray:
    """Directions [count, 3] around the axis at the golden angle, as leaves grow."""
    a = rng.uniform(0, 6.2832) + 2.399963 * np.arange(count)
    return np.stack([np.cos(a), 0 * a, np.sin(a)], 1)


def stem(body, rng, length, width, colour, curve):
    """A stalk in the stem end's dimple; sometimes broken short, sometimes gone."""
    if rng.uniform() < 0.2:
        return None
    lean = rng.normal(0, curve, 3) * (1, 0, 1)
    return _leaves(
        _pole(body),
        UP,
        lean,
        length * rng.uniform(0.55, 1.1),
        width,
        colour,
        colour,
        [[0.15, 1, 0.1]],
        rng,
        _STALK,
    )


def leaf(body, rng, chance):
    """One or two leaves left on the stalk."""
    if rng.uniform() > chance:
        return None
    radial = _ring(int(rng.integers(1, 3)), rng)
    return _leaves(
        _pole(body),
        radial + 0.35 * UP,
        -0.3 * UP,
        rng.uniform(0.8, 1.15),
        0.24,
        "35602a",
        "4d7d35",
        UP,
        rng,
    )


def calyx(body, rng, count, length, width, root, tip):
    """Sepals lying on the shoulder around the stem, their tips lifted."""
    radial = _ring(count, rng)
    start = _pole(body) + 0.03 * UP
    rise = body.surface((radial * 0.62 + 0.78 * UP).astype(np.float32))[:, 1:2] - start[:, 1:2]
    way = radial * 0.85 + UP * (0.15 + 0.6 * np.maximum(rise, 0))
    lift = UP * rng.uniform(-0.2, 0.25, (count, 1))
    return _leaves(
        start,
        way,
        lift,
        length * rng.uniform(0.8, 1.15, count),
        width,
        root,
        tip,
        radial * 0.45 + 0.9 * UP,
        rng,
    )


def crown(body, rng, count, length):
    """A pineapple's tuft: long leaves, the outer ones shorter and more bent. Sometimes cut off, as in Fruits-360."""
    if rng.uniform() < 0.15:
        return None
    radial, inner = _spiral(count, rng), np.arange(count)[:, None] / count
    way = radial * (0.75 - 0.62 * inner) + UP * (0.45 + 0.5 * inner)
    bend = (radial * 0.28 - UP * 0.18) * (1 - inner)
    start = _pole(body) + radial * (0.16 * (1 - inner)) - 0.02 * UP
    tip = ("8fa060", "8fa060", "9a8a58")[int(rng.integers(3))]
    return _leaves(
        start,
        way,
        bend,
        length * rng.uniform(0.65, 1.1) * (0.5 + 0.5 * inner),
        0.085,
        "3d5a30",
        tip,
        UP + 0.3 * radial,
        rng,
    )


def fins(body, rng, count, length, root, tip):
    """A pitahaya's scales, in a spiral from the base, pointing to the far end and curling off, green at the tip."""
    radial = _spiral(count, rng)
    y = 0.86 - 1.82 * (np.arange(count)[:, None] + 0.5) / count
    girth = np.sqrt(np.maximum(1 - y * y, 0.01))
    normal = radial * girth + UP * y
    start = body.surface(normal.astype(np.float32)) * 0.97
    way = (radial * y - UP * girth) * 0.9 + normal * 0.3
    curl = normal * rng.uniform(0.15, 0.55, (count, 1))
    return _leaves(
        start, way, curl, length * rng.uniform(0.75, 1.2, count), 0.17, root, tip, normal, rng
    )


def tiara(body, rng, count, length, root, tip):
    """A pomegranate's crown: teeth around a short neck at the far end."""
    radial = _ring(count, rng, 0.15)
    start = _pole(body, -1) + radial * 0.15 + 0.06 * UP
    flare, lengths = radial * rng.uniform(0.2, 0.6), length * rng.uniform(0.85, 1.2, count)
    return _leaves(
        start, radial * 0.15 - 0.9 * UP, flare, lengths, 0.13, root, tip, radial * 0.25 - UP, rng
    )


def cap(body, rng, size, colour):
    """A date's pale, dry cap."""
    return None if rng.uniform() < 0.35 else calyx(body, rng, 6, size, 0.08, colour, colour)


def hair(body, rng, count):
    """Loose fibres around a coconut's outline."""
    direction = rng.normal(size=(count, 3))
    direction /= np.sqrt(np.square(direction).sum(1, keepdims=True))
    start = body.surface(direction.astype(np.float32))
    return _leaves(
        start,
        direction * 0.35 + rng.normal(0, 0.6, (count, 3)),
        0 * UP,
        0.2,
        0.007,
        "8a6a4a",
        "5a3f2a",
        direction,
        rng,
        _STALK,
    )


PARTS = {f.__name__: f for f in (stem, leaf, calyx, crown, fins, tiara, cap, hair)}
