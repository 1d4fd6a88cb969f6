"""Casts the surface of a body into a square picture: orthographic, with soft edges, in float32.

The world axes are x to the right, y up and z towards the viewer. A picture of ``size`` pixels shows
``size / scale`` fruit radii.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fruitlab.data.synthetic.body import Shape
from fruitlab.data.synthetic.points import Coordinates

Field = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass
class View:
    """How a fruit is seen.

    Attributes:
        turn: Rotation from body to world, [3, 3].
        scale: Pixels per fruit radius.
        centre: The world point (x, y) in the middle of the picture.
        size: Side of the picture in pixels.
        low: Smallest world coordinates of the body, [3].
        high: Largest world coordinates of the body, [3].
    """

    turn: np.ndarray
    scale: float
    centre: tuple[float, float]
    size: int
    low: np.ndarray
    high: np.ndarray


@dataclass
class Surface:
    """What the n pixels that show the body see.

    Attributes:
        pixels: Flat indices into the picture, [n].
        coverage: 0 to 1, below 1 at the edge, [n].
        unit: Unit coordinates of the points, see ``Body.unit``.
        normal: Normals in world axes, [n, 3].
    """

    pixels: np.ndarray
    coverage: np.ndarray
    unit: Coordinates
    normal: np.ndarray


def rotation(pole: tuple[float, float, float], spin: float) -> np.ndarray:
    """Returns the rotation that points the axis of a fruit in a direction.

    Args:
        pole: World direction of the stem end.
        spin: Angle in radians to turn the fruit around its axis before.

    Returns:
        float32 [3, 3], body to world.
    """
    y = np.asarray(pole, np.float64)
    y = y / np.linalg.norm(y)
    helper = np.array([0.0, 0.0, 1.0]) if abs(y[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    x = np.cross(y, helper)
    x /= np.linalg.norm(x)
    z = np.cross(x, y)
    c, s = np.cos(spin), np.sin(spin)
    return np.stack([c * x + s * z, y, c * z - s * x], 1).astype(np.float32)


def normalised(vectors: np.ndarray) -> np.ndarray:
    """Returns vectors [n, 3] at unit length."""
    return vectors / np.sqrt(np.einsum("ni,ni->n", vectors, vectors))[:, None]


def _fibonacci_sphere(count: int) -> np.ndarray:
    """Evenly spread unit directions, float32 [count, 3]."""
    index = np.arange(count) + 0.5
    y = 1 - index / (count / 2)
    girth = np.sqrt(1 - y**2)
    angle = index * 2.399963
    return np.stack([girth * np.cos(angle), y, girth * np.sin(angle)], 1).astype(np.float32)


_DIRECTIONS = _fibonacci_sphere(200)
# A point itself and a little along each axis, for differences of the field.
_STEPS = np.float32(0.012) * np.array(
    [[[0], [1], [0], [0]], [[0], [0], [1], [0]], [[0], [0], [0], [1]]], np.float32
)


def fit(
    body: Shape,
    turn: np.ndarray,
    size: int,
    fill: float = 0.98,
    extra: np.ndarray | None = None,
) -> View:
    """Returns the view in which a fruit fills the picture.

    Args:
        body: Its shape.
        turn: Rotation from body to world, [3, 3].
        size: Side of the picture in pixels.
        fill: Share of the picture that the longer side fills.
        extra: Further body points [n, 3] that must be visible.
    """
    points = body.surface(_DIRECTIONS) @ turn.T
    bottom, top = points.min(0), points.max(0)
    low, high = bottom[:2], top[:2]
    if extra is not None:
        flat = extra @ turn.T[:, :2]
        low, high = np.minimum(low, flat.min(0)), np.maximum(high, flat.max(0))
    middle = (low + high) / 2
    scale = float(size * fill / (high - low).max())
    return View(turn, scale, (float(middle[0]), float(middle[1])), size, bottom, top)


def cast(body: Shape, view: View) -> Surface:
    """Finds the surface of a body in each pixel."""
    m = view.turn
    edge = 2.5 / view.scale
    half = (view.size - 1) / 2
    line = (np.arange(view.size, dtype=np.float32) - half) / view.scale
    columns = _within(line + view.centre[0], view.low[0] - edge, view.high[0] + edge)
    rows = _within(view.centre[1] - line, view.low[1] - edge, view.high[1] + edge)
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    x = np.broadcast_to(line[columns] + view.centre[0], shape).ravel()
    y = np.broadcast_to(view.centre[1] - line[rows, None], shape).ravel()

    def to_body(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> list[np.ndarray]:
        return [m[0, i] * x + m[1, i] * y + m[2, i] * z for i in range(3)]

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return body.field(*to_body(x, y, z))

    outline, z = (_march if body.planes else _solve)(body, field, x, y, view)

    # The slope of the field across the picture turns it into a distance from the outline in
    # pixels, hence coverage.
    slope = _slope(outline.reshape(shape)).ravel()
    coverage = np.clip(0.5 - outline / np.maximum(slope, 1e-4), 0, 1)
    seen = np.flatnonzero(coverage > 0.02)
    x, y, z, coverage = x[seen], y[seen], z[seen], coverage[seen]
    pixels = (seen // shape[1] + rows.start) * view.size + seen % shape[1] + columns.start

    # The field at each point and a little along each axis: the differences are the normal.
    around = field(*((axis + step).ravel() for axis, step in zip((x, y, z), _STEPS, strict=True)))
    around = around.reshape(4, -1)
    normal = (around[1:] - around[0]).T
    np.maximum(normal[:, 2], 1e-4, out=normal[:, 2])
    return Surface(pixels, coverage, body.unit(*to_body(x, y, z)), normalised(normal))


def _slope(grid: np.ndarray) -> np.ndarray:
    """Returns the length of the gradient at each point of a grid, per pixel."""
    down, across = np.empty_like(grid), np.empty_like(grid)
    np.subtract(grid[2:], grid[:-2], out=down[1:-1])
    np.subtract(grid[:, 2:], grid[:, :-2], out=across[:, 1:-1])
    down[0], down[-1], across[:, 0], across[:, -1] = down[1], down[-2], across[:, 1], across[:, -2]
    return np.sqrt(down * down + across * across) * np.float32(0.5)


def _within(line: np.ndarray, low: float, high: float) -> slice:
    inside = np.flatnonzero((line > low) & (line < high))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _solve(
    body: Shape, field: Field, x: np.ndarray, y: np.ndarray, view: View
) -> tuple[np.ndarray, np.ndarray]:
    """Casts rays against a body that is close to an ellipsoid.

    Along a ray, the field is almost a parabola around its lowest point. Scaling the offset by the
    root of the parabola through two known values therefore converges in a few steps, in one for an
    ellipsoid.

    Returns:
        The field at the closest approach of each ray, and the depth of the surface.
    """
    shape = (view.turn / np.square(np.array(body.axes, np.float32))) @ view.turn.T
    lowest = -(shape[0, 2] * x + shape[1, 2] * y) / shape[2, 2]
    outline = field(x, y, lowest)
    offset = np.sqrt(np.maximum(-outline, 0) / shape[2, 2])
    for _ in range(2):
        value = field(x, y, lowest + offset)
        offset *= np.sqrt(np.clip(outline / np.minimum(outline - value, -1e-6), 0.3, 3.0))
    return outline, lowest + offset


def _march(
    body: Shape, field: Field, x: np.ndarray, y: np.ndarray, view: View
) -> tuple[np.ndarray, np.ndarray]:
    """Casts rays against any body: the first crossing in planes from front to back, refined.

    Returns:
        The field at the closest approach of each ray, and the depth of the surface.
    """
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
        difference = np.where(missed, 1, np.maximum(before - after, 1e-6))
        middle = near + (far - near) * np.clip(before / difference, 0.02, 0.98)
        value = field(x, y, middle)
        outside = value > 0
        near, before = np.where(outside, middle, near), np.where(outside, value, before)
        far, after = np.where(outside, far, middle), np.where(outside, after, value)
    depth = near + (far - near) * np.clip(before / np.maximum(before - after, 1e-6), 0, 1)

    # The closest approach lies between planes: the lowest point of a parabola through three.
    lowest = np.clip(values.argmin(0), 1, planes - 2)
    above, least, below = (values[lowest + step, column] for step in (-1, 0, 1))
    curve = np.maximum(above + below - 2 * least, 1e-6)
    closest = least - np.square(np.clip(above - below, -curve, curve)) / (8 * curve)
    return closest, np.where(missed, depths[first], depth)
