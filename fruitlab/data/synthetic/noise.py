"""Seeded noise: periodic volumes sampled at surface points, and 2-D textures for backgrounds.

Everything is made once a process from fixed seeds and then only looked up: a lookup costs one gather, which is
what keeps a whole picture at a few milliseconds. Volumes are periodic, so a random offset gives a new pattern.
"""

from __future__ import annotations

from functools import cache

import numpy as np

SIDE = 64  # voxels; a power of two, so that wrapping is a bit mask
CELLS = 8  # Worley cells along a side


def _filtered(rng: np.random.Generator, shape: tuple[int, ...], spectrum) -> np.ndarray:
    """White noise shaped by `spectrum(cycles per side)`, mean 0, standard deviation 1, float32, periodic."""
    frequencies = np.meshgrid(*[np.fft.fftfreq(n) * n for n in shape], indexing="ij")
    radius = np.sqrt(sum(f * f for f in frequencies))
    field = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * spectrum(radius)).real
    field -= field.mean()
    return (field / field.std()).astype(np.float32)


def _fractal(power: float, lowest: float = 1.0):
    return lambda k: np.where(k >= lowest, np.maximum(k, 1e-9) ** -power, 0.0)


def _band(centre: float, width: float):
    return lambda k: np.exp(-(((k - centre) / width) ** 2))


def _gradient(volume: np.ndarray) -> np.ndarray:
    """Periodic central differences per voxel, [n**3, 3]; half precision, because these are the largest tables."""
    parts = [(np.roll(volume, -1, axis) - np.roll(volume, 1, axis)) / 2 for axis in range(3)]
    return np.stack(parts, -1).reshape(-1, 3).astype(np.float16)


def _doubled(volume: np.ndarray) -> np.ndarray:
    """Twice the resolution by linear interpolation, so that a lookup of the nearest voxel shows no blocks."""
    for axis in range(3):
        volume = np.stack([volume, (volume + np.roll(volume, -1, axis)) / 2], axis + 1).reshape(
            [n * (2 if i == axis else 1) for i, n in enumerate(volume.shape)]
        )
    return volume


@cache
def _worley() -> tuple[np.ndarray, np.ndarray]:
    """Distances, in cells, from each voxel to the nearest jittered grid point, and how much further the second is."""
    points = (
        np.random.Generator(np.random.PCG64(4))
        .uniform(0.1, 0.9, (CELLS, CELLS, CELLS, 3))
        .astype(np.float32)
    )
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
    """A periodic volume as [n, n, n] float32; with a prime after its name, its gradient [n**3, 3].

    *cloud*: fractal; *grain*: one feature per 8 voxels; *strand*: grain drawn out four times along y; *cell*, *edge*: Worley.
    Scales are in voxels of a volume of SIDE; those of twice the resolution are made to look the same.
    """
    if name.endswith("'"):
        return _gradient(volume(name[:-1]))
    cube = (SIDE, SIDE, SIDE)
    if name == "cloud":
        return _doubled(_filtered(np.random.Generator(np.random.PCG64(1)), cube, _fractal(2.2)))
    if name == "grain":
        return _filtered(np.random.Generator(np.random.PCG64(2)), cube, _band(8.0, 3.0))
    if name == "strand":
        x, y, z = np.meshgrid(*[np.fft.fftfreq(SIDE) * SIDE] * 3, indexing="ij")
        spectrum = _band(8.0, 3.0)(np.sqrt(x * x + z * z)) * np.exp(-((y / 2.0) ** 2))
        field = np.fft.ifftn(
            np.fft.fftn(np.random.Generator(np.random.PCG64(3)).standard_normal(cube)) * spectrum
        ).real
        return _doubled((field / field.std()).astype(np.float32))
    return _doubled(_worley()[("cell", "edge").index(name)])


def sample(
    name: str, x: np.ndarray, y: np.ndarray, z: np.ndarray, scale, offset: np.ndarray
) -> np.ndarray:
    """Values (or gradients, for a name with a prime) at points [n]; `scale` in voxels per unit, one number or three."""
    table = volume(name)
    side = volume(name[:-1]).shape[0] if name.endswith("'") else table.shape[0]
    sx, sy, sz = scale if isinstance(scale, tuple) else (scale, scale, scale)
    finer = side // SIDE
    i = (x * (sx * finer) + offset[0]).astype(np.int32) & (side - 1)
    j = (y * (sy * finer) + offset[1]).astype(np.int32) & (side - 1)
    k = (z * (sz * finer) + offset[2]).astype(np.int32) & (side - 1)
    index = (i * side + j) * side + k
    if name.endswith("'"):
        return table.take(index, axis=0).astype(np.float32) * finer
    return table.ravel().take(index)


@cache
def textures() -> dict[str, np.ndarray]:
    """Periodic [256, 256] float32 textures, mean 0 and standard deviation 1, for backgrounds."""
    rng = np.random.Generator(np.random.PCG64(1972))
    shape = (256, 256)
    rows, columns = np.meshgrid(np.fft.fftfreq(256) * 256, np.fft.fftfreq(256) * 256, indexing="ij")
    streak = np.fft.ifft2(
        np.fft.fft2(rng.standard_normal(shape))
        * np.exp(-((columns / 3) ** 2))
        / (1 + np.abs(rows)) ** 0.7
    ).real
    return {
        "cloud": _filtered(rng, shape, _fractal(1.7, 2)),
        "blotch": _filtered(rng, shape, _band(7, 4)),
        "grit": _filtered(rng, shape, _fractal(0.7, 8)),
        "streak": ((streak - streak.mean()) / streak.std()).astype(np.float32),
    }


def crop(name: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """A [size, size] window of a texture at a random place, size at most 128."""
    top, left = rng.integers(0, 256 - size, 2)
    return textures()[name][top : top + size, left : left + size]
