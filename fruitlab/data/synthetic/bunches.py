"""How photos show certain fruits only.

Grapes grow in bunches, bananas in clusters, cherries in pairs and pineapples on a plant. Each
composition paints a scene from back to front.
"""

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from fruitlab.data.synthetic import backgrounds, props
from fruitlab.data.synthetic.render import rotation
from fruitlab.data.synthetic.scene import Scene
from fruitlab.data.synthetic.stickers import choose, colour, place, rotate

BLADES = ("5a7a4a", "7f9a60", "48683f", "8a9a6a")


def bunch(scene: Scene) -> None:
    """Grapes in a hanging or lying bunch, with leaves."""
    rng = scene.rng
    hanging = rng.uniform() < 0.6
    scene.draw_background(backgrounds.OUTDOORS if hanging else backgrounds.INDOORS)
    if hanging:
        count = int(rng.integers(3, 8))
        props.leaves(scene.picture, rng, count, brightness=rng.uniform(0.6, 1.0))
    size = rng.uniform(11, 24)
    stickers = scene.stickers(2, size, 0.2)
    for _ in range(1 + (size < 15 and rng.uniform() < 0.6)):
        x, top = 50 + rng.normal(0, 14), rng.uniform(2, 22)
        width, height = rng.uniform(20, 34), rng.uniform(58, 85)
        stalk = (x + rng.normal(0, 6), top - 16)
        props.twig(scene.picture, rng, stalk, (x, top + 4), 3, "7a7040")
        berries = []
        for _ in range(int(width * height / size**2 * 3.2) + 6):
            down = rng.uniform() ** 0.75
            half = width * (1 - down) ** 0.6 * min(1, 0.55 + down * 3)
            berries.append((rng.uniform(-1, 1) * half, down))
        for across, down in sorted(berries, key=lambda berry: -abs(berry[0])):
            place(scene.picture, choose(rng, stickers), x + across, top + down * height)
        if rng.uniform() < 0.7:
            props.leaves(scene.picture, rng, int(rng.integers(1, 4)), (x, top))


def cluster(scene: Scene) -> None:
    """Bananas that grow from one stalk."""
    rng = scene.rng
    hanging = rng.uniform() < 0.3
    outdoors = (backgrounds.foliage, backgrounds.stall)
    scene.draw_background(outdoors if hanging else backgrounds.INDOORS)
    count, size = int(rng.integers(3, 8)), rng.uniform(70, 105)
    facing = 1 if rng.uniform() < 0.5 else -1
    fan = rng.uniform(7, 14)
    start = rng.uniform(-50, 50)
    stalk = np.array([50 + rng.normal(0, 8), 26 + rng.normal(0, 6)])
    sprites = []
    for _ in range(2):
        spin = rng.normal(0, 0.3) + (0 if facing > 0 else np.pi)
        sprites.append(scene.sprite(size, pose=rotation((0.25 * facing, 1, 0.15), spin)))
    for i in range(count):
        sprite = sprites[i % 2]
        degrees = start + (i - count / 2) * fan
        x, y = stalk - _rotated(_stem_end(sprite), degrees)
        place(scene.picture, rotate(sprite, degrees), x, y, 0.55)
    box = (stalk[0] - 5, stalk[1] - 4, stalk[0] + 5, stalk[1] + 4)
    ImageDraw.Draw(scene.picture).ellipse(box, fill=colour("5a5228"))


def _stem_end(sprite: Image.Image) -> np.ndarray:
    """The topmost pixel of a sprite, relative to its centre."""
    alpha = np.asarray(sprite.getchannel("A"))[: sprite.height // 4]
    rows, columns = np.nonzero(alpha > 100)
    return np.array([columns[rows.argmin()], rows.min()]) - np.array(sprite.size) / 2


def _rotated(point: np.ndarray, degrees: float) -> np.ndarray:
    """Rotates a point counter-clockwise in image coordinates, like ``stickers.rotate``."""
    x, y = point
    angle = np.deg2rad(-degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([x * cosine - y * sine, x * sine + y * cosine])


def pair(scene: Scene) -> None:
    """Two or three cherries whose stalks meet."""
    rng = scene.rng
    scene.draw_background(backgrounds.INDOORS if rng.uniform() < 0.6 else backgrounds.OUTDOORS)
    knot = (50 + rng.normal(0, 10), rng.uniform(0, 15))
    size = rng.uniform(30, 48)
    scene.fruit = replace(scene.fruit, parts=())  # the stalks are drawn here, so that they meet
    for side in (-1, 1, 0)[: int(rng.integers(2, 4))]:
        x, y = 50 + side * size * rng.uniform(0.5, 0.75), rng.uniform(58, 76)
        pole = (rng.normal(0, 0.15), 1, rng.uniform(0, 0.5))
        sprite = scene.sprite(size, pose=rotation(pole, rng.uniform(0, 6.28)))
        scene.ground_shadow(x, y + size * 0.45, size)
        place(scene.picture, sprite, x, y, 0.4)
        props.twig(scene.picture, rng, knot, (x, y - size * 0.32), 2, "6d8a35")
    if rng.uniform() < 0.5:
        props.leaves(scene.picture, rng, int(rng.integers(1, 3)), knot)


def plant(scene: Scene) -> None:
    """A pineapple on its plant, upright in a rosette of blades."""
    rng = scene.rng
    scene.draw_background((backgrounds.foliage, backgrounds.ground, backgrounds.bokeh))
    size, x, y = rng.uniform(62, 100), 50 + rng.normal(0, 7), 42 + rng.normal(0, 5)
    base = (x, y + size * 0.5)
    _draw_blades(scene, base, int(rng.integers(14, 26)), 1.9)
    pole = (rng.normal(0, 0.1), 1, rng.uniform(-0.1, 0.45))
    sprite = scene.sprite(size, pose=rotation(pole, rng.uniform(0, 6.28)))
    place(scene.picture, sprite, x, y, 0.4)
    _draw_blades(scene, base, int(rng.integers(2, 7)), 1.4)


def _draw_blades(scene: Scene, base: tuple[float, float], count: int, spread: float) -> None:
    """Draws the leaves of a pineapple plant, up to ``spread`` radians from the vertical."""
    rng = scene.rng
    pen = ImageDraw.Draw(scene.picture)
    for _ in range(count):
        angle = np.pi / 2 + rng.uniform(-spread, spread)
        length, width = rng.uniform(40, 85), rng.uniform(2.5, 5.5)
        x, y = base[0] + rng.normal(0, 5), base[1]
        tip = (x + length * np.cos(angle), y - length * np.sin(angle) * 0.9)
        green, level = choose(rng, BLADES), rng.uniform(0.6, 1.15)
        pen.polygon([(x - width, y), tip, (x, y + width)], fill=colour(green, level))
        pen.polygon([(x + width, y), tip, (x, y + width)], fill=colour(green, level * 0.75))
