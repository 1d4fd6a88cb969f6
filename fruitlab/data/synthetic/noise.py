"""Seeded noise: periodic volumes sampled at surface points, and 2-D textures for backgrounds.

All tables are computed once per process from fixed seeds. A lookup is a single gather, so that a
whole picture takes a few milliseconds. The tables are periodic, so a random offset gives a new
pattern.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

SIDE = 64  # voxels per side; a power of two, so that wrapping is a bit mask
CELLS = 8  # Worley cells per side

Spectrum = Callable[[np.ndarray], np.ndarray]  # cycles per side -> amplitude


def _filtered(rng: np.random.Generator, shape: tuple[int, ...], spectrum: Spectrum) -> np.ndarray:
    """Returns filtered white noise, float32, periodic, with mean 0 and standard deviation 1."""
    frequencies = np.meshgrid(*[np.fft.fftfreq(n) * n for n in shape], indexing="ij")
    radius = np.sqrt(sum(f * f for f in frequencies))
    field = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * spectrum(radius)).real
    field -= field.mean()
    return (field / field.std()).astype(np.float32)


def _fractal(power: float, lowest: float = 1.0) -> Spectrum:
    return lambda k: np.where(k >= lowest, np.maximum(k, 1e-9) ** -power, 0.0)


def _band(centre: float, width: float) -> Spectrum:
    return lambda k: np.exp(-(((k - centre) / width) ** 2))


def _gradient(volume: np.ndarray) -> np.ndarray:
    """Returns periodic central differences per voxel, [n**3, 3].

    They are stored in half precision, because these are the largest tables.
    """
    parts = [(np.roll(volume, -1, axis) - np.roll(volume, 1, axis)) / 2 for axis in range(3)]
    return np.stack(parts, -1).reshape(-1, 3).astype(np.float16)


def _doubled(volume: np.ndarray) -> np.ndarray:
    """Doubles the resolution by linear interpolation, so that lookups show no blocks."""
    for axis in range(3):
        between = (volume + np.roll(volume, -1, axis)) / 2
        shape = [n * (2 if i == axis else 1) for i, n in enumerate(volume.shape)]
        volume = np.stack([volume, between], axis + 1).reshape(shape)
    return volume


@cache
def _worley() -> tuple[np.ndarray, np.ndarray]:
    """Distances from each voxel to the jittered grid points, in cells.

    Returns:
        The distance to the nearest point, and how much further away the second nearest is.
    """
    rng = np.random.Generator(np.random.PCG64(4))
    points = rng.uniform(0.1, 0.9, (CELLS, CELLS, CELLS, 3)).astype(np.float32)
    place = (np.arange(SIDE, dtype=np.float32) + 0.5) * (CELLS / SIDE)
    cell = place.astype(np.int64)
    nearest = np.full((SIDE, SIDE, SIDE), 9.0, np.float32)
    second = nearest.copy()
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            for k in (-1, 0, 1):
                near = points[np.ix_((cell + i) % CELLS, (cell + j) % CELLS, (cell + k) % CELLS)]
                dx = (cell + i)[:, None, None] + near[..., 0] - place[:, None, None]
                dy = (cell + j)[None, :, None] + near[..., 1] - place[None, :, None]
                dz = (cell + k)[None, None, :] + near[..., 2] - place[None, None, :]
                distance = np.sqrt(dx * dx + dy * dy + dz * dz).astype(np.float32)
                second = np.minimum(second, np.maximum(nearest, distance))
                nearest = np.minimum(nearest, distance)
    return nearest, second - nearest


@cache
def volume(name: str) -> np.ndarray:
    """Returns a periodic volume, float32 [n, n, n], n a multiple of ``SIDE``.

    Args:
        name: "cloud" (fractal), "grain" (one feature per 8 voxels), "strand" (grain stretched four
            times along y), "cell" or "edge" (Worley noise).
    """
    cube = (SIDE, SIDE, SIDE)
    if name == "cloud":
        return _doubled(_filtered(np.random.Generator(np.random.PCG64(1)), cube, _fractal(2.2)))
    if name == "grain":
        return _filtered(np.random.Generator(np.random.PCG64(2)), cube, _band(8.0, 3.0))
    if name == "strand":
        x, y, z = np.meshgrid(*[np.fft.fftfreq(SIDE) * SIDE] * 3, indexing="ij")
        spectrum = _band(8.0, 3.0)(np.sqrt(x * x + z * z)) * np.exp(-((y / 2.0) ** 2))
        white = np.random.Generator(np.random.PCG64(3)).standard_normal(cube)
        field = np.fft.ifftn(np.fft.fftn(white) * spectrum).real
        return _doubled((field / field.std()).astype(np.float32))
    return _doubled(_worley()[("cell", "edge").index(name)])


@cache
def _gradient_of(name: str) -> np.ndarray:
    return _gradient(volume(name))


Scale = float | tuple[float, float, float]


def sample(
    name: str,
    points: tuple[np.ndarray, np.ndarray, np.ndarray],
    scale: Scale,
    offset: np.ndarray,
    *,
    gradient: bool = False,
) -> np.ndarray:
    """Looks up noise at n points.

    Args:
        name: Name of a volume.
        points: x, y and z, each [n].
        scale: Voxels per unit, one number or one per axis, in voxels of a volume of ``SIDE``.
        offset: Offset in voxels, [3].
        gradient: Whether to return gradients instead of values.

    Returns:
        float32 [n], or [n, 3] for gradients.
    """
    side = volume(name).shape[0]
    finer = side // SIDE
    scales = scale if isinstance(scale, tuple) else (scale, scale, scale)
    i, j, k = (
        (axis * (axis_scale * finer) + axis_offset).astype(np.int32) & (side - 1)
        for axis, axis_scale, axis_offset in zip(points, scales, offset, strict=True)
    )
    index = (i * side + j) * side + k
    if gradient:
        return _gradient_of(name).take(index, axis=0).astype(np.float32) * finer
    return volume(name).ravel().take(index)


@cache
def textures() -> dict[str, np.ndarray]:
    """Returns periodic textures for backgrounds.

    They are float32 [256, 256] with mean 0 and standard deviation 1.
    """
    rng = np.random.Generator(np.random.PCG64(1972))
    shape = (256, 256)
    rows, columns = np.meshgrid(np.fft.fftfreq(256) * 256, np.fft.fftfreq(256) * 256, indexing="ij")
    white = np.fft.fft2(rng.standard_normal(shape))
    streak = np.fft.ifft2(white * np.exp(-((columns / 3) ** 2)) / (1 + np.abs(rows)) ** 0.7).real
    return {
        "cloud": _filtered(rng, shape, _fractal(1.7, 2)),
        "blotch": _filtered(rng, shape, _band(7, 4)),
        "grit": _filtered(rng, shape, _fractal(0.7, 8)),
        "streak": ((streak - streak.mean()) / streak.std()).astype(np.float32),
    }


def crop(name: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """Returns a random [size, size] window of a texture.

    Args:
        name: "cloud", "blotch", "grit" or "streak".
        rng: Chooses the place.
        size: At most 128 pixels.
    """
    top, left = rng.integers(0, 256 - size, 2)
    return textures()[name][top : top + size, left : left + size]
