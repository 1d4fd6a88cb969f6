"""Albedo and relief of a fruit's skin at the points of a surface.

Each pattern is a function (points, variety, albedo, rng) that changes albedo in place and returns relief: a gradient
[n, 3] in body axes that tilts the normals, or None.
"""

from __future__ import annotations

import numpy as np

from fruitlab.data.synthetic.fruits import Fruit, Variety, rgb
from fruitlab.data.synthetic.noise import sample


class Points:
    """The points of a surface in unit coordinates, with the angles patterns need and noise at a random offset."""

    def __init__(self, unit, rng: np.random.Generator):
        self.x, self.y, self.z = unit
        girth = self.x * self.x + self.z * self.z
        self.cosine = self.y / np.sqrt(
            girth + self.y * self.y + 1e-9
        )  # to the axis: 1 at the stem end
        self.girth = np.sqrt(girth)
        self.offset = (
            rng.uniform(0, 64, 3).astype(np.float32) + 640
        )  # large: the truncation in a lookup must not fold at 0

    def noise(self, name: str, scale):
        return sample(name, self.x, self.y, self.z, scale, self.offset)

    def angle(self):
        return np.arctan2(self.z, self.x)


def step(low, high, x):
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def mix(albedo, colour, amount) -> None:
    """Moves albedo [n, 3] in place towards a colour by `amount` [n]."""
    albedo += (np.asarray(colour, np.float32) - albedo) * amount[:, None]


def paint(
    fruit: Fruit, variety: Variety, unit, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None]:
    """-> albedo [n, 3] float32, relief [n, 3] or None."""
    p = Points(unit, rng)
    jitter = rng.normal(0, 0.022, 3).astype(np.float32) + np.float32(rng.normal(0, 0.025))
    albedo = np.empty((len(p.x), 3), np.float32)
    albedo[:] = np.clip(rgb(variety.base) + jitter, 0, 1)
    cloud = p.noise("cloud", 11)
    if variety.second:
        mix(albedo, rgb(variety.second), step(-0.6, 1.4, cloud + rng.uniform(-0.8, 0.8)))
    if variety.blush:
        _blush(p, variety, albedo, cloud, rng)
    if variety.top:
        mix(albedo, rgb(variety.top), step(0.55, 0.97, p.cosine + 0.06 * cloud))
    if variety.bottom:
        mix(albedo, rgb(variety.bottom), step(0.3, 0.97, -p.cosine + 0.08 * cloud))
    if variety.dots:
        cell = p.noise("cell", fruit.dot_scale)
        mix(
            albedo,
            rgb(variety.dots),
            0.8 * step(0.24, 0.1, cell) * step(-0.8, 0.5, p.noise("cloud", 23)),
        )
    relief = None
    for pattern in fruit.patterns + variety.patterns:
        more = PATTERNS[pattern](p, variety, albedo, rng)
        if more is not None:
            relief = more if relief is None else relief + more
    albedo *= (1 + fruit.mottle * p.noise("grain", 30))[:, None]
    return np.clip(albedo, 0, 1, out=albedo), relief


def _blush(p: Points, variety: Variety, albedo, cloud, rng) -> None:
    """The side that grew towards the sun; streaked along the meridians where the variety is."""
    sun = rng.normal(size=3)
    sun /= np.linalg.norm(sun)
    low, high = variety.blush_cover
    amount = (
        p.x * sun[0]
        + p.y * (0.5 * sun[1] + 0.25)
        + p.z * sun[2]
        + 0.35 * cloud
        + rng.uniform(low, high)
    )
    if variety.streaks:
        amount = amount + variety.streaks * p.noise("strand", 34)
    mix(albedo, rgb(variety.blush), step(-0.5, 0.7, amount))


# Relief and patterns -------------------------------------------------------------------------------------------------


def pores(p, variety, albedo, rng):
    """The oil glands of citrus."""
    albedo *= (1 - 0.1 * step(0.35, 0.1, p.noise("cell", 70)))[:, None]
    return 0.15 * p.noise("grain'", 66)


def button(p, variety, albedo, rng):
    """Where the stalk came off: a small pale-green disc at the stem end."""
    near = p.cosine + 0.0006 * p.noise("cloud", 20)
    mix(albedo, (0.33, 0.36, 0.16), step(0.989, 0.994, near))
    mix(albedo, (0.25, 0.16, 0.05), 0.45 * step(0.975, 0.985, near) * step(0.994, 0.988, near))
    mix(albedo, (0.3, 0.17, 0.05), 0.7 * step(0.996, 0.998, -p.cosine))
    return None


def eye(p, variety, albedo, rng):
    """The dry remains of the flower at the far end, and the dark pit of the stem."""
    mix(albedo, (0.22, 0.15, 0.08), 0.85 * step(0.986, 0.996, -p.cosine))
    mix(
        albedo, (0.33, 0.25, 0.1), 0.75 * step(0.955, 0.995, p.cosine + 0.01 * p.noise("cloud", 20))
    )
    return None


def net(p, variety, albedo, rng):
    """A cantaloupe's cork net."""
    line = step(0.36, 0.08, p.noise("edge", 48))
    mix(albedo, (0.86, 0.78, 0.58), 0.85 * line)
    return -0.6 * p.noise("edge'", 48)


def ribs(p, variety, albedo, rng):
    """Ten shallow green furrows from pole to pole."""
    wave = np.cos(p.angle() * 10 + rng.uniform(0, 6))
    mix(
        albedo,
        (0.37, 0.44, 0.22),
        0.75 * step(0.82, 0.98, wave + 0.03 * p.noise("cloud", 25)) * step(0.0, 0.25, p.girth),
    )
    return None


def speckle(p, variety, albedo, rng):
    """Piel de sapo: dark and light flecks drawn out along the axis."""
    flecks = p.noise("strand", 42)
    albedo *= (1 + 0.22 * np.clip(flecks, -1.2, 1.8))[:, None]
    return None


def furrows(p, variety, albedo, rng):
    """Fine wrinkles along the axis, as on canary melons."""
    return 0.28 * p.noise("strand'", 22)


def wrinkles(p, variety, albedo, rng):
    """A date's folds: strong, along the axis, with light on their crests."""
    folds = p.noise("strand", 17)
    albedo *= (1 + 0.22 * np.clip(folds, -1.6, 1.6))[:, None]
    return 0.9 * p.noise("strand'", 17)


def dents(p, variety, albedo, rng):
    """A ripe passion fruit's leathery dimples."""
    deep = np.float32(rng.uniform(0.0, 1.0) ** 2)
    albedo *= (1 + (0.05 + 0.1 * deep) * p.noise("cloud", 30))[:, None]
    return (0.4 + 2.2 * deep) * p.noise("cloud'", 24)


def fuzz(p, variety, albedo, rng):
    """A kiwi's hair: fine strokes along the axis."""
    albedo *= (1 + 0.16 * p.noise("grain", (70, 28, 70)))[:, None]
    mix(
        albedo,
        (0.24, 0.16, 0.08),
        0.85 * step(0.972, 0.99, np.abs(p.cosine) + 0.006 * p.noise("cloud", 20)),
    )
    return 0.2 * p.noise("grain'", 50)


def velvet(p, variety, albedo, rng):
    """Peach down, and the seam that runs from stem to tip."""
    seam = step(0.1, 0.0, np.abs(p.z)) * step(0.0, 0.1, p.x)
    albedo *= (1 - 0.2 * seam + 0.035 * p.noise("grain", 75))[:, None]
    return None


def bloom(p, variety, albedo, rng):
    """The wax of plums and grapes, thin, pale and rubbed off in places."""
    wax = step(0.0, 1.7, p.noise("cloud", 17) + 0.5 * p.noise("cloud", 29) + rng.uniform(-0.7, 0.5))
    mix(albedo, (0.6, 0.62, 0.74), 0.4 * wax)
    return None


def seam(p, variety, albedo, rng):
    """The furrow down one side of a plum or cherry."""
    albedo *= (1 - 0.2 * step(0.07, 0.0, np.abs(p.z)) * step(0.0, 0.3, p.x))[:, None]
    return None


def husk(p, variety, albedo, rng):
    """A coconut's fibres along the axis, and its three eyes at the stem end."""
    fibres = p.noise("strand", 58)
    albedo *= (1 + 0.2 * np.clip(fibres, -1.8, 2) + 0.08 * p.noise("grain", 50))[:, None]
    sine = np.sqrt(np.maximum(1 - p.cosine * p.cosine, 0)) / (p.girth + 1e-6)
    for a in (0.0, 2.0944, 4.1888):
        near = (p.x * np.cos(a) + p.z * np.sin(a)) * sine * 0.33 + p.cosine * 0.944
        mix(albedo, (0.09, 0.055, 0.035), 0.92 * step(0.978, 0.988, near))
        mix(albedo, (0.5, 0.38, 0.27), 0.4 * step(0.965, 0.975, near) * step(0.988, 0.978, near))
    return 0.5 * p.noise("strand'", 58)


def knobs(p, variety, albedo, rng):
    """A lychee's rind: domes with dark seams between them and pale points."""
    cell = p.noise("cell", 44)
    mix(albedo, rgb(variety.blush or variety.base) * 0.6, 0.75 * step(0.36, 0.62, cell))
    mix(albedo, (0.96, 0.7, 0.62), 0.55 * step(0.3, 0.08, cell))
    return -2.2 * p.noise("cell'", 44)


def _spiral(p, around: int, along: float, phase: float):
    """Places seeds and scales stand in: rows staggered by half. -> offsets (-0.5..0.5) around and along, and the row."""
    row_at = p.cosine * along
    row = np.round(row_at)
    at = p.angle() * (around / 6.283185) + 0.5 * (row.astype(np.int32) & 1) + phase
    return at - np.round(at), row_at - row, row


def seeds(p, variety, albedo, rng):
    """A strawberry's achenes, each in its pit."""
    u, v, _ = _spiral(p, 15, 7.5, rng.uniform())
    u = u * np.maximum(p.girth, 0.15) * 1.05
    far = np.sqrt(u * u * 1.5 + v * v * 0.6)
    albedo *= (1 - 0.35 * step(0.33, 0.12, far))[:, None]
    mix(albedo, (0.9, 0.72, 0.3), 0.9 * step(0.17, 0.09, far))
    return None


def scales(p, variety, albedo, rng):
    """A pineapple's eyes: diamonds between two crossing spirals, each with a pale bract and a dry tip."""
    turn = p.angle() * (8 / 6.283185)
    rise = p.y * 4.2
    a, b = turn + rise, turn - rise
    a, b = a - np.floor(a) - 0.5, b - np.floor(b) - 0.5
    edge = np.maximum(np.abs(a), np.abs(b))
    up = a - b  # -1 bottom corner of the diamond, 1 top corner
    mix(albedo, rgb(variety.dots or "2a1a0c"), 0.85 * step(0.36, 0.47, edge))
    mix(
        albedo,
        (0.87, 0.76, 0.55),
        0.75 * step(0.26, 0.1, np.abs(a + b)) * step(-0.1, 0.15, up) * step(0.62, 0.35, up),
    )
    mix(albedo, (0.18, 0.1, 0.05), 0.8 * step(0.16, 0.05, np.abs(a + b) + np.abs(up + 0.05) * 0.8))
    albedo *= (1.0 + 0.12 * p.noise("grain", 34) + 0.12 * up)[:, None]
    tilt = np.zeros((len(a), 3), np.float32)
    tilt[:, 1] = -1.1 * up
    tilt[:, 0] = -0.8 * (a + b) * -p.z
    tilt[:, 2] = -0.8 * (a + b) * p.x
    return tilt


def star(p, variety, albedo, rng):
    """A carambola: brown or green along the ridges, glassy and darker in the valleys."""
    radius = p.girth / np.sqrt(np.maximum(1 - np.square(np.clip(p.y, -0.97, 0.97)), 0.02))
    albedo *= (0.82 + 0.24 * step(0.35, 1.0, radius))[:, None]
    mix(
        albedo,
        rgb(variety.dots or "5d6b1e"),
        0.7 * step(1.12, 1.33, radius + 0.05 * p.noise("cloud", 25)),
    )
    mix(albedo, (0.3, 0.2, 0.05), 0.7 * step(0.93, 1.0, np.abs(p.y)))
    return 0.1 * p.noise("grain'", 22)


def peel(p, variety, albedo, rng):
    """A banana: x and z are across the tube, y runs along it."""
    mix(albedo, (0.45, 0.5, 0.16), 0.8 * step(0.62, 0.95, p.y + 0.03 * p.noise("cloud", 12)))
    mix(albedo, (0.2, 0.13, 0.06), step(0.95, 0.99, p.y) + step(-0.93, -0.985, p.y))
    albedo *= (1 + 0.1 * np.cos(5 * p.angle()))[:, None]
    spots = rng.uniform(-1.2, 0.6)
    if spots > -0.3:
        spot = step(0.34, 0.14, p.noise("cell", (6, 38, 6))) * step(
            0.2, 0.9, p.noise("cloud", 9) + spots
        )
        mix(albedo, (0.28, 0.17, 0.06), 0.8 * spot)
    bruise = p.noise("cloud", (7, 30, 7))
    mix(albedo, (0.3, 0.2, 0.08), 0.5 * step(1.5, 2.6, bruise))
    return None


PATTERNS = {
    f.__name__: f
    for f in (
        pores, button, eye, net, ribs, speckle, furrows, wrinkles, dents, fuzz,
        velvet, bloom, seam, husk, knobs, seeds, scales, star, peel,
    )
}  # fmt: skip
