"""Real photos: a layout sets fruits of one category into a scene, the camera takes it.

The camera adds uneven light, colour cast, exposure, focus, noise, and the softness of JPEG colour.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image, ImageFilter

from fruitlab.data.synthetic import bunches, layouts, props
from fruitlab.data.synthetic.scene import Scene

LAYOUTS = {
    f.__name__: f
    for f in (
        layouts.single, layouts.group, layouts.pile, layouts.bowl, layouts.tree, layouts.hand, layouts.cut,
        bunches.bunch, bunches.cluster, bunches.pair, bunches.plant,
    )
}  # fmt: skip


def real(category: str, rng: np.random.Generator) -> np.ndarray:
    """A photo of a category, uint8 [100, 100, 3]."""
    s = Scene(category, rng)
    names = list(s.fruit.layouts)
    weights = np.cumsum([s.fruit.layouts[name] for name in names])
    LAYOUTS[names[int(np.searchsorted(weights, rng.uniform() * weights[-1], side="right"))]](s)
    if rng.uniform() < 0.12:
        props.leaves(s.picture, rng, int(rng.integers(1, 3)))
    return expose(s.picture, rng)


@cache
def _grain() -> np.ndarray:
    """Sensor noise [256, 256, 3], cut out at a random place for each photo."""
    return (
        np.random.Generator(np.random.PCG64(35)).standard_normal((256, 256, 3)).astype(np.float32)
    )


def expose(scene: Image.Image, rng: np.random.Generator) -> np.ndarray:
    """RGB 100 x 100 -> uint8 [100, 100, 3]."""
    blur = rng.uniform(-0.5, 1.0)
    if blur > 0.3:
        scene = scene.filter(ImageFilter.GaussianBlur(float(blur)))
    photo = np.asarray(scene, np.float32) * np.float32(1 / 255)
    warmth, green = rng.normal(0, 0.07), rng.normal(0, 0.025)
    metered = (
        0.42 / max(float(photo.mean()), 0.04)
    ) ** 0.5  # a camera's exposure meter goes half the way to a middle grey
    gains = (
        np.array([1 + warmth, 1 + green, 1 - 1.2 * warmth])
        * np.clip(metered, 0.75, 2.2)
        * np.exp(rng.normal(0, 0.12))
    )
    line = np.linspace(-1, 1, 100, dtype=np.float32)
    slope = rng.normal(0, 0.13, 2).astype(np.float32)
    light = 1 + slope[0] * line[None, :] + slope[1] * line[:, None]
    if rng.uniform() < 0.3:
        light = light - np.float32(rng.uniform(0.05, 0.22)) * (
            line[None, :] ** 2 + line[:, None] ** 2
        )  # vignette
    if rng.uniform() < 0.18:  # the shadow of something outside the picture
        angle, place = rng.uniform(0, 6.28), rng.uniform(-0.5, 0.5)
        edge = (
            np.float32(np.cos(angle)) * line[None, :]
            + np.float32(np.sin(angle)) * line[:, None]
            - np.float32(place)
        )
        light = light * (1 - np.float32(rng.uniform(0.25, 0.55)) * np.clip(0.5 + edge * 6, 0, 1))
    photo *= light[..., None]
    # gains, saturation and contrast about a middle grey are one affine map of the three channels
    saturation, contrast, middle = rng.uniform(0.75, 1.2), rng.uniform(0.85, 1.25), 0.45
    matrix = contrast * (saturation * np.eye(3) + (1 - saturation) / 3) * gains
    photo = photo @ matrix.T.astype(np.float32) + np.float32(middle * (1 - contrast))
    top, left = rng.integers(0, 156, 2)
    photo += _grain()[top : top + 100, left : left + 100] * np.float32(rng.uniform(0.002, 0.022))
    photo *= 255
    picture = Image.fromarray(np.clip(photo, 0, 255, out=photo).astype(np.uint8))
    # colour at half the resolution, as JPEG stores it (the codec itself may differ between machines)
    luma, blue, red = picture.convert("YCbCr").split()
    blue, red = (c.reduce(2).resize((100, 100), Image.Resampling.BILINEAR) for c in (blue, red))
    return np.asarray(Image.merge("YCbCr", (luma, blue, red)).convert("RGB"))
