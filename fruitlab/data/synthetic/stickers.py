"""RGBA pictures that are pasted into a scene."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from fruitlab.data.synthetic.fruits import rgb

T = TypeVar("T")


class Sticker(NamedTuple):
    """A picture that is pasted several times: RGBA, its alpha and its shadow, if any."""

    picture: Image.Image
    alpha: Image.Image
    shadow: Image.Image | None


def make_sticker(picture: Image.Image, shadow: float = 0.0) -> Sticker:
    """Prepares an RGBA picture for pasting.

    Args:
        picture: The picture.
        shadow: How much it darkens what is around it, 0 to 1.
    """
    alpha = picture.getchannel("A")
    if not shadow:
        return Sticker(picture, alpha, None)
    soft = alpha.resize((picture.width + 4, picture.height + 4)).filter(ImageFilter.BoxBlur(2))
    level = Image.new("L", soft.size, int(255 * shadow))
    return Sticker(picture, alpha, ImageChops.multiply(soft, level))


def place(
    canvas: Image.Image,
    picture: Image.Image | Sticker,
    x: float,
    y: float,
    shadow: float = 0.0,
) -> None:
    """Pastes an RGBA picture into ``canvas``, centred at (x, y), over its shadow."""
    sticker = picture if isinstance(picture, Sticker) else make_sticker(picture, shadow)
    left = round(x - sticker.picture.width / 2)
    top = round(y - sticker.picture.height / 2)
    if sticker.shadow is not None:
        canvas.paste((12, 8, 6), (left - 1, top + 1), sticker.shadow)
    canvas.paste(sticker.picture, (left, top), sticker.alpha)


def rotate(picture: Image.Image, degrees: float) -> Image.Image:
    """Rotates a picture counter-clockwise, and enlarges it to fit."""
    return picture.rotate(degrees, Image.Resampling.BILINEAR, expand=True)


def colour(name: str, brightness: float = 1.0) -> tuple[int, int, int]:
    """Converts a hexadecimal colour to 8-bit RGB, brighter or darker."""
    red, green, blue = np.clip(rgb(name) * (255 * brightness), 0, 255)
    return int(red), int(green), int(blue)


def choose(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Returns one of the options at random."""
    return options[int(rng.integers(len(options)))]
