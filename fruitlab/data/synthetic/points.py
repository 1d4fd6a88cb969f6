"""The points of a fruit's surface, and how patterns blend colours on them."""

import numpy as np

from fruitlab.data.synthetic.noise import Scale, sample

Coordinates = tuple[np.ndarray, np.ndarray, np.ndarray]


class Points:
    """The n visible points of a surface in unit coordinates, with noise at a random offset.

    Args:
        unit: x, y and z, see ``Body.unit``.
        rng: Chooses the offset of the noise.

    Attributes:
        x, y, z: Coordinates, each [n].
        cosine: Cosine of the angle to the axis [n], 1 at the stem end.
        girth: Distance to the axis [n].
    """

    def __init__(self, unit: Coordinates, rng: np.random.Generator) -> None:
        self.x, self.y, self.z = unit
        girth = self.x * self.x + self.z * self.z
        self.cosine = self.y / np.sqrt(girth + self.y * self.y + 1e-9)
        self.girth = np.sqrt(girth)
        # Large, because the truncation in a lookup must not fold values at 0.
        self._offset = rng.uniform(0, 64, 3).astype(np.float32) + 640

    def noise(self, name: str, scale: Scale) -> np.ndarray:
        """Returns noise at the points, [n]; see ``noise.volume`` for the names."""
        return sample(name, (self.x, self.y, self.z), scale, self._offset)

    def noise_gradient(self, name: str, scale: Scale) -> np.ndarray:
        """Returns the gradient of the noise at the points, [n, 3]."""
        return sample(name, (self.x, self.y, self.z), scale, self._offset, gradient=True)

    def angle(self) -> np.ndarray:
        """Returns the angle around the axis in radians, [n]."""
        return np.arctan2(self.z, self.x)


def step(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Returns 0 where ``x`` is below ``low`` and 1 where it is above ``high``, smooth between."""
    t = np.clip((x - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def mix(
    albedo: np.ndarray, colour: np.ndarray | tuple[float, float, float], amount: np.ndarray
) -> None:
    """Moves colours towards another one in place.

    Args:
        albedo: float32 [n, 3].
        colour: The other colour, 0 to 1.
        amount: 0 (no change) to 1 (that colour), [n].
    """
    albedo += (np.asarray(colour, np.float32) - albedo) * amount[:, None]
