"""How photos show any fruit: alone, in groups, heaped, in bowls, on trees, in hands and cut.

Each composition paints a scene from back to front.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from fruitlab.data.synthetic import backgrounds, props
from fruitlab.data.synthetic.flesh import cut_face
from fruitlab.data.synthetic.flesh_table import FLESH
from fruitlab.data.synthetic.hands import SKINS, draw_hand
from fruitlab.data.synthetic.render import rotation
from fruitlab.data.synthetic.scene import Scene, mirror
from fruitlab.data.synthetic.stickers import Sticker, choose, colour, place, rotate

POTTERY = ("f0ece4", "8a5a34", "b88a54", "4a6a8a", "c9c4ba", "6a3f28", "d9a878")


def single(scene: Scene) -> None:
    """One fruit, either cut by the border of the picture or small in its surroundings."""
    rng = scene.rng
    scene.draw_background(backgrounds.INDOORS if rng.uniform() < 0.7 else backgrounds.OUTDOORS)
    size = rng.uniform(58, 118)
    x, y = 50 + rng.normal(0, 12), 52 + rng.normal(0, 9)
    sprite = scene.sprite(size)
    scene.ground_shadow(x, y + size * 0.42, size)
    place(scene.picture, sprite, x, y)


def group(scene: Scene) -> None:
    """Two to five fruits on a surface, the nearer ones lower and in front of the others."""
    rng = scene.rng
    scene.draw_background(backgrounds.INDOORS)
    count = int(rng.integers(2, 6))
    size = rng.uniform(72, 100) / count**0.42
    places = sorted((rng.uniform(30, 85), rng.uniform(10, 90)) for _ in range(count))
    sprites: list[Image.Image] = []
    for i, (y, x) in enumerate(places):
        if i < 3:
            sprites.append(scene.sprite(size * rng.uniform(0.85, 1.1)))
        else:
            sprites.append(mirror(sprites[-1]))
        scene.ground_shadow(x, y + size * 0.4, size)
        place(scene.picture, sprites[-1], x, y, 0.3)


def pile(scene: Scene) -> None:
    """A heap that fills most of the picture, at a market or in a crate."""
    rng = scene.rng
    scene.draw_background(backgrounds.MARKET)
    size = rng.uniform(17, 44) / min(scene.fruit.body.axes) ** 0.5
    top = choose(rng, (-5.0, -5.0, 12.0, 30.0))
    stickers = scene.stickers(3 if size > 28 else 2, size, 0.2)
    ImageDraw.Draw(scene.picture).rectangle((0, top, 100, 100), fill=colour("2a2018"))
    _heap(scene, stickers, size, (-5, top, 108, 106))
    if rng.uniform() < 0.25:
        props.slats(scene.picture, rng)
    if rng.uniform() < 0.15:
        props.price_tag(scene.picture, rng)


def bowl(scene: Scene) -> None:
    """A heap in a bowl or a basket on a table."""
    rng = scene.rng
    scene.draw_background(backgrounds.INDOORS)
    x, y, radius = 50 + rng.normal(0, 6), rng.uniform(48, 62), rng.uniform(40, 52)
    paint, woven = choose(rng, POTTERY), rng.uniform() < 0.35
    scene.ground_shadow(x, y + radius * 0.85, radius * 1.5)
    props.bowl(scene.picture, x, y, radius, paint, front=False, woven=woven)
    size = radius * rng.uniform(0.5, 0.85) / min(scene.fruit.body.axes) ** 0.4
    stickers = scene.stickers(2, size, 0.3)

    def is_inside(a: float, b: float) -> bool:
        return ((a - x) / (radius * 0.78)) ** 2 + ((b - y + 4) / (radius * 0.5)) ** 2 < 1

    area = (x - radius, y - radius * 0.5, x + radius, y + radius * 0.3)
    _heap(scene, stickers, size, area, is_inside)
    props.bowl(scene.picture, x, y, radius, paint, front=True, woven=woven)


def tree(scene: Scene) -> None:
    """Fruit that hangs among leaves."""
    rng = scene.rng
    scene.draw_background((backgrounds.foliage,))
    count = int(rng.integers(4, 10))
    props.leaves(scene.picture, rng, count, brightness=rng.uniform(0.6, 0.95))
    branch = rng.uniform(-5, 30)
    end = (105, branch + rng.normal(0, 18))
    props.twig(scene.picture, rng, (-5, branch), end, rng.uniform(2, 5))
    count = int(rng.integers(1, 6))
    size = rng.uniform(56, 84) / count**0.42
    sprites: list[Image.Image] = []
    for i in range(count):
        x, y = rng.uniform(18, 82), branch + size * 0.5 + rng.uniform(4, 42)
        tilt = rng.uniform(-0.5, 0.35)
        if i < 2:
            pole = (rng.normal(0, 0.2), np.cos(tilt), np.sin(tilt))
            sprites.append(scene.sprite(size, pose=rotation(pole, rng.uniform(0, 6.28))))
        else:
            sprites.append(mirror(sprites[-1]))
        start = (x + rng.normal(0, 5), branch)
        props.twig(scene.picture, rng, start, (x, y - size * 0.4), 1.6, "6a7a3c")
        place(scene.picture, sprites[-1], x, y, 0.35)
        if rng.uniform() < 0.6:
            leaf_count = int(rng.integers(1, 3))
            around = (x + rng.normal(0, 5), y - size * 0.45)
            props.leaves(scene.picture, rng, leaf_count, around)
    if rng.uniform() < 0.35:
        props.leaves(scene.picture, rng, 1)


def hand(scene: Scene) -> None:
    """A fruit held up to the camera."""
    rng = scene.rng
    scene.draw_background(backgrounds.MARKET if rng.uniform() < 0.5 else backgrounds.OUTDOORS)
    size, skin = rng.uniform(52, 76), choose(rng, SKINS)
    x, y = 50 + rng.normal(0, 6), 44 + rng.normal(0, 5)
    draw_hand(scene.picture, rng, x, y, size * 0.5, skin, behind=True)
    place(scene.picture, scene.sprite(size), x, y, 0.4)
    draw_hand(scene.picture, rng, x, y, size * 0.5, skin, behind=False)


def cut(scene: Scene) -> None:
    """Halves and slices, with or without whole fruit beside them."""
    rng, skin = scene.rng, scene.variety.base
    scene.draw_background(backgrounds.INDOORS)
    size = rng.uniform(44, 80)
    wholes = int(rng.integers(0, 3))
    for _ in range(wholes):
        x, y = rng.uniform(12, 88), rng.uniform(22, 58)
        scene.ground_shadow(x, y + size * 0.38, size * 0.9)
        place(scene.picture, scene.sprite(size * rng.uniform(0.8, 1.05)), x, y, 0.3)
    count = int(rng.integers(1, 4 if size < 55 else 3))
    for i in range(count):
        if wholes or count > 1:
            x, y = rng.uniform(22, 78), rng.uniform(45, 82)
        else:
            x, y = 50 + rng.normal(0, 8), 52 + rng.normal(0, 6)
        width = max(int(size * (1.0 if i == 0 else 0.85)), 12)
        face = cut_face(FLESH[scene.fruit.flesh], skin, width, rng)
        lean = rng.uniform(0.5, 1.0)
        back = Image.new("RGBA", face.size, (*colour(skin, 0.7), 255))
        back.putalpha(face.getchannel("A"))
        degrees = rng.uniform(-60, 60)
        face, back = (rotate(_foreshorten(layer, lean), degrees) for layer in (face, back))
        thickness = size * (0.04 + 0.3 * (1 - lean))
        scene.ground_shadow(x, y + face.height * 0.42, face.width)
        for k in range(3, 0, -1):
            place(scene.picture, back, x, y + thickness * k / 3)
        place(scene.picture, face, x, y)


def _foreshorten(picture: Image.Image, lean: float) -> Image.Image:
    size = (picture.width, max(int(picture.height * lean), 8))
    return picture.resize(size, Image.Resampling.BILINEAR)


def _heap(
    scene: Scene,
    stickers: list[Sticker],
    size: float,
    area: tuple[float, float, float, float],
    is_inside: Callable[[float, float], bool] | None = None,
) -> None:
    """Fills an area with overlapping fruit from the far side to the near one.

    Args:
        scene: The scene.
        stickers: The fruit.
        size: Size of the fruit in pixels.
        area: Left, top, right and bottom.
        is_inside: Returns whether a point is inside; the whole area if None.
    """
    rng = scene.rng
    left, top, right, bottom = area
    spacing = 0.8 if min(scene.fruit.body.axes) > 0.5 else 0.5  # slender fruit leave more gaps
    y = top
    row = 0
    while y < bottom:
        x = left + (row % 2) * size * 0.4 - size * 0.2
        while x < right:
            a, b = x + rng.normal(0, size * 0.1), y + rng.normal(0, size * 0.1)
            if is_inside is None or is_inside(a, b):
                place(scene.picture, choose(rng, stickers), a, b)
            x += size * spacing * rng.uniform(0.88, 1.12)
        y += size * spacing * 0.75
        row += 1
