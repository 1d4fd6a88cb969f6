"""The shape of a fruit: a deformed sphere or a bent tube, as an implicit surface for ray casting.

In body coordinates, y is the axis of the fruit with the stem end at +y, and lengths are in fruit
radii. Every shape has a ``field`` (negative inside) and a ``surface`` (a direction on the unit
sphere -> its point on the surface).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fruitlab.data.synthetic.points import Coordinates


@dataclass(frozen=True)
class Body:
    """A stretched sphere, tapered and bent along y, lobed around it, and dented at its poles.

    Attributes:
        axes: Half the length along x, y and z.
        taper: (t0, t1, t2) of the girth 1 + t0 y + t1 y^2 + t2 y^3, with y from -1 to 1.
        bend: Sideways shift, times y^2.
        top: Depth of the dimple at the stem end (a tip if negative), and its sharpness.
        bottom: The same for the far end.
        lobes: Number of lobes around the axis, and their height.
        planes: Number of depths to search along a ray; 0 for shapes that are close enough to an
            ellipsoid for the quick ray cast.
    """

    axes: tuple[float, float, float] = (1.0, 1.0, 1.0)
    taper: tuple[float, float, float] = (0.0, 0.0, 0.0)
    bend: float = 0.0
    top: tuple[float, float] = (0.0, 10.0)
    bottom: tuple[float, float] = (0.0, 10.0)
    lobes: tuple[int, float] = (0, 0.0)
    planes: ClassVar[int] = 0

    def unit(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Coordinates:
        """Transforms body coordinates so that the body becomes almost the unit sphere."""
        t0, t1, t2 = self.taper
        y = y * (1 / self.axes[1])
        girth = 1 + y * (t0 + y * (t1 + y * t2))
        np.maximum(girth, 0.2, out=girth)
        return (x - self.bend * y * y) / (girth * self.axes[0]), y, z / (girth * self.axes[2])

    def field(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Returns a value per point, negative inside the body."""
        x, y, z = self.unit(x, y, z)
        girth = x * x + z * z
        squared = girth + y * y
        around = cos_multiple(self.lobes[0], x, girth) if self.lobes[0] else None
        radius = self._radius(y / np.sqrt(squared + 1e-9), around)
        return squared - radius * radius

    def surface(self, direction: np.ndarray) -> np.ndarray:
        """Returns the points [n, 3] of the surface in unit directions [n, 3]."""
        x, y, z = direction.T
        around = cos_multiple(self.lobes[0], x, x * x + z * z) if self.lobes[0] else None
        x, y, z = direction.T * self._radius(y, around)
        t0, t1, t2 = self.taper
        girth = np.maximum(1 + y * (t0 + y * (t1 + y * t2)), 0.2)
        columns = [
            x * girth * self.axes[0] + self.bend * y * y,
            y * self.axes[1],
            z * girth * self.axes[2],
        ]
        return np.stack(columns, 1)

    def _radius(self, cosine: np.ndarray, around: np.ndarray | None) -> np.ndarray:
        """Distance of the surface from the centre in unit coordinates.

        Args:
            cosine: Cosine of the angle to the axis.
            around: Cosine of the angle around the axis times the number of lobes, if any.
        """
        radius = np.ones_like(cosine)
        if self.top[0]:
            radius -= self.top[0] * np.exp((cosine - 1) * self.top[1])
        if self.bottom[0]:
            radius -= self.bottom[0] * np.exp((-1 - cosine) * self.bottom[1])
        if around is not None:
            radius += self.lobes[1] * around * (1 - cosine * cosine)
        return radius


@dataclass(frozen=True)
class Star(Body):
    """A carambola, whose ribs are too deep for the quick ray cast."""

    planes: ClassVar[int] = 14


@dataclass(frozen=True)
class Tube:
    """A banana: a five-sided tube around an arc, thin at the stem (+y), pinched at the tip.

    Attributes:
        curve: Radius of the arc; its length is about 2.
        thickness: Radius of the tube.
        span: Half the angle of the arc in radians.
        axes: Approximate half lengths along x, y and z.
        planes: Number of depths to search along a ray.
    """

    curve: float = 1.15
    thickness: float = 0.22
    span: float = 0.95
    axes: tuple[float, float, float] = (0.3, 1.0, 0.3)
    planes: ClassVar[int] = 10

    def unit(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Coordinates:
        """Transforms body coordinates to coordinates of the tube.

        Returns:
            Position across the tube in the plane of the arc, in radii of the tube; along it, -1 to
            1; and across it perpendicular to that plane.
        """
        outward = np.sqrt((x + self.curve) ** 2 + y * y)
        along = np.arctan2(y, x + self.curve) / self.span
        return (outward - self.curve) / self.thickness, along, z / self.thickness

    def field(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Returns a value per point, negative inside the tube."""
        across, along, out = self.unit(x, y, z)
        beyond = np.maximum(np.abs(along) - 1, 0) * (self.span * self.curve / self.thickness)
        girth = self._girth(along)
        squared = across * across + out * out
        girth *= 1 + 0.05 * cos_multiple(5, across, squared)
        return squared + beyond * beyond - girth * girth

    def surface(self, direction: np.ndarray) -> np.ndarray:
        """Returns the points [n, 3] of the surface in unit directions [n, 3]."""
        x, y, z = direction.T
        side = np.sqrt(x * x + z * z) + 1e-9
        girth = self._girth(y) * self.thickness
        outward, angle = self.curve + girth * x / side, y * self.span
        columns = [outward * np.cos(angle) - self.curve, outward * np.sin(angle), girth * z / side]
        return np.stack(columns, 1)

    def _girth(self, along: np.ndarray) -> np.ndarray:
        t = np.clip(along, -1, 1)
        body = 1 - 0.22 * t * t
        stem = 0.3 + 0.7 / (1 + np.exp((t - 0.76) * 26))
        tip = 0.25 + 0.75 / (1 + np.exp((-0.9 - t) * 26))
        return body * stem * tip


Shape = Body | Tube


def cos_multiple(n: int, x: np.ndarray, squared: np.ndarray) -> np.ndarray:
    """Returns cos(n * angle) of points (x, z) around the axis.

    Chebyshev's recurrence needs no trigonometric functions.

    Args:
        n: At least 1.
        x: First coordinate.
        squared: x^2 + z^2.
    """
    cosine = x / np.sqrt(squared + 1e-9)
    before, now = np.ones_like(cosine), cosine
    for _ in range(n - 1):
        before, now = now, 2 * cosine * now - before
    return now
