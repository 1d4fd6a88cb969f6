"""Cut fruit: a disc of flesh from core to rim, for real photos.

Fruits-360 shows no cut fruit, so a network that is trained on it alone cannot know it.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fruitlab.data.synthetic.fruits import rgb
from fruitlab.data.synthetic.noise import crop

EXTENT = 1.02  # half the side of the picture, in radii of the fruit


@dataclass(frozen=True)
class Seeds:
    """Seeds in the flesh: their number, the radii between which they lie, size and colour."""

    count: int
    inner: float
    outer: float
    size: float
    colour: str


@dataclass(frozen=True)
class Flesh:
    """The cut face of a fruit. Radii are relative to that of the fruit.

    Attributes:
        stops: (radius, colour) from the core to below the skin, which has the variety's colour.
        segments: Number of segments of a citrus fruit, and the colour of its membranes.
        seeds: Its seeds, if any.
        rays: Strength of the streaks from the core outwards.
        aspect: Length divided by width.
        lobes: Number of lobes, and their height.
        skin: Radius at which the skin begins.
    """

    stops: tuple[tuple[float, str], ...]
    segments: tuple[int, str] = (0, "")
    seeds: Seeds | None = None
    rays: float = 0.0
    aspect: float = 1.0
    lobes: tuple[int, float] = (0, 0.0)
    skin: float = 0.95


def cut_face(flesh: Flesh, skin: str, size: int, rng: np.random.Generator) -> Image.Image:
    """Draws the face of a half, seen from above.

    Args:
        flesh: The flesh.
        skin: Colour of the skin.
        size: Width in pixels.
        rng: Varies the face.

    Returns:
        An RGBA picture, ``size`` pixels wide and ``size * flesh.aspect`` high.
    """
    height = int(size * flesh.aspect)
    pixel, row_height = 2 * EXTENT / size, 2 * EXTENT / height
    x = ((np.arange(size, dtype=np.float32) + 0.5) * pixel - EXTENT)[None, :]
    y = ((np.arange(height, dtype=np.float32) + 0.5) * row_height - EXTENT)[:, None]
    radius = np.sqrt(x * x + y * y) + 1e-6
    angle = np.arctan2(y, x) + np.float32(rng.uniform(0, 6.28))
    if flesh.lobes[0]:
        radius = radius * 1.4 / (1 + flesh.lobes[1] * np.cos(flesh.lobes[0] * angle))
    wobble = radius * (1 + 0.03 * np.cos(3 * angle + 1) + 0.02 * np.cos(5 * angle))
    face = _colour_rings(flesh, skin, wobble)
    if flesh.rays:
        streaks = crop("streak", rng, 100)[0]  # one row of a texture, wrapped around the core
        rays = streaks[((angle * 15.9).astype(np.int32)) % 100] * np.clip(radius * 2, 0, 1)
        face *= 1 + flesh.rays * rays[..., None]
    count, membrane = flesh.segments
    if count:
        count = count + int(rng.integers(-1, 2))
        off = np.abs(np.mod(angle * (count / 6.283185), 1) - 0.5) * radius
        line = np.clip((0.075 - off) * 22, 0, 1) * ((radius > 0.1) & (radius < 0.86))
        face += (rgb(membrane) - face) * (0.85 * line)[..., None]
    if flesh.seeds:
        _draw_seeds(face, flesh.seeds, rng)
    alpha = np.clip((1 - radius) * (size / 2) + 0.5, 0, 1)
    pixels = np.concatenate([np.clip(face, 0, 1), alpha[..., None]], -1)
    return Image.fromarray((pixels * 255).astype(np.uint8))


def _colour_rings(flesh: Flesh, skin: str, radius: np.ndarray) -> np.ndarray:
    """Interpolates the colours between the stops; float32 [height, width, 3]."""
    rim = ((flesh.skin, flesh.stops[-1][1]), (flesh.skin + 0.012, skin), (2, skin))
    stops = [*flesh.stops, *rim]
    radii = np.array([stop for stop, _ in stops], np.float32)
    channels = [
        np.interp(radius, radii, [rgb(colour)[channel] for _, colour in stops])
        for channel in range(3)
    ]
    return np.stack(channels, -1).astype(np.float32)


def _draw_seeds(face: np.ndarray, seeds: Seeds, rng: np.random.Generator) -> None:
    for _ in range(seeds.count):
        radius = np.sqrt(rng.uniform(seeds.inner * seeds.inner, seeds.outer * seeds.outer))
        angle = rng.uniform(0, 6.28)
        size = seeds.size * rng.uniform(0.75, 1.15)
        shade = np.float32(rng.uniform(0.8, 1.25))
        x, y = radius * np.cos(angle), radius * np.sin(angle)
        _draw_seed(face, x, y, size, rgb(seeds.colour) * shade)


def _draw_seed(face: np.ndarray, x: float, y: float, size: float, colour: np.ndarray) -> None:
    """Draws one seed with a highlight into ``face`` in place."""
    height, width, _ = face.shape
    column, row = (x + EXTENT) * width / (2 * EXTENT), (y + EXTENT) * height / (2 * EXTENT)
    reach = max(size * width / 2, 0.6)
    left, top, n = int(column - reach - 1), int(row - reach - 1), int(2 * reach + 3)
    patch = face[max(top, 0) : top + n, max(left, 0) : left + n]
    rows = np.arange(max(top, 0), max(top, 0) + patch.shape[0])[:, None] + 0.5 - row
    columns = np.arange(max(left, 0), max(left, 0) + patch.shape[1])[None, :] + 0.5 - column
    inside = np.clip(reach + 0.5 - np.sqrt(rows * rows + columns * columns), 0, 1)[..., None]
    lit = np.clip(1 + (-rows - columns) / (reach * 5), 0.7, 1.4)[..., None]
    patch += (colour * lit - patch) * inside
