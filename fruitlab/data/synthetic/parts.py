"""What grows on a fruit: stems, calyxes, crowns, fins, hair. Built as strips in body space, drawn with Pillow.

A strip is a leaf or a stalk: points along its middle and half-widths, in body space. Those that face away go behind the
body's picture, the others in front, each group from far to near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from fruitlab.data.synthetic.fruits import Fruit, rgb
from fruitlab.data.synthetic.render import Light, View

OVERSAMPLING = 2


@dataclass
class Strip:
    middle: np.ndarray  # [k, 3]
    side: np.ndarray  # [k, 3], from the middle to one edge
    root: np.ndarray  # colour [3] at the base
    tip: np.ndarray  # colour [3]
    outward: np.ndarray  # [3], the way its place on the body faces: decides between front and back


def grow(fruit: Fruit, body, rng: np.random.Generator) -> list[Strip]:
    """The strips of an individual. Some may be missing, as on the fruits one buys."""
    strips: list[Strip] = []
    for what, *numbers in fruit.parts:
        strips += PARTS[what](body, rng, *numbers)
    return strips


def reach(strips: list[Strip]) -> np.ndarray | None:
    """The points [n, 3] that must be in view."""
    return np.concatenate([s.middle for s in strips]) if strips else None


def draw(strips: list[Strip], view: View, light: Light, front: bool) -> Image.Image | None:
    """An RGBA picture of the strips in front of the body, or of those behind it; None where there are none."""
    chosen = [(float((s.middle @ view.turn.T)[:, 2].mean()), s) for s in strips if (float(s.outward @ view.turn[2]) > -0.08) == front]
    if not chosen:
        return None
    n = OVERSAMPLING
    canvas = Image.new("RGBA", (view.size * n, view.size * n))
    pen = ImageDraw.Draw(canvas)
    for _, strip in sorted(chosen, key=lambda pair: pair[0]):
        middle = view.project(strip.middle)[:, :2] * n
        side = (strip.side @ view.turn.T)[:, :2] * (view.scale * n) * (1, -1)
        thin = np.linalg.norm(side, axis=1, keepdims=True)
        along = np.gradient(middle, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], 1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-6)
        full = np.linalg.norm(strip.side, axis=1, keepdims=True) * (view.scale * n)
        side = np.where(thin < 0.45 * full, across * 0.45 * full, side)  # a leaf seen edge-on still has some body
        left, right = middle + side, middle - side
        level = light.ambient + light.strength * np.array([0.62, 1.0])  # one half of a leaf catches the light
        for edge, bright in ((left, level[0]), (right, level[1])):
            for i in range(len(middle) - 1):
                t = i / (len(middle) - 1)
                colour = (strip.root * (1 - t) + strip.tip * t) * bright * np.asarray(light.tint)
                fill = tuple(int(v) for v in np.clip(colour * 255, 0, 255))
                pen.polygon([tuple(middle[i]), tuple(edge[i]), tuple(edge[i + 1]), tuple(middle[i + 1])], fill=(*fill, 255))
    return canvas.reduce(n)


def _leaf(start, way, bend, length: float, width: float, root, tip, outward, rng, steps: int = 5) -> Strip:
    """A leaf from `start` along `way`, curling towards `bend`, widest a third of the way up."""
    t = np.linspace(0, 1, steps)[:, None]
    middle = start + length * (way * t + bend * t * t)
    across = np.cross(way, outward)
    across = across / (np.linalg.norm(across) + 1e-9)
    half = width * np.sin(np.pi * np.minimum(0.22 + 0.78 * t, 1)) ** 0.8
    shade = np.float32(1 + rng.uniform(-0.18, 0.18))
    return Strip(middle, across * half, rgb(root) * shade, rgb(tip) * shade, np.asarray(outward, float))


def _pole(body, sign: int = 1) -> np.ndarray:
    return body.surface(np.array([[0.0, sign, 0.0]], np.float32))[0].astype(float)


def stem(body, rng, length, width, colour, curve):
    """A stalk in the stem end's dimple; sometimes broken short, sometimes gone."""
    if rng.uniform() < 0.2:
        return []
    length = length * rng.uniform(0.55, 1.1)
    lean = rng.normal(0, curve, 2)
    t = np.linspace(0, 1, 6)[:, None]
    middle = _pole(body) + length * (np.array([0, 1.0, 0]) * t + np.array([lean[0], 0, lean[1]]) * t * t)
    half = np.array([width, 0, 0]) * (0.8 + 0.5 * np.abs(t - 0.35))
    return [Strip(middle, half, rgb(colour) * 0.9, rgb(colour) * 1.1, np.array([0, 1.0, 0]))]


def leaf(body, rng, chance):
    """One or two leaves left on the stalk."""
    if rng.uniform() > chance:
        return []
    found = []
    for _ in range(int(rng.integers(1, 3))):
        a = rng.uniform(0, 6.28)
        way = np.array([np.cos(a), 0.35, np.sin(a)])
        found.append(_leaf(_pole(body), way, np.array([0, -0.3, 0]), rng.uniform(0.8, 1.15), 0.24, "35602a", "4d7d35", np.array([0.0, 1, 0]), rng))
    return found


def calyx(body, rng, count, length, width, root, tip):
    """Sepals lying on the shoulder around the stem, their tips lifted."""
    found = []
    phase = rng.uniform(0, 6.28)
    for i in range(count):
        a = phase + 6.2832 * (i + rng.uniform(-0.2, 0.2)) / count
        radial = np.array([np.cos(a), 0, np.sin(a)])
        reach = length * rng.uniform(0.8, 1.15)
        start = _pole(body) + np.array([0, 0.03, 0])
        shoulder = body.surface((radial * 0.62 + np.array([0, 0.78, 0]))[None].astype(np.float32))[0] - start
        way = radial * 0.85 + np.array([0, 0.15 + 0.6 * max(float(shoulder[1]), 0), 0])
        lift = np.array([0, rng.uniform(-0.2, 0.25), 0])
        found.append(_leaf(start, way, lift, reach, width, root, tip, radial * 0.45 + np.array([0, 0.9, 0]), rng))
    return found


def crown(body, rng, count, length):
    """A pineapple's tuft: long leaves, the outer ones shorter and more bent. Sometimes cut off, as in Fruits-360."""
    if rng.uniform() < 0.15:
        return []
    found = []
    base, length = _pole(body), length * rng.uniform(0.65, 1.1)
    for i in range(count):
        a, inner = 2.399963 * i + rng.uniform(-0.2, 0.2), i / count
        radial = np.array([np.cos(a), 0, np.sin(a)])
        way = radial * (0.75 - 0.62 * inner) + np.array([0, 0.45 + 0.5 * inner, 0])
        bend = radial * (0.28 * (1 - inner)) + np.array([0, -0.18 * (1 - inner), 0])
        start = base + radial * (0.16 * (1 - inner)) + np.array([0, -0.02, 0])
        tip = "8fa060" if rng.uniform() < 0.75 else "9a8a58"
        found.append(_leaf(start, way, bend, length * (0.5 + 0.5 * inner), 0.085, "3d5a30", tip, np.array([0, 1.0, 0]) + 0.3 * radial, rng))
    return found


def fins(body, rng, count, length, root, tip):
    """A pitahaya's scales, in a spiral from the base, pointing to the far end and curling off, green at the tip."""
    found = []
    phase = rng.uniform(0, 6.28)
    for i in range(count):
        y = 0.86 - 1.82 * (i + 0.5) / count
        a = phase + 2.399963 * i
        radial = np.array([np.cos(a), 0, np.sin(a)])
        girth = np.sqrt(max(1 - y * y, 0.01))
        normal = radial * girth + np.array([0, y, 0])
        start = body.surface(normal[None].astype(np.float32))[0] * 0.97
        meridian = np.array([0, -1.0, 0]) * girth + radial * y
        way = meridian * 0.9 + normal * 0.3
        found.append(_leaf(start, way, normal * rng.uniform(0.15, 0.55), length * rng.uniform(0.75, 1.2), 0.17, root, tip, normal, rng))
    return found


def tiara(body, rng, count, length, root, tip):
    """A pomegranate's crown: teeth around a short neck at the far end."""
    found = []
    base, flare = _pole(body, -1), rng.uniform(0.2, 0.6)
    for i in range(count):
        a = 6.2832 * (i + rng.uniform(-0.15, 0.15)) / count
        radial = np.array([np.cos(a), 0, np.sin(a)])
        way = np.array([0, -0.9, 0]) + radial * 0.15
        start = base + radial * 0.15 + np.array([0, 0.06, 0])
        found.append(_leaf(start, way, radial * flare, length * rng.uniform(0.85, 1.2), 0.13, root, tip, np.array([0, -1.0, 0]) + 0.25 * radial, rng, 4))
    return found


def cap(body, rng, size, colour):
    """A date's pale, dry cap."""
    if rng.uniform() < 0.35:
        return []
    return calyx(body, rng, 6, size, 0.08, colour, colour)


def hair(body, rng, count):
    """Loose fibres around a coconut's outline."""
    found = []
    for _ in range(count):
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        start = body.surface(direction[None].astype(np.float32))[0].astype(float)
        way = direction * 0.35 + rng.normal(0, 0.6, 3)
        colour = ("8a6a4a", "5a3f2a", "3d2a1c")[int(rng.integers(3))]
        t = np.linspace(0, 1, 3)[:, None]
        middle = start + 0.2 * way * t
        found.append(Strip(middle, np.full((3, 3), 0.006), rgb(colour), rgb(colour), direction))
    return found


PARTS = {f.__name__: f for f in (stem, leaf, calyx, crown, fins, tiara, cap, hair)}
