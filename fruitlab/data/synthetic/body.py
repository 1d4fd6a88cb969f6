"""The shape of a fruit: a deformed sphere (or a bent tube) as an implicit surface that rays can be cast against.

Body coordinates: y is the fruit's axis, +y the stem end; lengths are in fruit radii. A shape offers `field` (negative
inside, float32 arrays of any one shape) and `surface` (a direction on the unit sphere -> its point on the surface).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Body:
    """A sphere stretched by `axes`, tapered and bent along y, lobed around it, pushed in (or pulled out) at its two poles."""

    axes: tuple[float, float, float] = (1.0, 1.0, 1.0)
    taper: tuple[float, float, float] = (
        0.0,
        0.0,
        0.0,
    )  # girth 1 + t0 y + t1 y^2 + t2 y^3, y from -1 to 1
    bend: float = 0.0  # sideways shift by bend * y^2
    top: tuple[float, float] = (
        0.0,
        10.0,
    )  # depth of the pole's dimple (negative: a tip), and its sharpness
    bottom: tuple[float, float] = (0.0, 10.0)
    lobes: tuple[int, float] = (0, 0.0)  # how many around the axis, and how high
    planes = (
        0  # depths to search along a ray; none: close enough to an ellipsoid for the quick ray cast
    )

    def unit(self, x, y, z):
        """Body coordinates -> coordinates in which the body is almost the unit sphere."""
        t0, t1, t2 = self.taper
        y = y * (1 / self.axes[1])
        girth = 1 + y * (t0 + y * (t1 + y * t2))
        np.maximum(girth, 0.2, out=girth)
        return (x - self.bend * y * y) / (girth * self.axes[0]), y, z / (girth * self.axes[2])

    def radius(self, cosine, around=None):
        """Distance of the surface from the centre in unit coordinates, by the cosine to the axis (and cos(lobes * angle))."""
        radius = np.ones_like(cosine)
        if self.top[0]:
            radius -= self.top[0] * np.exp((cosine - 1) * self.top[1])
        if self.bottom[0]:
            radius -= self.bottom[0] * np.exp((-1 - cosine) * self.bottom[1])
        if around is not None:
            radius += self.lobes[1] * around * (1 - cosine * cosine)
        return radius

    def field(self, x, y, z):
        x, y, z = self.unit(x, y, z)
        girth = x * x + z * z
        squared = girth + y * y
        around = cos_multiple(self.lobes[0], x, girth) if self.lobes[0] else None
        radius = self.radius(y / np.sqrt(squared + 1e-9), around)
        return squared - radius * radius

    def surface(self, direction: np.ndarray) -> np.ndarray:
        """Unit directions [n, 3] -> points [n, 3]."""
        x, y, z = direction.T
        around = cos_multiple(self.lobes[0], x, x * x + z * z) if self.lobes[0] else None
        x, y, z = direction.T * self.radius(y, around)
        t0, t1, t2 = self.taper
        girth = np.maximum(1 + y * (t0 + y * (t1 + y * t2)), 0.2)
        return np.stack(
            [
                x * girth * self.axes[0] + self.bend * y * y,
                y * self.axes[1],
                z * girth * self.axes[2],
            ],
            1,
        )


@dataclass(frozen=True)
class Star(Body):
    """A carambola: too deeply ribbed for the quick ray cast."""

    planes = 14


@dataclass(frozen=True)
class Tube:
    """A banana: a tube around an arc of a circle, five-sided, thin at the stem (+y), pinched at the tip."""

    curve: float = 1.15  # radius of the arc; its length is about 2
    thickness: float = 0.22
    span: float = 0.95  # half the arc's angle
    axes: tuple[float, float, float] = (0.3, 1.0, 0.3)  # roughly
    planes = 10

    def unit(self, x, y, z):
        """Body coordinates -> across the tube in the arc's plane, along it (-1 to 1), across it out of the plane; in radii."""
        outward = np.sqrt((x + self.curve) ** 2 + y * y)
        along = np.arctan2(y, x + self.curve) / self.span
        return (outward - self.curve) / self.thickness, along, z / self.thickness

    def girth(self, along):
        t = np.clip(along, -1, 1)
        body = 1 - 0.22 * t * t
        stem = 0.3 + 0.7 / (1 + np.exp((t - 0.76) * 26))
        tip = 0.25 + 0.75 / (1 + np.exp((-0.9 - t) * 26))
        return body * stem * tip

    def field(self, x, y, z):
        across, along, out = self.unit(x, y, z)
        beyond = np.maximum(np.abs(along) - 1, 0) * (self.span * self.curve / self.thickness)
        girth = self.girth(along)
        squared = across * across + out * out
        girth *= 1 + 0.05 * cos_multiple(5, across, squared)
        return squared + beyond * beyond - girth * girth

    def surface(self, direction: np.ndarray) -> np.ndarray:
        x, y, z = direction.T
        side = np.sqrt(x * x + z * z) + 1e-9
        girth = self.girth(y) * self.thickness
        outward, angle = self.curve + girth * x / side, y * self.span
        return np.stack(
            [outward * np.cos(angle) - self.curve, outward * np.sin(angle), girth * z / side], 1
        )


def cos_multiple(n: int, x, squared):
    """cos(n * angle) of points (x, z) around the axis, squared = x^2 + z^2, by Chebyshev's recurrence (no trigonometry)."""
    cosine = x / np.sqrt(squared + 1e-9)
    before, now = np.ones_like(cosine), cosine
    for _ in range(n - 1):
        before, now = now, 2 * cosine * now - before
    return now
