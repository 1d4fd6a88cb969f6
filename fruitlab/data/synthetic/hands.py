"""A hand that holds a fruit up to the camera."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fruitlab.data.synthetic.fruits import rgb
from fruitlab.data.synthetic.stickers import colour

SKINS = ("f0c8a8", "e0ac84", "c68a5e", "9a6440", "6a4028", "f4d4bc")
OVERSAMPLING = 2
PALM = (  # outline relative to the fruit's centre, in radii of the fruit
    (-0.5, 2.6),
    (-1.0, 1.3),
    (-1.15, 0.6),
    (-0.9, 0.1),
    (0.4, -0.5),
    (1.3, -0.55),
    (1.55, 0.2),
    (1.4, 1.1),
    (0.9, 1.7),
    (0.8, 2.6),
)
THUMB = ((1.0, 1.15), (0.88, 0.7), (0.6, 0.22))  # bones, likewise
# Layers of a finger from its shadow to its highlight: relative width, brightness, shift upwards.
LAYERS = ((1.0, 0.62, 0.0), (0.88, 0.84, 0.02), (0.66, 0.97, 0.08), (0.3, 1.06, 0.16))


def draw_hand(
    canvas: Image.Image,
    rng: np.random.Generator,
    x: float,
    y: float,
    radius: float,
    skin: str,
    *,
    behind: bool,
) -> None:
    """Draws a hand from below into an RGB scene.

    Args:
        canvas: The scene, changed in place.
        rng: Varies the fingers.
        x: Centre of the fruit.
        y: Centre of the fruit.
        radius: Radius of the fruit in pixels.
        skin: Colour of the skin.
        behind: Whether to draw the palm behind the fruit or the fingers in front of it.
    """
    n = OVERSAMPLING
    layer = Image.new("RGBA", (100 * n, 100 * n))
    pen = ImageDraw.Draw(layer)
    side = -1 if int(x * 8) % 2 else 1  # left or right hand, the same for palm and fingers
    if behind:
        for shrink, level in ((1.0, 0.66), (0.93, 0.86)):
            scale = (side * radius * shrink, radius * shrink)
            points = (np.array(PALM) * scale + (x, y)) * n
            pen.polygon([tuple(p) for p in points], fill=(*colour(skin, level), 255))
    else:
        for i in range(4):
            top = y + radius * (-0.42 + 0.34 * i + rng.normal(0, 0.03))
            tip = rng.uniform(0.42, 0.6) + 0.04 * i
            bones = [(1.32 - 0.07 * i, 0.12), (1.0, 0.0), (tip, 0.08)]
            placed = [(x + side * a * radius, top + b * radius) for a, b in bones]
            _draw_finger(pen, placed, radius * (0.31 - 0.02 * i), skin)
        placed = [(x - side * a * radius, y + b * radius) for a, b in THUMB]
        _draw_finger(pen, placed, radius * 0.33, skin)
    soft = layer.filter(ImageFilter.BoxBlur(1)).reduce(n)
    canvas.paste(soft, (0, 0), soft.getchannel("A"))


def _draw_finger(
    pen: ImageDraw.ImageDraw, bones: Sequence[tuple[float, float]], thickness: float, skin: str
) -> None:
    n = OVERSAMPLING
    for width, level, lift in LAYERS:
        w = thickness * width * n
        fill = (*colour(skin, level), 255)
        path = [(a * n, b * n - lift * thickness * n) for a, b in bones]
        pen.line(path, fill=fill, width=max(int(w), 1), joint="curve")
        for a, b in path[1:]:
            pen.ellipse((a - w / 2, b - w / 2, a + w / 2, b + w / 2), fill=fill)
    tip_x, tip_y = bones[-1]
    a, b, r = tip_x * n, (tip_y - 0.1 * thickness) * n, thickness * n
    nail = colour("f4d8cc", 0.7 + 0.3 * float(rgb(skin)[0]))
    pen.ellipse((a - r * 0.3, b - r * 0.24, a + r * 0.3, b + r * 0.2), fill=(*nail, 255))
