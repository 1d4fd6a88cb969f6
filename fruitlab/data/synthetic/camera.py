"""Photos of the real domain: a composition arranges fruits in a scene, and the camera takes it.

The camera adds uneven light, colour cast, exposure, blur, noise, and the soft colours of JPEG.
"""

from functools import cache

import numpy as np
from PIL import Image, ImageFilter

from fruitlab.data.synthetic import bunches, compositions, props
from fruitlab.data.synthetic.scene import Scene

Rng = np.random.Generator
COMPOSITIONS = {
    composition.__name__: composition
    for composition in (
        compositions.single,
        compositions.group,
        compositions.pile,
        compositions.bowl,
        compositions.tree,
        compositions.hand,
        compositions.cut,
        bunches.bunch,
        bunches.cluster,
        bunches.pair,
        bunches.plant,
    )
}


def real(category: str, rng: Rng) -> np.ndarray:
    """Draws a photo of a category, uint8 [100, 100, 3]."""
    scene = Scene(category, rng)
    names = list(scene.fruit.compositions)
    weights = np.cumsum([scene.fruit.compositions[name] for name in names])
    chosen = int(np.searchsorted(weights, rng.uniform() * weights[-1], side="right"))
    COMPOSITIONS[names[chosen]](scene)
    if rng.uniform() < 0.12:
        props.leaves(scene.picture, rng, int(rng.integers(1, 3)))
    return expose(scene.picture, rng)


def expose(picture: Image.Image, rng: Rng) -> np.ndarray:
    """Takes a photo of a scene, an RGB picture of 100 x 100 pixels.

    Returns:
        uint8 [100, 100, 3].
    """
    blur = rng.uniform(-0.5, 1.0)
    if blur > 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(float(blur)))
    photo = np.asarray(picture, np.float32) * np.float32(1 / 255)
    gains = _channel_gains(photo, rng)
    photo *= _uneven_light(rng)[..., None]
    # Gains, saturation and contrast around a medium grey are one affine map of the channels.
    saturation, contrast, middle = rng.uniform(0.75, 1.2), rng.uniform(0.85, 1.25), 0.45
    matrix = contrast * (saturation * np.eye(3) + (1 - saturation) / 3) * gains
    photo = photo @ matrix.T.astype(np.float32) + np.float32(middle * (1 - contrast))
    top, left = rng.integers(0, 156, 2)
    grain = _sensor_noise()[top : top + 100, left : left + 100]
    photo += grain * np.float32(rng.uniform(0.002, 0.022))
    photo *= 255
    developed = Image.fromarray(np.clip(photo, 0, 255, out=photo).astype(np.uint8))
    return np.asarray(_halve_colour_resolution(developed))


def _channel_gains(photo: np.ndarray, rng: Rng) -> np.ndarray:
    """Colour cast and exposure as one factor per channel, [3]."""
    warmth, green = rng.normal(0, 0.07), rng.normal(0, 0.025)
    # An exposure meter goes half the way to a medium grey.
    metered = (0.42 / max(float(photo.mean()), 0.04)) ** 0.5
    cast = np.array([1 + warmth, 1 + green, 1 - 1.2 * warmth])
    return cast * np.clip(metered, 0.75, 2.2) * np.exp(rng.normal(0, 0.12))


def _uneven_light(rng: Rng) -> np.ndarray:
    """Brightness of each pixel, float32 [100, 100]: a gradient, a vignette, a shadow."""
    line = np.linspace(-1, 1, 100, dtype=np.float32)
    x, y = line[None, :], line[:, None]
    slope = rng.normal(0, 0.13, 2).astype(np.float32)
    light = 1 + slope[0] * x + slope[1] * y
    if rng.uniform() < 0.3:  # vignette
        light = light - np.float32(rng.uniform(0.05, 0.22)) * (x**2 + y**2)
    if rng.uniform() < 0.18:  # the shadow of something outside of the picture
        angle, offset = rng.uniform(0, 6.28), rng.uniform(-0.5, 0.5)
        direction = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        distance = direction[0] * x + direction[1] * y - np.float32(offset)
        depth = np.float32(rng.uniform(0.25, 0.55))
        light = light * (1 - depth * np.clip(0.5 + distance * 6, 0, 1))
    return light


@cache
def _sensor_noise() -> np.ndarray:
    """Noise [256, 256, 3], from which each photo uses a random window."""
    rng = np.random.Generator(np.random.PCG64(35))
    return rng.standard_normal((256, 256, 3)).astype(np.float32)


def _halve_colour_resolution(picture: Image.Image) -> Image.Image:
    """Halves the resolution of the colours, as JPEG does.

    The codec itself may differ between machines.
    """
    luma, blue, red = picture.convert("YCbCr").split()
    blue, red = (
        channel.reduce(2).resize((100, 100), Image.Resampling.BILINEAR) for channel in (blue, red)
    )
    return Image.merge("YCbCr", (luma, blue, red)).convert("RGB")
