"""What a layout paints on: a picture of 100 x 100 pixels, with the fruit, its light and its randomness.

Fruits are sprites: few are rendered for a scene, many are pasted, turned and mirrored.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from fruitlab.data.synthetic import backgrounds, props
from fruitlab.data.synthetic.fruits import FRUITS, Fruit, Variety
from fruitlab.data.synthetic.props import spin
from fruitlab.data.synthetic.render import Light
from fruitlab.data.synthetic.sprites import any_turn, individual, pick_variety, sprite


class Scene:
    """What layouts share: the picture so far, the fruit, its light and its randomness."""

    def __init__(self, category: str, rng: np.random.Generator):
        self.fruit: Fruit = FRUITS[category]
        self.rng = rng
        self.variety: Variety = pick_variety(self.fruit, "real", rng)
        direct = rng.uniform(0.35, 0.95)
        self.light = Light(
            (rng.uniform(-0.9, 0.9), rng.uniform(-0.1, 0.9), rng.uniform(0.35, 0.9)), 1.08 - 0.75 * direct, direct,
            highlight=rng.uniform(0.2, 1.2), back=rng.uniform(0, 0.35) * (rng.uniform() < 0.3),
        )  # fmt: skip
        self.picture = Image.new("RGB", (100, 100))

    def background(self, kinds) -> None:
        self.picture = backgrounds.any_of(kinds, self.rng)

    def one(self, size: float, upright: float = 0.5, turn: np.ndarray | None = None) -> Image.Image:
        """A fruit of the scene's variety, `size` pixels on its longer side, RGBA."""
        size = max(int(size), 8)
        single = individual(self.fruit, self.variety, self.rng)
        return sprite(
            single,
            any_turn(self.fruit, self.rng, upright) if turn is None else turn,
            size,
            self.light,
            self.rng,
            0.97,
        )

    def several(self, count: int, size: float, upright: float = 0.5) -> list[props.Sticker]:
        """Sprites to paste often: each also mirrored or turned a little, brighter or darker."""
        found = []
        for one in (self.one(size, upright) for _ in range(count)):
            found.append(props.sticker(one, 0.55))
            for _ in range(3):
                other = (
                    one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
                    if self.rng.uniform() < 0.5
                    else one
                )
                other = spin(other, self.rng.uniform(-35, 35))
                bright = ImageEnhance.Brightness(other).enhance(float(self.rng.uniform(0.82, 1.1)))
                bright.putalpha(other.getchannel("A"))
                found.append(props.sticker(bright, 0.55))
        return found

    def ground_shadow(self, x: float, y: float, wide: float) -> None:
        """The soft shadow under a fruit that stands at (x, y)."""
        soft = Image.new("L", (100, 100))
        lean = -self.light.direction[0] * wide * 0.3
        box = (x - wide * 0.52 + lean, y - wide * 0.16, x + wide * 0.52 + lean, y + wide * 0.14)
        ImageDraw.Draw(soft).ellipse(box, fill=int(self.rng.uniform(90, 180)))
        self.picture.paste(
            (15, 12, 10), (0, 0), soft.filter(ImageFilter.BoxBlur(max(wide * 0.07, 1)))
        )
