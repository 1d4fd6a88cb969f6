"""Casts a body into a square picture and shades it: orthographic, one light, soft edges.

World axes: x right, y up, z towards the viewer. A picture of `size` pixels shows `size / scale` fruit radii.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class View:
    """How a fruit is seen: `turn` [3, 3] takes body to world, `scale` is pixels per radius, `centre` the world point (x, y) mid-picture."""

    turn: np.ndarray
    scale: float
    centre: tuple[float, float]
    size: int


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
    [np.sqrt(1 - (1 - _I / 100) ** 2) * np.cos(_I * 2.399963), 1 - _I / 100, np.sqrt(1 - (1 - _I / 100) ** 2) * np.sin(_I * 2.399963)], 1
).astype(np.float32)  # a Fibonacci sphere: evenly spread directions


def fit(body, turn: np.ndarray, size: int, fill: float = 0.98, extra: np.ndarray | None = None) -> View:
    """The view whose longer side is filled to `fill` by the body and the body points `extra` [n, 3]."""
    points = body.surface(_DIRECTIONS)
    if extra is not None and len(extra):
        points = np.concatenate([points, extra])
    flat = points @ turn.T[:, :2]
    low, high = flat.min(0), flat.max(0)
    middle = (low + high) / 2
    return View(turn, float(size * fill / (high - low).max()), (float(middle[0]), float(middle[1])), size)


def cast(body, view: View) -> Surface:
    """Finds the surface in each pixel. float32 throughout."""
    m = view.turn
    points = body.surface(_DIRECTIONS) @ m.T
    edge = 2.5 / view.scale
    half = (view.size - 1) / 2
    line = (np.arange(view.size, dtype=np.float32) - half) / view.scale
    columns = _within(line + view.centre[0], points[:, 0].min() - edge, points[:, 0].max() + edge)
    rows = _within(view.centre[1] - line, points[:, 1].min() - edge, points[:, 1].max() + edge)
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    x = np.broadcast_to(line[columns] + view.centre[0], shape).ravel()
    y = np.broadcast_to(view.centre[1] - line[rows, None], shape).ravel()

    def field(x, y, z):
        return body.field(m[0, 0] * x + m[1, 0] * y + m[2, 0] * z, m[0, 1] * x + m[1, 1] * y + m[2, 1] * z, m[0, 2] * x + m[1, 2] * y + m[2, 2] * z)

    outline, z = (_march if body.planes else _solve)(body, field, x, y, m, points)

    # the field's slope across the picture turns it into a distance from the outline in pixels, hence coverage
    down, across = np.gradient(outline.reshape(shape))
    slope = np.sqrt(down * down + across * across).ravel()
    coverage = np.clip(0.5 - outline / np.maximum(slope, 1e-4), 0, 1)
    seen = np.flatnonzero(coverage > 0.02)
    x, y, z, coverage = x[seen], y[seen], z[seen], coverage[seen]
    pixels = (seen // shape[1] + rows.start) * view.size + seen % shape[1] + columns.start

    step = np.float32(0.012)
    here = field(x, y, z)
    normal = np.stack([field(x + step, y, z) - here, field(x, y + step, z) - here, field(x, y, z + step) - here], 1)
    normal[:, 2] = np.maximum(normal[:, 2], 1e-4)
    normal /= np.sqrt((normal * normal).sum(1, keepdims=True))
    unit = body.unit(m[0, 0] * x + m[1, 0] * y + m[2, 0] * z, m[0, 1] * x + m[1, 1] * y + m[2, 1] * z, m[0, 2] * x + m[1, 2] * y + m[2, 2] * z)
    return Surface(pixels, coverage, unit, normal)


def _within(line: np.ndarray, low: float, high: float) -> slice:
    inside = np.flatnonzero((line > low) & (line < high))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _solve(body, field, x, y, m, points):
    """(field at the ray's closest approach, depth of the surface), for a body close to an ellipsoid.

    Along a ray the field is nearly a parabola about its lowest point, so scaling the offset by the root of the
    parabola through two known values converges in a few steps (in one, for a true ellipsoid).
    """
    shape = (m / np.square(np.array(body.axes, np.float32))) @ m.T
    lowest = -(shape[0, 2] * x + shape[1, 2] * y) / shape[2, 2]
    outline = field(x, y, lowest)
    offset = np.sqrt(np.maximum(-outline, 0) / shape[2, 2])
    for _ in range(2):
        value = field(x, y, lowest + offset)
        offset *= np.sqrt(np.clip(outline / np.minimum(outline - value, -1e-6), 0.3, 3.0))
    return outline, lowest + offset


def _march(body, field, x, y, m, points):
    """The same for any body: evaluates planes from front to back, takes the first crossing, refines it."""
    planes = body.planes
    depths = np.linspace(points[:, 2].max() + 0.02, points[:, 2].min() - 0.02, planes, dtype=np.float32)
    values = field(x[None], y[None], depths[:, None])
    inside = values < 0
    first = np.maximum(inside.argmax(0), 1)
    missed = ~inside.any(0)
    first[missed] = np.clip(values[:, missed].argmin(0), 1, planes - 1)
    column = np.arange(len(x))
    before, after = values[first - 1, column], values[first, column]
    near, far = depths[first - 1], depths[first]
    for _ in range(2):
        middle = near + (far - near) * np.clip(before / np.where(missed, 1, np.maximum(before - after, 1e-6)), 0.02, 0.98)
        value = field(x, y, middle)
        out = value > 0
        near, before = np.where(out, middle, near), np.where(out, value, before)
        far, after = np.where(out, far, middle), np.where(out, after, value)
    depth = near + (far - near) * np.clip(before / np.maximum(before - after, 1e-6), 0, 1)
    return values.min(0), np.where(missed, depths[first], depth)


def shade(surface: Surface, albedo: np.ndarray, gloss, sharpness: float, light: Light) -> np.ndarray:
    """Colours [n, 3] (0..1 and above where the highlight burns out) of the pixels of a surface under one light."""
    towards = np.asarray(light.direction, np.float32)
    towards = towards / np.linalg.norm(towards)
    normal = surface.normal
    facing = normal @ towards
    facing_viewer = normal[:, 2]
    diffuse = np.maximum(facing * 0.8 + 0.2, 0)  # wrapped: studio light is broad
    level = (light.ambient + light.strength * diffuse) * (0.72 + 0.28 * np.sqrt(np.clip(facing_viewer, 0, 1)))
    if light.back:
        level = level + light.back * np.square(1 - np.clip(facing_viewer, 0, 1))
    colour = albedo * (level[:, None] * np.asarray(light.tint, np.float32))
    halfway = towards + np.array([0, 0, 1], np.float32)
    halfway /= np.linalg.norm(halfway)
    shine = np.maximum(normal @ halfway, 0) ** sharpness * (gloss * light.highlight)
    return colour + shine[:, None]
