"""Colours the skin of a fruit: base colour, blush, dots and the patterns of its variety."""

import numpy as np

from fruitlab.data.synthetic.fruits import Fruit, Variety, rgb
from fruitlab.data.synthetic.points import Coordinates, Points, mix, step
from fruitlab.data.synthetic.skin_markings import MARKINGS
from fruitlab.data.synthetic.skin_textures import TEXTURES

PATTERNS = TEXTURES | MARKINGS


def paint(
    fruit: Fruit, variety: Variety, unit: Coordinates, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None]:
    """Paints n points of a surface.

    Args:
        fruit: The fruit.
        variety: Its variety.
        unit: The points in unit coordinates, see ``Body.unit``.
        rng: Varies colours and patterns.

    Returns:
        Albedo, float32 [n, 3], and relief: a gradient [n, 3] in body axes that tilts the normals,
        or None.
    """
    points = Points(unit, rng)
    jitter = rng.normal(0, 0.022, 3).astype(np.float32) + np.float32(rng.normal(0, 0.025))
    albedo = np.empty((len(points.x), 3), np.float32)
    albedo[:] = np.clip(rgb(variety.base) + jitter, 0, 1)
    cloud = points.noise("cloud", 11)
    if variety.second:
        mix(albedo, rgb(variety.second), step(-0.6, 1.4, cloud + rng.uniform(-0.8, 0.8)))
    if variety.blush:
        _blush(points, variety, albedo, cloud, rng)
    if variety.top:
        mix(albedo, rgb(variety.top), step(0.55, 0.97, points.cosine + 0.06 * cloud))
    if variety.bottom:
        mix(albedo, rgb(variety.bottom), step(0.3, 0.97, -points.cosine + 0.08 * cloud))
    if variety.dots:
        cell = points.noise("cell", fruit.dot_scale)
        amount = 0.8 * step(0.24, 0.1, cell) * step(-0.8, 0.5, points.noise("cloud", 23))
        mix(albedo, rgb(variety.dots), amount)
    relief = None
    for name in fruit.patterns + variety.patterns:
        more = PATTERNS[name](points, variety, albedo, rng)
        if more is not None:
            relief = more if relief is None else relief + more
    albedo *= (1 + fruit.mottle * points.noise("grain", 30))[:, None]
    return np.clip(albedo, 0, 1, out=albedo), relief


def _blush(
    points: Points,
    variety: Variety,
    albedo: np.ndarray,
    cloud: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """The side that grew towards the sun, streaked along the meridians for some varieties."""
    sun = rng.normal(size=3)
    sun /= np.linalg.norm(sun)
    low, high = variety.blush_cover
    towards_sun = points.x * sun[0] + points.y * (0.5 * sun[1] + 0.25) + points.z * sun[2]
    amount = towards_sun + 0.35 * cloud + rng.uniform(low, high)
    if variety.streaks:
        amount = amount + variety.streaks * points.noise("strand", 34)
    mix(albedo, rgb(variety.blush), step(-0.5, 0.7, amount))
