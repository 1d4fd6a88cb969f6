"""Cut fruit: a disc of flesh from core to rim, for real photos. Fruits-360 never shows one, so a network trained on it cannot know them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fruitlab.data.synthetic.fruits import rgb
from fruitlab.data.synthetic.noise import crop


@dataclass(frozen=True)
class Flesh:
    stops: tuple[
        tuple[float, str], ...
    ]  # (radius, colour) from the core to under the skin; the skin is the variety's
    segments: tuple[int, str] = (0, "")  # citrus: how many, and the colour of the membranes
    seeds: tuple = ()  # (how many, innermost radius, outermost, size, colour)
    rays: float = 0.0  # streaks from the core outwards
    aspect: float = 1.0  # length over width
    lobes: tuple[int, float] = (0, 0.0)
    skin: float = 0.95  # radius at which the skin begins


def _citrus(pulp: str, deep: str, pith: str = "f4e6c0") -> Flesh:
    return Flesh(
        (
            (0, pith),
            (0.08, pith),
            (0.13, deep),
            (0.5, pulp),
            (0.83, deep),
            (0.87, pith),
            (0.93, pith),
        ),
        (10, pith),
        rays=0.1,
        skin=0.94,
    )


FLESH = {
    "apple": Flesh(((0, "e4d6a0"), (0.3, "efe4c0"), (0.9, "f5eed8")), seeds=(5, 0.12, 0.2, 0.07, "4a2a16")),
    "cantaloupe": Flesh(((0, "c9732a"), (0.38, "d9822f"), (0.42, "f0a050"), (0.8, "f09a42"), (0.88, "d9c070"), (0.93, "9aa055")),
        seeds=(40, 0, 0.36, 0.07, "f0d9a0"), skin=0.94),
    "carambola": Flesh(((0, "d9c04a"), (0.2, "efdc7a"), (0.8, "ecd052"), (0.95, "c9a52a")),
        seeds=(5, 0.16, 0.24, 0.05, "6a4a22"), lobes=(5, 0.36), skin=0.96),
    "clementine": _citrus("f28a1e", "e8740f"),
    "coco": Flesh(((0, "c4bfb4"), (0.4, "dcd8ce"), (0.6, "efece4"), (0.66, "ffffff"), (0.86, "fbfaf6"), (0.88, "6a452c")), skin=0.9),
    "grapefruit": _citrus("e2604f", "cf3f3f", "f6e3bd"),
    "kaki": Flesh(((0, "e8a050"), (0.1, "e07a22"), (0.5, "ec8f32"), (0.93, "e07320")), seeds=(6, 0.2, 0.4, 0.05, "8a4a1c"), rays=0.16),
    "kiwi": Flesh(((0, "eef0c8"), (0.2, "e6ebb0"), (0.28, "9cc244"), (0.6, "7fae2e"), (0.88, "6f9e28"), (0.93, "93b850")),
        seeds=(44, 0.27, 0.46, 0.04, "1c1a12"), rays=0.22, aspect=1.08),
    "lemon": _citrus("efe08a", "e6d060", "faf3d6"),
    "lychee": Flesh(((0, "4a2a18"), (0.28, "5a3420"), (0.32, "dcd8d0"), (0.8, "f2f0ea"), (0.9, "e9d9d4"))),
    "mango": Flesh(((0, "f0b53a"), (0.35, "f2bb3e"), (0.9, "f4b838")), aspect=1.4, rays=0.04),
    "melon": Flesh(((0, "dcc98a"), (0.36, "e2d29a"), (0.4, "f2efce"), (0.85, "eef0c4"), (0.93, "c4cf80")),
        seeds=(40, 0, 0.34, 0.07, "f4e8b8"), aspect=1.2),
    "orange": _citrus("f5a02a", "ee8a18"),
    "papaya": Flesh(((0, "c95a22"), (0.4, "d9662a"), (0.45, "ee8238"), (0.88, "f08c3c"), (0.94, "d9b04a")),
        seeds=(70, 0, 0.4, 0.085, "231f1c"), aspect=1.6),
    "passion": Flesh(((0, "dfa11c"), (0.62, "e0a824"), (0.7, "f0e0b8"), (0.86, "f6eede"), (0.9, "c9808a")),
        seeds=(30, 0.05, 0.6, 0.09, "241c18"), skin=0.92),
    "peach": Flesh(((0, "5a2c1c"), (0.3, "7a3f26"), (0.34, "c4442f"), (0.5, "f0a848"), (0.93, "f2b85a")), rays=0.1),
    "pear": Flesh(((0, "e9dcb0"), (0.3, "f1e8cc"), (0.92, "f6f0dc")), seeds=(5, 0.1, 0.18, 0.06, "3d2818"), aspect=1.25),
    "pineapple": Flesh(((0, "efd987"), (0.2, "efdc8c"), (0.26, "f0c53c"), (0.85, "eebc30"), (0.9, "8a5f28")), rays=0.22, skin=0.9),
    "pitahaya": Flesh(((0, "f2eef0"), (0.86, "f4f0f2"), (0.9, "e0508a")), seeds=(120, 0, 0.84, 0.028, "1f1a1c"), aspect=1.15, skin=0.9),
    "plum": Flesh(((0, "6a3c22"), (0.26, "80502c"), (0.3, "d9a040"), (0.85, "e0a84a"), (0.94, "a03a30")), rays=0.1),
    "pomegranate": Flesh(((0, "ead7a8"), (0.85, "e9cf9a"), (0.92, "eed8ae")), seeds=(110, 0.08, 0.84, 0.1, "a8142c"), skin=0.93),
    "strawberry": Flesh(((0, "f6dcd2"), (0.22, "f3c4b8"), (0.45, "ea7a70"), (0.9, "d0202a")), rays=0.12, aspect=1.2),
}  # fmt: skip


def cut_face(name: str, skin: str, size: int, rng: np.random.Generator) -> Image.Image:
    """The face of a half, seen from above: an RGBA picture `size` pixels wide and `size * aspect` high."""
    flesh = FLESH[name]
    height = int(size * flesh.aspect)
    x = ((np.arange(size, dtype=np.float32) + 0.5) * (2.04 / size) - 1.02)[None, :]
    y = ((np.arange(height, dtype=np.float32) + 0.5) * (2.04 / height) - 1.02)[:, None]
    radius = np.sqrt(x * x + y * y) + 1e-6
    angle = np.arctan2(y, x) + np.float32(rng.uniform(0, 6.28))
    if flesh.lobes[0]:
        radius = radius * 1.4 / (1 + flesh.lobes[1] * np.cos(flesh.lobes[0] * angle))
    wobble = radius * (1 + 0.03 * np.cos(3 * angle + 1) + 0.02 * np.cos(5 * angle))
    stops = [*flesh.stops, (flesh.skin, flesh.stops[-1][1]), (flesh.skin + 0.012, skin), (2, skin)]
    at = np.array([r for r, _ in stops], np.float32)
    face = np.stack(
        [np.interp(wobble, at, [rgb(c)[i] for _, c in stops]) for i in range(3)], -1
    ).astype(np.float32)
    if flesh.rays:
        ray = crop("streak", rng, 100)[0]  # one row of a texture, wrapped around the core
        face *= (
            1
            + flesh.rays
            * (ray[((angle * 15.9).astype(np.int32)) % 100] * np.clip(radius * 2, 0, 1))[..., None]
        )
    count, membrane = flesh.segments
    if count:
        count = count + int(rng.integers(-1, 2))
        off = np.abs(np.mod(angle * (count / 6.283185), 1) - 0.5) * radius
        line = np.clip((0.075 - off) * 22, 0, 1) * ((radius > 0.1) & (radius < 0.86))
        face += (rgb(membrane) - face) * (0.85 * line)[..., None]
    for _ in range(flesh.seeds[0] if flesh.seeds else 0):
        _, inner, outer, big, colour = flesh.seeds
        r, a = np.sqrt(rng.uniform(inner * inner, outer * outer)), rng.uniform(0, 6.28)
        big, shade = big * rng.uniform(0.75, 1.15), np.float32(rng.uniform(0.8, 1.25))
        _seed(face, r * np.cos(a), r * np.sin(a), big, rgb(colour) * shade, size, height)
    alpha = np.clip((1 - radius) * (size / 2) + 0.5, 0, 1)
    pixels = np.concatenate([np.clip(face, 0, 1), alpha[..., None]], -1)
    return Image.fromarray((pixels * 255).astype(np.uint8))


def _seed(
    face: np.ndarray, x: float, y: float, big: float, colour: np.ndarray, size: int, height: int
) -> None:
    """One seed with a spot of light on it, drawn into face in place."""
    column, row, reach = (
        (x + 1.02) * size / 2.04,
        (y + 1.02) * height / 2.04,
        max(big * size / 2, 0.6),
    )
    left, top, n = int(column - reach - 1), int(row - reach - 1), int(2 * reach + 3)
    patch = face[max(top, 0) : top + n, max(left, 0) : left + n]
    rows = np.arange(max(top, 0), max(top, 0) + patch.shape[0])[:, None] + 0.5 - row
    columns = np.arange(max(left, 0), max(left, 0) + patch.shape[1])[None, :] + 0.5 - column
    inside = np.clip(reach + 0.5 - np.sqrt(rows * rows + columns * columns), 0, 1)[..., None]
    lit = np.clip(1 + (-rows - columns) / (reach * 5), 0.7, 1.4)[..., None]
    patch += (colour * lit - patch) * inside
