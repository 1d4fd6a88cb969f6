"""Casts a body into a square picture and shades it: orthographic, one light, soft edges.

World axes: x right, y up, z towards the viewer. A picture of `size` pixels shows `size / scale` fruit radii.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class View:
    """How a fruit is seen."""

    turn: np.ndarray  # [3, 3], body to world
    scale: float  # pixels per radius
    centre: tuple[float, float]  # the world point (x, y) mid-picture
    size: int  # of the picture, in pixels
    low: np.ndarray  # the body's extent in world axes [3]
    high: np.ndarray


@dataclass
class Surface:
    """What each of the n pixels that show the body sees."""

    pixels: np.ndarray  # flat indices into the picture
    coverage: np.ndarray  # 0..1, under 1 at the edge
    unit: tuple[np.ndarray, np.ndarray, np.ndarray]  # `Body.unit` of the point
    normal: np.ndarray  # [n, 3], world axes


@dataclass(frozen=True)
class Light:
    direction: tuple[float, float, float] = (-0.35, 0.5, 0.8)
    ambient: float = 0.45
    strength: float = 0.62
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    highlight: float = 1.0  # how much of a skin's gloss shows
    back: float = 0.0  # light from behind along the rim


def turned(pole: tuple[float, float, float], spin: float) -> np.ndarray:
    """The rotation that points the fruit's axis at world direction `pole`, after spinning it about that axis by `spin` radians."""
    y = np.asarray(pole, np.float64)
    y = y / np.linalg.norm(y)
    helper = np.array([0.0, 0.0, 1.0]) if abs(y[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    x = np.cross(y, helper)
    x /= np.linalg.norm(x)
    z = np.cross(x, y)
    c, s = np.cos(spin), np.sin(spin)
    return np.stack([c * x + s * z, y, c * z - s * x], 1).astype(np.float32)


_I = np.arange(200) + 0.5
_DIRECTIONS = np.stack(
    [
        np.sqrt(1 - (1 - _I / 100) ** 2) * np.cos(_I * 2.399963),
        1 - _I / 100,
        np.sqrt(1 - (1 - _I / 100) ** 2) * np.sin(_I * 2.399963),
    ],
    1,
).astype(np.float32)  # a Fibonacci sphere: evenly spread directions


def fit(
    body, turn: np.ndarray, size: int, fill: float = 0.98, extra: np.ndarray | None = None
) -> View:
    """The view whose longer side is filled to `fill` by the body and the body points `extra` [n, 3]."""
    points = body.surface(_DIRECTIONS) @ turn.T
    bottom, top = points.min(0), points.max(0)
    low, high = bottom[:2], top[:2]
    if extra is not None:
        flat = extra @ turn.T[:, :2]
        low, high = np.minimum(low, flat.min(0)), np.maximum(high, flat.max(0))
    middle = (low + high) / 2
    return View(
        turn,
        float(size * fill / (high - low).max()),
        (float(middle[0]), float(middle[1])),
        size,
        bottom,
        top,
    )


def cast(body, view: View) -> Surface:
    """Finds the surface in each pixel. float32 throughout."""
    m = view.turn
    edge = 2.5 / view.scale
    half = (view.size - 1) / 2
    line = (np.arange(view.size, dtype=np.float32) - half) / view.scale
    columns = _within(line + view.centre[0], view.low[0] - edge, view.high[0] + edge)
    rows = _within(view.centre[1] - line, view.low[1] - edge, view.high[1] + edge)
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    x = np.broadcast_to(line[columns] + view.centre[0], shape).ravel()
    y = np.broadcast_to(view.centre[1] - line[rows, None], shape).ravel()

    def to_body(x, y, z):
        return [m[0, i] * x + m[1, i] * y + m[2, i] * z for i in range(3)]

    def field(x, y, z):
        return body.field(*to_body(x, y, z))

    outline, z = (_march if body.planes else _solve)(body, field, x, y, view)

    # the field's slope across the picture turns it into a distance from the outline in pixels, hence coverage
    slope = _slope(outline.reshape(shape)).ravel()
    coverage = np.clip(0.5 - outline / np.maximum(slope, 1e-4), 0, 1)
    seen = np.flatnonzero(coverage > 0.02)
    x, y, z, coverage = x[seen], y[seen], z[seen], coverage[seen]
    pixels = (seen // shape[1] + rows.start) * view.size + seen % shape[1] + columns.start

    around = field(
        (x + _STEPS[0]).ravel(), (y + _STEPS[1]).ravel(), (z + _STEPS[2]).ravel()
    ).reshape(4, -1)
    normal = (around[1:] - around[0]).T
    np.maximum(normal[:, 2], 1e-4, out=normal[:, 2])
    normal = normalised(normal)
    return Surface(pixels, coverage, body.unit(*to_body(x, y, z)), normal)


# the point itself and a little along each axis: the field's differences between them are the normal
_STEPS = np.float32(0.012) * np.array(
    [[[0], [1], [0], [0]], [[0], [0], [1], [0]], [[0], [0], [0], [1]]], np.float32
)


def normalised(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.sqrt(np.einsum("ni,ni->n", vectors, vectors))[:, None]


def _slope(grid: np.ndarray) -> np.ndarray:
    """The length of the gradient at each point of a grid, per pixel."""
    down, across = np.empty_like(grid), np.empty_like(grid)
    np.subtract(grid[2:], grid[:-2], out=down[1:-1])
    np.subtract(grid[:, 2:], grid[:, :-2], out=across[:, 1:-1])
    down[0], down[-1], across[:, 0], across[:, -1] = down[1], down[-2], across[:, 1], across[:, -2]
    return np.sqrt(down * down + across * across) * np.float32(0.5)


def _within(line: np.ndarray, low: float, high: float) -> slice:
    inside = np.flatnonzero((line > low) & (line < high))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _solve(body, field, x, y, view):
    """(field at the ray's closest approach, depth of the surface), for a body close to an ellipsoid.

    Along a ray the field is nearly a parabola about its lowest point, so scaling the offset by the root of the
    parabola through two known values converges in a few steps (in one, for a true ellipsoid).
    """
    shape = (view.turn / np.square(np.array(body.axes, np.float32))) @ view.turn.T
    lowest = -(shape[0, 2] * x + shape[1, 2] * y) / shape[2, 2]
    outline = field(x, y, lowest)
    offset = np.sqrt(np.maximum(-outline, 0) / shape[2, 2])
    for _ in range(2):
        value = field(x, y, lowest + offset)
        offset *= np.sqrt(np.clip(outline / np.minimum(outline - value, -1e-6), 0.3, 3.0))
    return outline, lowest + offset


def _march(body, field, x, y, view):
    """The same for any body: evaluates planes from front to back, takes the first crossing, refines it."""
    planes = body.planes
    depths = np.linspace(view.high[2] + 0.02, view.low[2] - 0.02, planes, dtype=np.float32)
    values = field(x[None], y[None], depths[:, None])
    inside = values < 0
    first = np.maximum(inside.argmax(0), 1)
    missed = ~inside.any(0)
    first[missed] = np.clip(values[:, missed].argmin(0), 1, planes - 1)
    column = np.arange(len(x))
    before, after = values[first - 1, column], values[first, column]
    near, far = depths[first - 1], depths[first]
    for _ in range(2):
        middle = near + (far - near) * np.clip(
            before / np.where(missed, 1, np.maximum(before - after, 1e-6)), 0.02, 0.98
        )
        value = field(x, y, middle)
        out = value > 0
        near, before = np.where(out, middle, near), np.where(out, value, before)
        far, after = np.where(out, far, middle), np.where(out, after, value)
    depth = near + (far - near) * np.clip(before / np.maximum(before - after, 1e-6), 0, 1)
    # the closest approach lies between planes: the lowest point of the parabola through the three nearest
    lowest = np.clip(values.argmin(0), 1, planes - 2)
    above, least, below = (
        values[lowest - 1, column],
        values[lowest, column],
        values[lowest + 1, column],
    )
    curve = np.maximum(above + below - 2 * least, 1e-6)
    closest = least - np.square(np.clip(above - below, -curve, curve)) / (8 * curve)
    return closest, np.where(missed, depths[first], depth)


def shade(
    surface: Surface, albedo: np.ndarray, gloss, sharpness: float, light: Light
) -> np.ndarray:
    """Colours [n, 3] (0..1 and above where the highlight burns out) of the pixels of a surface under one light."""
    towards = np.asarray(light.direction, np.float32)
    towards = towards / np.linalg.norm(towards)
    normal = surface.normal
    facing = normal @ towards
    facing_viewer = normal[:, 2]
    diffuse = np.maximum(facing * 0.8 + 0.2, 0)  # wrapped: studio light is broad
    level = (light.ambient + light.strength * diffuse) * (
        0.72 + 0.28 * np.sqrt(np.clip(facing_viewer, 0, 1))
    )
    if light.back:
        level = level + light.back * np.square(1 - np.clip(facing_viewer, 0, 1))
    colour = albedo * (level[:, None] * np.asarray(light.tint, np.float32))
    halfway = towards + np.array([0, 0, 1], np.float32)
    halfway /= np.linalg.norm(halfway)
    shine = np.maximum(normal @ halfway, 0) ** sharpness * (gloss * light.highlight)
    return colour + shine[:, None]
