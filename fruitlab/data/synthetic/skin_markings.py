"""Skin patterns with a place of their own: stem scars, seams, ribs, seeds and scales.

Each pattern changes the albedo [n, 3] of the points in place and returns a relief: a gradient
[n, 3] in body axes that tilts the normals, or None.
"""

import numpy as np

from fruitlab.data.synthetic.fruits import Variety, rgb
from fruitlab.data.synthetic.points import Points, mix, step

Relief = np.ndarray | None
Rng = np.random.Generator


def button(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """Where the stalk came off: a small pale-green disc at the stem end."""
    near = points.cosine + 0.0006 * points.noise("cloud", 20)
    mix(albedo, (0.33, 0.36, 0.16), step(0.989, 0.994, near))
    mix(albedo, (0.25, 0.16, 0.05), 0.45 * step(0.975, 0.985, near) * step(0.994, 0.988, near))
    mix(albedo, (0.3, 0.17, 0.05), 0.7 * step(0.996, 0.998, -points.cosine))
    return None


def eye(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """The dry remains of the flower at the far end, and the dark pit of the stem."""
    mix(albedo, (0.22, 0.15, 0.08), 0.85 * step(0.986, 0.996, -points.cosine))
    mix(
        albedo,
        (0.33, 0.25, 0.1),
        0.75 * step(0.955, 0.995, points.cosine + 0.01 * points.noise("cloud", 20)),
    )
    return None


def ribs(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """Ten shallow green furrows from pole to pole."""
    wave = np.cos(points.angle() * 10 + rng.uniform(0, 6))
    furrow = step(0.82, 0.98, wave + 0.03 * points.noise("cloud", 25))
    mix(albedo, (0.37, 0.44, 0.22), 0.75 * furrow * step(0.0, 0.25, points.girth))
    return None


def seam(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """The furrow down one side of a plum or cherry."""
    albedo *= (1 - 0.2 * step(0.07, 0.0, np.abs(points.z)) * step(0.0, 0.3, points.x))[:, None]
    return None


def seeds(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A strawberry's achenes, each in its pit."""
    # 15 columns around and 7.5 rows along the axis, staggered by half a column. u and v are the
    # offsets from the nearest seed, -0.5 to 0.5.
    along = points.cosine * 7.5
    row = np.round(along)
    around = points.angle() * (15 / 6.283185) + 0.5 * (row.astype(np.int32) & 1) + rng.uniform()
    u, v = around - np.round(around), along - row
    u = u * np.maximum(points.girth, 0.15) * 1.05
    far = np.sqrt(u * u * 1.5 + v * v * 0.6)
    albedo *= (1 - 0.35 * step(0.33, 0.12, far))[:, None]
    mix(albedo, (0.9, 0.72, 0.3), 0.9 * step(0.17, 0.09, far))
    return None


def scales(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A pineapple's eyes: diamonds between two spirals, with pale bracts and dry tips."""
    turn = points.angle() * (8 / 6.283185)
    rise = points.y * 4.2
    a, b = turn + rise, turn - rise
    a, b = a - np.floor(a) - 0.5, b - np.floor(b) - 0.5
    edge = np.maximum(np.abs(a), np.abs(b))
    up = a - b  # from -1 at the bottom corner of the diamond to 1 at the top
    mix(albedo, rgb(variety.dots or "2a1a0c"), 0.85 * step(0.36, 0.47, edge))
    bract = step(0.26, 0.1, np.abs(a + b))
    mix(albedo, (0.87, 0.76, 0.55), 0.75 * bract * step(-0.1, 0.15, up) * step(0.62, 0.35, up))
    mix(albedo, (0.18, 0.1, 0.05), 0.8 * step(0.16, 0.05, np.abs(a + b) + np.abs(up + 0.05) * 0.8))
    albedo *= (1.0 + 0.12 * points.noise("grain", 34) + 0.12 * up)[:, None]
    tilt = np.zeros((len(a), 3), np.float32)
    tilt[:, 1] = -1.1 * up
    tilt[:, 0] = -0.8 * (a + b) * -points.z
    tilt[:, 2] = -0.8 * (a + b) * points.x
    return tilt


def star(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A carambola: brown or green along the ridges, glassy and darker in the valleys."""
    radius = points.girth / np.sqrt(np.maximum(1 - np.square(np.clip(points.y, -0.97, 0.97)), 0.02))
    albedo *= (0.82 + 0.24 * step(0.35, 1.0, radius))[:, None]
    ridge = step(1.12, 1.33, radius + 0.05 * points.noise("cloud", 25))
    mix(albedo, rgb(variety.dots or "5d6b1e"), 0.7 * ridge)
    mix(albedo, (0.3, 0.2, 0.05), 0.7 * step(0.93, 1.0, np.abs(points.y)))
    return 0.1 * points.noise_gradient("grain", 22)


def peel(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A banana: x and z are across the tube, y runs along it."""
    green = step(0.62, 0.95, points.y + 0.03 * points.noise("cloud", 12))
    mix(albedo, (0.45, 0.5, 0.16), 0.8 * green)
    mix(albedo, (0.2, 0.13, 0.06), step(0.95, 0.99, points.y) + step(-0.93, -0.985, points.y))
    albedo *= (1 + 0.1 * np.cos(5 * points.angle()))[:, None]
    spots = rng.uniform(-1.2, 0.6)
    if spots > -0.3:
        spot = step(0.34, 0.14, points.noise("cell", (6, 38, 6)))
        spot = spot * step(0.2, 0.9, points.noise("cloud", 9) + spots)
        mix(albedo, (0.28, 0.17, 0.06), 0.8 * spot)
    bruise = points.noise("cloud", (7, 30, 7))
    mix(albedo, (0.3, 0.2, 0.08), 0.5 * step(1.5, 2.6, bruise))
    return None


MARKINGS = {
    pattern.__name__: pattern for pattern in (button, eye, ribs, seam, seeds, scales, star, peel)
}
