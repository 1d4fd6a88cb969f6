"""Leaves and stalks as strips in body space, drawn with Pillow.

A strip has five points along its middle and, at each of them, the vector from there to one edge.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw

from fruitlab.data.synthetic.fruits import rgb
from fruitlab.data.synthetic.lighting import Light
from fruitlab.data.synthetic.render import View

OVERSAMPLING = 2
T = np.linspace(0, 1, 5)[None, :, None]  # position along a strip, from base to tip
LEAF = np.sin(np.pi * np.minimum(0.22 + 0.78 * T, 1)) ** 0.8  # half the width of a leaf
STALK = 0.8 + 0.5 * np.abs(T - 0.35)  # half the width of a stalk


@dataclass
class Strips:
    """n strips.

    Attributes:
        middle: Points along the middle in body coordinates, [n, 5, 3].
        side: Vectors from the middle to one edge, [n, 5, 3].
        root: Colours at the base, [n, 3].
        tip: Colours at the tip, [n, 3].
        outward: Directions [n, 3] that the body faces at their base. They decide whether a strip is
            in front of the body or behind it.
    """

    middle: np.ndarray
    side: np.ndarray
    root: np.ndarray
    tip: np.ndarray
    outward: np.ndarray


def make_strips(
    start: ArrayLike,
    way: ArrayLike,
    curl: ArrayLike,
    length: ArrayLike,
    width: float,
    colours: tuple[str, str],
    outward: ArrayLike,
    rng: np.random.Generator,
    profile: np.ndarray = LEAF,
) -> Strips:
    """Makes n strips of slightly varied colours.

    Args:
        start: Their bases, [n, 3] or [3].
        way: Their directions at the base, likewise.
        curl: Directions that they curl towards, likewise.
        length: Their lengths, one number or [n].
        width: Half their width.
        colours: Colours at the base and at the tip.
        outward: See ``Strips``.
        rng: Varies the colours.
        profile: ``LEAF`` or ``STALK``.
    """
    start, way, curl, outward = np.broadcast_arrays(
        *(np.asarray(vectors, float).reshape(-1, 3) for vectors in (start, way, curl, outward))
    )
    length = np.asarray(length, float).reshape(-1, 1, 1)
    middle = start[:, None] + length * (way[:, None] * T + curl[:, None] * T * T)
    cross_product = [
        way[:, i] * outward[:, j] - way[:, j] * outward[:, i] for i, j in ((1, 2), (2, 0), (0, 1))
    ]
    across = np.stack(cross_product, 1)
    across = across / (np.sqrt(np.square(across).sum(1, keepdims=True)) + 1e-9)
    shade = 1 + rng.uniform(-0.18, 0.18, (len(start), 1))
    root, tip = (rgb(colour) * shade for colour in colours)
    return Strips(middle, across[:, None] * width * profile, root, tip, outward)


def join(groups: list[Strips]) -> Strips:
    """Joins several groups of strips."""
    columns = {
        field.name: np.concatenate([getattr(group, field.name) for group in groups])
        for field in fields(Strips)
    }
    return Strips(**columns)


def draw(strips: Strips, view: View, light: Light, *, front: bool) -> Image.Image | None:
    """Draws strips from far to near.

    Args:
        strips: The strips of an individual.
        view: How the fruit is seen.
        light: The light.
        front: Whether to draw the strips in front of the body or those behind it.

    Returns:
        An RGBA picture, None if there are no such strips.
    """
    chosen = np.flatnonzero((strips.outward @ view.turn[2] > -0.08) == front)
    if not len(chosen):
        return None
    n = OVERSAMPLING
    world = strips.middle[chosen] @ view.turn.T
    far_to_near = np.argsort(world[:, :, 2].mean(1), kind="stable")
    chosen, world = chosen[far_to_near], world[far_to_near]
    scale = view.scale * n
    middle = (world[..., :2] - view.centre) * (scale, -scale) + view.size * n / 2
    side = (strips.side[chosen] @ view.turn.T)[..., :2] * (scale, -scale)
    # A leaf that is seen edge-on keeps some width.
    least = 0.45 * scale * np.sqrt(np.square(strips.side[chosen]).sum(-1, keepdims=True))
    along = np.gradient(middle, axis=1)
    across = along[..., ::-1] * (-1, 1) / (np.sqrt(np.square(along).sum(-1, keepdims=True)) + 1e-6)
    side = np.where(np.square(side).sum(-1, keepdims=True) < least * least, across * least, side)

    t = np.linspace(0.1, 0.9, 4)[None, :, None]
    colours = strips.root[chosen, None] * (1 - t) + strips.tip[chosen, None] * t
    colours = colours * np.asarray(light.tint) * 255
    canvas = Image.new("RGBA", (view.size * n, view.size * n))
    polygon = ImageDraw.Draw(canvas).polygon
    halves = []
    for sign, share in ((1, 0.62), (-1, 1.0)):  # one half of a leaf catches more light
        fills = np.clip(colours * (light.ambient + light.strength * share), 0, 255)
        halves.append(((middle + sign * side).tolist(), fills.astype(int).tolist()))
    for index, spine in enumerate(middle.tolist()):
        for edges, fills in halves:
            edge, fill = edges[index], fills[index]
            for i in range(4):
                polygon((*spine[i], *edge[i], *edge[i + 1], *spine[i + 1]), fill=(*fill[i], 255))
    return canvas.reduce(n)
