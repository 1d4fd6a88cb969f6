"""How real photos show any fruit: alone, in groups, heaped, in bowls, on trees, in hands, cut. Each paints a scene from back to front."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from fruitlab.data.synthetic import backgrounds, props
from fruitlab.data.synthetic.flesh import cut_face
from fruitlab.data.synthetic.props import choose, colour, place, spin
from fruitlab.data.synthetic.render import turned
from fruitlab.data.synthetic.scene import Scene


def single(s: Scene) -> None:
    """One fruit, near enough to be cut by the border, or small in its surroundings."""
    s.background(backgrounds.INDOORS if s.rng.uniform() < 0.7 else backgrounds.OUTDOORS)
    size = s.rng.uniform(58, 118)
    x, y = 50 + s.rng.normal(0, 12), 52 + s.rng.normal(0, 9)
    one = s.one(size)
    s.ground_shadow(x, y + size * 0.42, size)
    place(s.picture, one, x, y)


def group(s: Scene) -> None:
    """Two to five on a surface, the nearer ones lower and over the others."""
    s.background(backgrounds.INDOORS)
    count = int(s.rng.integers(2, 6))
    size = s.rng.uniform(72, 100) / count**0.42
    spots = sorted((s.rng.uniform(30, 85), s.rng.uniform(10, 90)) for _ in range(count))
    for i, (y, x) in enumerate(spots):
        one = (
            s.one(size * s.rng.uniform(0.85, 1.1))
            if i < 3
            else one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        )
        s.ground_shadow(x, y + size * 0.4, size)
        place(s.picture, one, x, y, 0.3)


def _heap(
    s: Scene,
    sprites: list[props.Sticker],
    size: float,
    left: float,
    top: float,
    right: float,
    bottom: float,
    inside=None,
) -> None:
    """Fills an area with overlapping fruit from the far side to the near one."""
    near = 0.8 if min(s.fruit.body.axes) > 0.5 else 0.5  # slender fruit leave more gaps to fill
    y = top
    row = 0
    while y < bottom:
        x = left + (row % 2) * size * 0.4 - size * 0.2
        while x < right:
            a, b = x + s.rng.normal(0, size * 0.1), y + s.rng.normal(0, size * 0.1)
            if inside is None or inside(a, b):
                place(s.picture, choose(s.rng, sprites), a, b)
            x += size * near * s.rng.uniform(0.88, 1.12)
        y += size * near * 0.75
        row += 1


def pile(s: Scene) -> None:
    """A heap that fills most of the picture, in the market or the crate."""
    s.background(backgrounds.MARKET)
    size = s.rng.uniform(17, 44) / min(s.fruit.body.axes) ** 0.5
    top = choose(s.rng, (-5.0, -5.0, 12.0, 30.0))
    sprites = s.several(3 if size > 28 else 2, size, 0.2)
    ImageDraw.Draw(s.picture).rectangle((0, top, 100, 100), fill=colour("2a2018"))
    _heap(s, sprites, size, -5, top, 108, 106)
    if s.rng.uniform() < 0.25:
        props.slats(s.picture, s.rng)
    if s.rng.uniform() < 0.15:
        props.tag(s.picture, s.rng)


def bowl(s: Scene) -> None:
    """A heap in a bowl or a basket on a table."""
    s.background(backgrounds.INDOORS)
    x, y, wide = 50 + s.rng.normal(0, 6), s.rng.uniform(48, 62), s.rng.uniform(40, 52)
    name, woven = (
        choose(s.rng, ("f0ece4", "8a5a34", "b88a54", "4a6a8a", "c9c4ba", "6a3f28", "d9a878")),
        s.rng.uniform() < 0.35,
    )
    s.ground_shadow(x, y + wide * 0.85, wide * 1.5)
    props.bowl(s.picture, x, y, wide, name, False, woven)
    size = wide * s.rng.uniform(0.5, 0.85) / min(s.fruit.body.axes) ** 0.4
    sprites = s.several(2, size, 0.3)

    def inside(a: float, b: float) -> bool:
        return ((a - x) / (wide * 0.78)) ** 2 + ((b - y + 4) / (wide * 0.5)) ** 2 < 1

    _heap(s, sprites, size, x - wide, y - wide * 0.5, x + wide, y + wide * 0.3, inside)
    props.bowl(s.picture, x, y, wide, name, True, woven)


def tree(s: Scene) -> None:
    """Fruit hanging among leaves."""
    s.background((backgrounds.foliage,))
    props.leaves(s.picture, s.rng, int(s.rng.integers(4, 10)), bright=s.rng.uniform(0.6, 0.95))
    branch = s.rng.uniform(-5, 30)
    props.twig(
        s.picture, s.rng, (-5, branch), (105, branch + s.rng.normal(0, 18)), s.rng.uniform(2, 5)
    )
    count = int(s.rng.integers(1, 6))
    size = s.rng.uniform(56, 84) / count**0.42
    for i in range(count):
        x, y = s.rng.uniform(18, 82), branch + size * 0.5 + s.rng.uniform(4, 42)
        tilt = s.rng.uniform(-0.5, 0.35)
        if i < 2:
            one = s.one(
                size,
                turn=turned(
                    (s.rng.normal(0, 0.2), np.cos(tilt), np.sin(tilt)), s.rng.uniform(0, 6.28)
                ),
            )
        else:
            one = one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        props.twig(
            s.picture, s.rng, (x + s.rng.normal(0, 5), branch), (x, y - size * 0.4), 1.6, "6a7a3c"
        )
        place(s.picture, one, x, y, 0.35)
        if s.rng.uniform() < 0.6:
            props.leaves(
                s.picture,
                s.rng,
                int(s.rng.integers(1, 3)),
                (x + s.rng.normal(0, 5), y - size * 0.45),
            )
    if s.rng.uniform() < 0.35:
        props.leaves(s.picture, s.rng, 1)


def hand(s: Scene) -> None:
    """Held up to the camera."""
    s.background(backgrounds.MARKET if s.rng.uniform() < 0.5 else backgrounds.OUTDOORS)
    size, skin = s.rng.uniform(52, 76), choose(s.rng, props.SKINS)
    x, y = 50 + s.rng.normal(0, 6), 44 + s.rng.normal(0, 5)
    props.fingers(s.picture, s.rng, x, y, size * 0.5, skin, True)
    place(s.picture, s.one(size), x, y, 0.4)
    props.fingers(s.picture, s.rng, x, y, size * 0.5, skin, False)


def cut(s: Scene) -> None:
    """Halves and slices, with or without whole fruit beside them."""
    s.background(backgrounds.INDOORS)
    size = s.rng.uniform(44, 80)
    wholes = int(s.rng.integers(0, 3))
    for _ in range(wholes):
        x, y = s.rng.uniform(12, 88), s.rng.uniform(22, 58)
        s.ground_shadow(x, y + size * 0.38, size * 0.9)
        place(s.picture, s.one(size * s.rng.uniform(0.8, 1.05)), x, y, 0.3)
    count = int(s.rng.integers(1, 4 if size < 55 else 3))
    for i in range(count):
        x, y = (
            (s.rng.uniform(22, 78), s.rng.uniform(45, 82))
            if wholes or count > 1
            else (50 + s.rng.normal(0, 8), 52 + s.rng.normal(0, 6))
        )
        face = cut_face(
            s.fruit.flesh, s.variety.base, max(int(size * (1.0 if i == 0 else 0.85)), 12), s.rng
        )
        lean = s.rng.uniform(0.5, 1.0)
        back = Image.new("RGBA", face.size, (*colour(s.variety.base, 0.7), 255))
        back.putalpha(face.getchannel("A"))
        turn = s.rng.uniform(-60, 60)
        face, back = (
            spin(p.resize((p.width, max(int(p.height * lean), 8)), Image.Resampling.BILINEAR), turn)
            for p in (face, back)
        )
        thick = size * (0.04 + 0.3 * (1 - lean))
        s.ground_shadow(x, y + face.height * 0.42, face.width)
        for k in range(3, 0, -1):
            place(s.picture, back, x, y + thick * k / 3)
        place(s.picture, face, x, y)
