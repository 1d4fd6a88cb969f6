"""What is behind and around the fruit in a photo.

Each kind is a function of an rng that returns a picture, float32 [100, 100, 3], about 0 to 1.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFilter

from fruitlab.data.synthetic.fruits import rgb
from fruitlab.data.synthetic.noise import crop

Rng = np.random.Generator
Background = Callable[[Rng], np.ndarray]
SIZE = 100


def wood(rng: Rng) -> np.ndarray:
    """Planks with grain and gaps."""
    base = _pick(rng, "a87848 7a5230 c9a878 5a3f2a d9c4a0 8a8078 4a3626")
    grain = 0.14 * crop("streak", rng, SIZE) + 0.05 * crop("grit", rng, SIZE)
    width = int(rng.integers(18, 60))
    row = np.arange(SIZE) + int(rng.integers(width))
    gap = np.where(row % width < 1.5, -0.5, 0.0) + 0.12 * np.sin((row // width) * 12.9)
    picture = _tinted(base, grain + gap[:, None])
    return picture if rng.uniform() < 0.6 else np.ascontiguousarray(picture.transpose(1, 0, 2))


def cloth(rng: Rng) -> np.ndarray:
    """Cloth with soft folds: uniform, striped or checked."""
    base = _pick(rng, "e9e4d8 c9c0b0 8aa0b8 b84a42 4a5a78 d9c890 f2f0ea 6a8a6a c9a0a8")
    x = np.arange(SIZE)
    picture = _tinted(base, 0.03 * crop("grit", rng, SIZE) + 0.12 * crop("blotch", rng, SIZE))
    if rng.uniform() < 0.4:
        other, width = _pick(rng, "b83a38 f4f2ee 3a5a8a 4a7a4a d9b048"), int(rng.integers(8, 22))
        stripe = ((x // width) % 2).astype(np.float32)
        amount: np.ndarray = np.broadcast_to(stripe[None, :], (SIZE, SIZE))
        if rng.uniform() >= 0.5:
            amount = (stripe[None, :] + stripe[:, None]) / 2
        picture += (other - picture) * 0.7 * amount[..., None]
    return picture


def studio(rng: Rng) -> np.ndarray:
    """A sweep of paper: white, grey, black or coloured."""
    top = _pick(
        rng, "ffffff f4f4f2 e9e6e0 d9d9d9 1a1a1c 2c2a2c e9b83a d87a8a 6aa0c0 b8c8a0 f0e0c0 ffffff"
    )
    bottom = top * np.float32(rng.uniform(0.7, 1.05))
    down = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None, None]
    fade = down ** np.float32(rng.uniform(0.5, 2.5))
    picture = np.broadcast_to(top + (bottom - top) * fade, (SIZE, SIZE, 3))
    return picture * (1 + 0.015 * crop("grit", rng, SIZE))[..., None]


def foliage(rng: Rng) -> np.ndarray:
    """Leaves out of focus, with sky or shade between them."""
    dark = _pick(rng, "1f3018 2a3f1c 16240f 3a4a22")
    light = _pick(rng, "6a9a3a 8ab04a 5a8a3f a8b860 4a7a3c")
    noise = 0.5 + 0.4 * crop("blotch", rng, SIZE) + 0.2 * crop("cloud", rng, SIZE)
    picture = dark + (light - dark) * np.clip(noise, 0, 1)[..., None]
    if rng.uniform() < 0.5:
        sky = _pick(rng, "dfeaf4 8ab4e0 f4f6e8 b8d4ee")
        amount = np.clip(crop("cloud", rng, SIZE) * 0.8 - rng.uniform(0.2, 1.4), 0, 1)
        picture += (sky - picture) * amount[..., None]
    return picture


def bokeh(rng: Rng) -> np.ndarray:
    """Discs of light far out of focus."""
    base = np.clip(_pick(rng, "3a5a2a 2c2a28 6a5a48 4a6a8a 7a8a5a"), 0, 1) * 200
    canvas = Image.new("RGB", (SIZE, SIZE), _as_ints(base))
    pen = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(8, 22))):
        x, y, r = rng.uniform(0, SIZE), rng.uniform(0, SIZE), rng.uniform(4, 20)
        light = _pick(rng, "8ab04a d9d9a0 5a8a3f e9c878 f4f4e0 a87848 5a4a3a 3a5a2a")
        pen.ellipse((x - r, y - r, x + r, y + r), fill=_as_ints(np.clip(light * 255, 0, 255)))
    return _blurred(canvas, rng.uniform(3, 7))


def ground(rng: Rng) -> np.ndarray:
    """Soil, straw, grass or gravel."""
    base = _pick(rng, "6a5238 4a3a2a b89a5a 5a7a38 8a8278 6f8a45")
    return _tinted(base, 0.3 * crop("grit", rng, SIZE) + 0.2 * crop("cloud", rng, SIZE))


def stone(rng: Rng) -> np.ndarray:
    """A counter of slate, marble or concrete."""
    base = _pick(rng, "5a5c60 e4e2de a8a49c 3a3c40 c9c4ba")
    return _tinted(base, 0.05 * crop("grit", rng, SIZE) + 0.09 * crop("cloud", rng, SIZE))


def stall(rng: Rng) -> np.ndarray:
    """A market stall: boxes and blurred goods of other colours in the dark."""
    base = np.clip(_pick(rng, "3a3430 2a2c30 5a5048"), 0, 1) * 255
    canvas = Image.new("RGB", (SIZE, SIZE), _as_ints(base))
    pen = ImageDraw.Draw(canvas)
    goods = "4a7a3a b83a2c d9a030 8a6a48 c9c0b0 2f3a4a 7a2a30 e07a20 35523a 6a5a4a"
    y = float(rng.uniform(-10, 10))
    while y < SIZE:
        height = rng.uniform(14, 36)
        x = float(rng.uniform(-25, 0))
        while x < SIZE:
            width = rng.uniform(15, 50)
            fill = _as_ints(np.clip(_pick(rng, goods) * 230, 0, 255))
            pen.rectangle((x, y, x + width, y + height - 3), fill=fill)
            x += width + 2
        y += height
    picture = _blurred(canvas, rng.uniform(1.5, 5))
    return picture * (1 + 0.1 * crop("grit", rng, SIZE))[..., None]


def plate(rng: Rng) -> np.ndarray:
    """A plate on a table."""
    table = (wood, cloth, stone)[int(rng.integers(3))](rng)
    canvas = _as_image(table)
    pen = ImageDraw.Draw(canvas)
    x, y = rng.uniform(40, 60), rng.uniform(50, 70)
    radius, flatness = rng.uniform(42, 62), rng.uniform(0.45, 1)
    glaze = np.clip(_pick(rng, "f4f2ee e4e6ea 5a7a98 d9c8a8 3a3c42 b8c8c0") * 255, 0, 255)
    # Shadow, rim, edge, well and bottom: relative radius and brightness.
    for share, level in ((1.04, 0.35), (1.0, 0.93), (0.95, 1.0), (0.68, 0.86), (0.66, 0.97)):
        a, b = radius * share, radius * share * flatness
        drop = 2 if level < 0.5 else 0
        box = (x - a, y - b + drop, x + a, y + b + drop)
        pen.ellipse(box, fill=tuple(int(v * level) for v in glaze))
    return _blurred(canvas, 0.7)


INDOORS = (wood, wood, cloth, studio, studio, studio, stone, plate, bokeh)
OUTDOORS = (foliage, foliage, foliage, ground, bokeh)
MARKET = (stall, stall, wood, cloth, bokeh, studio)


def draw_background(kinds: Sequence[Background], rng: Rng) -> Image.Image:
    """Draws one of the kinds as an RGB picture, sometimes out of focus."""
    picture = _as_image(kinds[int(rng.integers(len(kinds)))](rng))
    blur = rng.uniform(-2, 2.5)
    return picture.filter(ImageFilter.GaussianBlur(float(blur))) if blur > 0.4 else picture


def _tinted(base: ArrayLike, amount: np.ndarray) -> np.ndarray:
    """Returns the colour ``base`` [3], brighter or darker by ``amount`` [100, 100]."""
    return np.asarray(base, np.float32) * (1 + amount)[..., None]


def _pick(rng: Rng, colours: str) -> np.ndarray:
    """Returns one of the hexadecimal colours, brighter or darker, float32 [3]."""
    names = colours.split()
    return rgb(names[int(rng.integers(len(names)))]) * np.float32(rng.uniform(0.8, 1.15))


def _as_ints(colour: np.ndarray) -> tuple[int, ...]:
    return tuple(int(value) for value in colour)


def _as_image(picture: np.ndarray) -> Image.Image:
    return Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))


def _blurred(canvas: Image.Image, radius: float) -> np.ndarray:
    blurred = canvas.filter(ImageFilter.GaussianBlur(float(radius)))
    return np.asarray(blurred, np.float32) / 255
