"""The canvas of a photo, with its fruit, its light and its randomness.

Fruits are sprites: few are rendered per scene, and they are pasted several times, rotated and
mirrored.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from fruitlab.data.synthetic.backgrounds import Background, draw_background
from fruitlab.data.synthetic.fruit_table import FRUITS
from fruitlab.data.synthetic.lighting import Light
from fruitlab.data.synthetic.sprites import (
    draw_sprite,
    make_individual,
    pick_variety,
    random_pose,
)
from fruitlab.data.synthetic.stickers import Sticker, make_sticker, rotate


class Scene:
    """A scene that compositions paint from back to front.

    Args:
        category: Category of the fruit.
        rng: Source of all randomness in the scene.

    Attributes:
        picture: The canvas, RGB of 100 x 100 pixels.
        fruit: The fruit.
        variety: Its variety.
        light: The light of the scene.
        rng: The given rng.
    """

    def __init__(self, category: str, rng: np.random.Generator) -> None:
        self.fruit = FRUITS[category]
        self.rng = rng
        self.variety = pick_variety(self.fruit, "real", rng)
        direct = rng.uniform(0.35, 0.95)
        self.light = Light(
            direction=(rng.uniform(-0.9, 0.9), rng.uniform(-0.1, 0.9), rng.uniform(0.35, 0.9)),
            ambient=1.08 - 0.75 * direct,
            strength=direct,
            highlight=rng.uniform(0.2, 1.2),
            back=rng.uniform(0, 0.35) * (rng.uniform() < 0.3),
        )
        self.picture = Image.new("RGB", (100, 100))

    def draw_background(self, kinds: Sequence[Background]) -> None:
        """Fills the canvas with one of the backgrounds."""
        self.picture = draw_background(kinds, self.rng)

    def sprite(
        self, size: float, *, upright: float = 0.5, pose: np.ndarray | None = None
    ) -> Image.Image:
        """Draws a fruit of the scene's variety.

        Args:
            size: Longer side in pixels.
            upright: Probability that it stands nearly upright.
            pose: Rotation from body to world, random if None.

        Returns:
            An RGBA picture.
        """
        pixels = max(int(size), 8)
        individual = make_individual(self.fruit, self.variety, self.rng)
        if pose is None:
            pose = random_pose(self.fruit, self.rng, upright)
        return draw_sprite(individual, pose, pixels, self.light, self.rng, 0.97)

    def stickers(self, count: int, size: float, upright: float = 0.5) -> list[Sticker]:
        """Draws ``count`` fruits for pasting, each also mirrored, rotated and at other brightness.

        Returns:
            Four stickers per fruit.
        """
        stickers = []
        for _ in range(count):
            sprite = self.sprite(size, upright=upright)
            stickers.append(make_sticker(sprite, 0.55))
            for _ in range(3):
                copy = sprite
                if self.rng.uniform() < 0.5:
                    copy = mirror(sprite)
                copy = rotate(copy, self.rng.uniform(-35, 35))
                brightness = float(self.rng.uniform(0.82, 1.1))
                adjusted = ImageEnhance.Brightness(copy).enhance(brightness)
                adjusted.putalpha(copy.getchannel("A"))
                stickers.append(make_sticker(adjusted, 0.55))
        return stickers

    def ground_shadow(self, x: float, y: float, width: float) -> None:
        """Draws the soft shadow below a fruit that stands at (x, y)."""
        mask = Image.new("L", (100, 100))
        lean = -self.light.direction[0] * width * 0.3
        left, right = x - width * 0.52 + lean, x + width * 0.52 + lean
        box = (left, y - width * 0.16, right, y + width * 0.14)
        ImageDraw.Draw(mask).ellipse(box, fill=int(self.rng.uniform(90, 180)))
        soft = mask.filter(ImageFilter.BoxBlur(max(width * 0.07, 1)))
        self.picture.paste((15, 12, 10), (0, 0), soft)


def mirror(picture: Image.Image) -> Image.Image:
    """Flips a picture from left to right."""
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
