"""Skin patterns that cover a whole fruit: pores, nets, wrinkles, fuzz and the like.

Each pattern changes the albedo [n, 3] of the points in place and returns a relief: a gradient
[n, 3] in body axes that tilts the normals, or None.
"""

import numpy as np

from fruitlab.data.synthetic.fruits import Variety, rgb
from fruitlab.data.synthetic.points import Points, mix, step

Relief = np.ndarray | None
Rng = np.random.Generator


def pores(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """The oil glands of citrus."""
    albedo *= (1 - 0.1 * step(0.35, 0.1, points.noise("cell", 70)))[:, None]
    return 0.15 * points.noise_gradient("grain", 66)


def net(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A cantaloupe's cork net."""
    line = step(0.36, 0.08, points.noise("edge", 48))
    mix(albedo, (0.86, 0.78, 0.58), 0.85 * line)
    return -0.6 * points.noise_gradient("edge", 48)


def speckle(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """Piel de sapo: dark and light flecks, stretched along the axis."""
    flecks = points.noise("strand", 42)
    albedo *= (1 + 0.22 * np.clip(flecks, -1.2, 1.8))[:, None]
    return None


def furrows(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """Fine wrinkles along the axis, as on canary melons."""
    return 0.28 * points.noise_gradient("strand", 22)


def wrinkles(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A date's folds: strong, along the axis, with light on their crests."""
    folds = points.noise("strand", 17)
    albedo *= (1 + 0.22 * np.clip(folds, -1.6, 1.6))[:, None]
    return 0.9 * points.noise_gradient("strand", 17)


def dents(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A ripe passion fruit's leathery dimples."""
    deep = np.float32(rng.uniform(0.0, 1.0) ** 2)
    albedo *= (1 + (0.05 + 0.1 * deep) * points.noise("cloud", 30))[:, None]
    return (0.4 + 2.2 * deep) * points.noise_gradient("cloud", 24)


def fuzz(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A kiwi's hair: fine strokes along the axis."""
    albedo *= (1 + 0.16 * points.noise("grain", (70, 28, 70)))[:, None]
    pole = step(0.972, 0.99, np.abs(points.cosine) + 0.006 * points.noise("cloud", 20))
    mix(albedo, (0.24, 0.16, 0.08), 0.85 * pole)
    return 0.2 * points.noise_gradient("grain", 50)


def velvet(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """Peach down, and the seam that runs from stem to tip."""
    seam = step(0.1, 0.0, np.abs(points.z)) * step(0.0, 0.1, points.x)
    albedo *= (1 - 0.2 * seam + 0.035 * points.noise("grain", 75))[:, None]
    return None


def bloom(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """The wax of plums and grapes, thin, pale and rubbed off in places."""
    cover = points.noise("cloud", 17) + 0.5 * points.noise("cloud", 29) + rng.uniform(-0.7, 0.5)
    wax = step(0.0, 1.7, cover)
    mix(albedo, (0.6, 0.62, 0.74), 0.4 * wax)
    return None


def husk(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A coconut's fibres along the axis, and its three eyes at the stem end."""
    fibres = points.noise("strand", 58)
    albedo *= (1 + 0.2 * np.clip(fibres, -1.8, 2) + 0.08 * points.noise("grain", 50))[:, None]
    sine = np.sqrt(np.maximum(1 - points.cosine * points.cosine, 0)) / (points.girth + 1e-6)
    for a in (0.0, 2.0944, 4.1888):
        near = (points.x * np.cos(a) + points.z * np.sin(a)) * sine * 0.33 + points.cosine * 0.944
        mix(albedo, (0.09, 0.055, 0.035), 0.92 * step(0.978, 0.988, near))
        mix(albedo, (0.5, 0.38, 0.27), 0.4 * step(0.965, 0.975, near) * step(0.988, 0.978, near))
    return 0.5 * points.noise_gradient("strand", 58)


def knobs(points: Points, variety: Variety, albedo: np.ndarray, rng: Rng) -> Relief:
    """A lychee's rind: domes with dark seams between them and pale points."""
    cell = points.noise("cell", 44)
    mix(albedo, rgb(variety.blush or variety.base) * 0.6, 0.75 * step(0.36, 0.62, cell))
    mix(albedo, (0.96, 0.7, 0.62), 0.55 * step(0.3, 0.08, cell))
    return -2.2 * points.noise_gradient("cell", 44)


TEXTURES = {
    pattern.__name__: pattern
    for pattern in (
        pores,
        net,
        speckle,
        furrows,
        wrinkles,
        dents,
        fuzz,
        velvet,
        bloom,
        husk,
        knobs,
    )
}
