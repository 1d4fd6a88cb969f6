"""Real photos: a layout sets fruits of one category into a scene, the camera takes it.

A scene is an RGB picture of 100 x 100 pixels; layouts paint on it from back to front. Fruits are sprites: few are
rendered for a scene, many are pasted, turned and mirrored.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from fruitlab.data.synthetic import backgrounds, props
from fruitlab.data.synthetic.camera import expose
from fruitlab.data.synthetic.flesh import cut_face
from fruitlab.data.synthetic.fruits import FRUITS, Fruit, Variety
from fruitlab.data.synthetic.props import choose, colour, place, spin
from fruitlab.data.synthetic.render import Light, turned
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
        return sprite(single, any_turn(self.fruit, self.rng, upright) if turn is None else turn, size, self.light, self.rng, 0.97)

    def several(self, count: int, size: float, upright: float = 0.5) -> list[props.Sticker]:
        """Sprites to paste often: each also mirrored or turned a little, brighter or darker."""
        found = []
        for one in (self.one(size, upright) for _ in range(count)):
            found.append(props.sticker(one, 0.55))
            for _ in range(3):
                other = one.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.rng.uniform() < 0.5 else one
                other = spin(other, self.rng.uniform(-35, 35))
                bright = ImageEnhance.Brightness(other).enhance(float(self.rng.uniform(0.82, 1.1)))
                bright.putalpha(other.getchannel("A"))
                found.append(props.sticker(bright, 0.55))
        return found

    def ground_shadow(self, x: float, y: float, wide: float) -> None:
        """The soft shadow under a fruit that stands at (x, y)."""
        soft = Image.new("L", (100, 100))
        lean = -self.light.direction[0] * wide * 0.3
        ImageDraw.Draw(soft).ellipse((x - wide * 0.52 + lean, y - wide * 0.16, x + wide * 0.52 + lean, y + wide * 0.14), fill=int(self.rng.uniform(90, 180)))
        self.picture.paste((15, 12, 10), (0, 0), soft.filter(ImageFilter.BoxBlur(max(wide * 0.07, 1))))


# Layouts -------------------------------------------------------------------------------------------------------------


def single(s: Scene) -> None:
    """One fruit, near enough to be cut by the border, or small in its surroundings."""
    s.background(backgrounds.INDOORS if s.rng.uniform() < 0.7 else backgrounds.OUTDOORS)
    size = s.rng.uniform(45, 115)
    x, y = 50 + s.rng.normal(0, 12), 52 + s.rng.normal(0, 9)
    one = s.one(size)
    s.ground_shadow(x, y + size * 0.42, size)
    place(s.picture, one, x, y)


def group(s: Scene) -> None:
    """Two to five on a surface, the nearer ones lower and over the others."""
    s.background(backgrounds.INDOORS)
    count = int(s.rng.integers(2, 6))
    size = s.rng.uniform(60, 85) / count**0.4
    spots = sorted((s.rng.uniform(30, 85), s.rng.uniform(10, 90)) for _ in range(count))
    for i, (y, x) in enumerate(spots):
        one = s.one(size * s.rng.uniform(0.85, 1.1)) if i < 3 else one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        s.ground_shadow(x, y + size * 0.4, size)
        place(s.picture, one, x, y, 0.3)


def _heap(s: Scene, sprites: list[props.Sticker], size: float, left: float, top: float, right: float, bottom: float, inside=None) -> None:
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
    x, y, wide = 50 + s.rng.normal(0, 6), s.rng.uniform(48, 62), s.rng.uniform(34, 48)
    name, woven = choose(s.rng, ("f0ece4", "8a5a34", "b88a54", "4a6a8a", "c9c4ba", "6a3f28", "d9a878")), s.rng.uniform() < 0.35
    s.ground_shadow(x, y + wide * 0.85, wide * 1.5)
    props.bowl(s.picture, x, y, wide, name, False, woven)
    size = wide * s.rng.uniform(0.5, 0.85) / min(s.fruit.body.axes) ** 0.4
    sprites = s.several(2, size, 0.3)
    _heap(s, sprites, size, x - wide, y - wide * 0.5, x + wide, y + wide * 0.3, lambda a, b: ((a - x) / (wide * 0.78)) ** 2 + ((b - y + 4) / (wide * 0.5)) ** 2 < 1)
    props.bowl(s.picture, x, y, wide, name, True, woven)


def tree(s: Scene) -> None:
    """Fruit hanging among leaves."""
    s.background((backgrounds.foliage,))
    props.leaves(s.picture, s.rng, int(s.rng.integers(4, 10)), bright=s.rng.uniform(0.6, 0.95))
    branch = s.rng.uniform(-5, 30)
    props.twig(s.picture, s.rng, (-5, branch), (105, branch + s.rng.normal(0, 18)), s.rng.uniform(2, 5))
    count = int(s.rng.integers(1, 6))
    size = s.rng.uniform(48, 74) / count**0.42
    for i in range(count):
        x, y = s.rng.uniform(18, 82), branch + size * 0.5 + s.rng.uniform(4, 42)
        tilt = s.rng.uniform(-0.5, 0.35)
        if i < 2:
            one = s.one(size, turn=turned((s.rng.normal(0, 0.2), np.cos(tilt), np.sin(tilt)), s.rng.uniform(0, 6.28)))
        else:
            one = one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        props.twig(s.picture, s.rng, (x + s.rng.normal(0, 5), branch), (x, y - size * 0.4), 1.6, "6a7a3c")
        place(s.picture, one, x, y, 0.35)
        if s.rng.uniform() < 0.6:
            props.leaves(s.picture, s.rng, int(s.rng.integers(1, 3)), (x + s.rng.normal(0, 5), y - size * 0.45))
    if s.rng.uniform() < 0.35:
        props.leaves(s.picture, s.rng, 1)


def hand(s: Scene) -> None:
    """Held up to the camera."""
    s.background(backgrounds.MARKET if s.rng.uniform() < 0.5 else backgrounds.OUTDOORS)
    size, skin = s.rng.uniform(42, 68), choose(s.rng, props.SKINS)
    x, y = 50 + s.rng.normal(0, 6), 44 + s.rng.normal(0, 5)
    props.fingers(s.picture, s.rng, x, y, size * 0.5, skin, True)
    place(s.picture, s.one(size), x, y, 0.4)
    props.fingers(s.picture, s.rng, x, y, size * 0.5, skin, False)


def cut(s: Scene) -> None:
    """Halves and slices, with or without whole fruit beside them."""
    s.background(backgrounds.INDOORS)
    size = s.rng.uniform(38, 78)
    wholes = int(s.rng.integers(0, 3))
    for _ in range(wholes):
        x, y = s.rng.uniform(12, 88), s.rng.uniform(22, 58)
        s.ground_shadow(x, y + size * 0.38, size * 0.9)
        place(s.picture, s.one(size * s.rng.uniform(0.8, 1.05)), x, y, 0.3)
    count = int(s.rng.integers(1, 4 if size < 55 else 3))
    for i in range(count):
        x, y = (s.rng.uniform(22, 78), s.rng.uniform(45, 82)) if wholes or count > 1 else (50 + s.rng.normal(0, 8), 52 + s.rng.normal(0, 6))
        face = cut_face(s.fruit.flesh, s.variety.base, max(int(size * (1.0 if i == 0 else 0.85)), 12), s.rng)
        lean = s.rng.uniform(0.5, 1.0)
        back = Image.new("RGBA", face.size, (*colour(s.variety.base, 0.7), 255))
        back.putalpha(face.getchannel("A"))
        turn = s.rng.uniform(-60, 60)
        face, back = (spin(p.resize((p.width, max(int(p.height * lean), 8)), Image.Resampling.BILINEAR), turn) for p in (face, back))
        thick = size * (0.04 + 0.3 * (1 - lean))
        s.ground_shadow(x, y + face.height * 0.42, face.width)
        for k in range(3, 0, -1):
            place(s.picture, back, x, y + thick * k / 3)
        place(s.picture, face, x, y)


def bunch(s: Scene) -> None:
    """Grapes: berries in a hanging or lying cluster, with leaves."""
    hanging = s.rng.uniform() < 0.6
    s.background(backgrounds.OUTDOORS if hanging else backgrounds.INDOORS)
    if hanging:
        props.leaves(s.picture, s.rng, int(s.rng.integers(3, 8)), bright=s.rng.uniform(0.6, 1.0))
    size = s.rng.uniform(11, 24)
    sprites = s.several(2, size, 0.2)
    for _ in range(1 + (size < 15 and s.rng.uniform() < 0.6)):
        x, top, wide, tall = 50 + s.rng.normal(0, 14), s.rng.uniform(2, 22), s.rng.uniform(20, 34), s.rng.uniform(58, 85)
        props.twig(s.picture, s.rng, (x + s.rng.normal(0, 6), top - 16), (x, top + 4), 3, "7a7040")
        count = int(wide * tall / size**2 * 3.2) + 6
        spots = []
        for _ in range(count):
            down = s.rng.uniform() ** 0.75
            half = wide * (1 - down) ** 0.6 * min(1, 0.55 + down * 3)
            spots.append((s.rng.uniform(-1, 1) * half, down))
        for across, down in sorted(spots, key=lambda p: -abs(p[0])):
            place(s.picture, choose(s.rng, sprites), x + across, top + down * tall)
        if s.rng.uniform() < 0.7:
            props.leaves(s.picture, s.rng, int(s.rng.integers(1, 4)), (x, top))


def cluster(s: Scene) -> None:
    """Bananas: a hand of them from one stalk."""
    hanging = s.rng.uniform() < 0.3
    s.background((backgrounds.foliage, backgrounds.stall) if hanging else backgrounds.INDOORS)
    count, size = int(s.rng.integers(3, 8)), s.rng.uniform(70, 105)
    facing = 1 if s.rng.uniform() < 0.5 else -1
    fan = s.rng.uniform(7, 14)
    start = s.rng.uniform(-50, 50)
    root = np.array([50 + s.rng.normal(0, 8), 26 + s.rng.normal(0, 6)])
    shapes = [s.one(size, turn=turned((0.25 * facing, 1, 0.15), s.rng.normal(0, 0.3) + (0 if facing > 0 else np.pi))) for _ in range(2)]
    for i in range(count):
        one = shapes[i % 2]
        degrees = start + (i - count / 2) * fan
        rows, columns = np.nonzero(np.asarray(one.getchannel("A"))[: one.height // 4] > 100)
        pole = np.array([columns[rows.argmin()], rows.min()]) - np.array(one.size) / 2
        a = np.deg2rad(-degrees)
        moved = np.array([pole[0] * np.cos(a) - pole[1] * np.sin(a), pole[0] * np.sin(a) + pole[1] * np.cos(a)])
        x, y = root - moved
        place(s.picture, spin(one, degrees), x, y, 0.55)
    ImageDraw.Draw(s.picture).ellipse((root[0] - 5, root[1] - 4, root[0] + 5, root[1] + 4), fill=colour("5a5228"))


def pair(s: Scene) -> None:
    """Cherries: two or three whose stalks meet."""
    s.background(backgrounds.INDOORS if s.rng.uniform() < 0.6 else backgrounds.OUTDOORS)
    knot = (50 + s.rng.normal(0, 10), s.rng.uniform(0, 15))
    size = s.rng.uniform(30, 48)
    fruit = s.fruit
    s.fruit = type(fruit)(**{**fruit.__dict__, "parts": ()})  # their stalks are drawn here, to meet
    for side in (-1, 1, 0)[: int(s.rng.integers(2, 4))]:
        x, y = 50 + side * size * s.rng.uniform(0.5, 0.75), s.rng.uniform(58, 76)
        one = s.one(size, turn=turned((s.rng.normal(0, 0.15), 1, s.rng.uniform(0, 0.5)), s.rng.uniform(0, 6.28)))
        s.ground_shadow(x, y + size * 0.45, size)
        place(s.picture, one, x, y, 0.4)
        props.twig(s.picture, s.rng, knot, (x, y - size * 0.32), 2, "6d8a35")
    s.fruit = fruit
    if s.rng.uniform() < 0.5:
        props.leaves(s.picture, s.rng, int(s.rng.integers(1, 3)), knot)


def plant(s: Scene) -> None:
    """A pineapple on its plant: the fruit upright in a rosette of blades."""
    s.background((backgrounds.foliage, backgrounds.ground, backgrounds.bokeh))
    size, x, y = s.rng.uniform(62, 100), 50 + s.rng.normal(0, 7), 42 + s.rng.normal(0, 5)
    pen = ImageDraw.Draw(s.picture)

    def blades(count, spread):
        for _ in range(count):
            a, long, wide = np.pi / 2 + s.rng.uniform(-spread, spread), s.rng.uniform(40, 85), s.rng.uniform(2.5, 5.5)
            bx, by = x + s.rng.normal(0, 5), y + size * 0.5
            tip = (bx + long * np.cos(a), by - long * np.sin(a) * 0.9)
            name, level = choose(s.rng, ("5a7a4a", "7f9a60", "48683f", "8a9a6a")), s.rng.uniform(0.6, 1.15)
            pen.polygon([(bx - wide, by), tip, (bx, by + wide)], fill=colour(name, level))
            pen.polygon([(bx + wide, by), tip, (bx, by + wide)], fill=colour(name, level * 0.75))

    blades(int(s.rng.integers(14, 26)), 1.9)
    one = s.one(size, turn=turned((s.rng.normal(0, 0.1), 1, s.rng.uniform(-0.1, 0.45)), s.rng.uniform(0, 6.28)))
    place(s.picture, one, x, y, 0.4)
    blades(int(s.rng.integers(2, 7)), 1.4)


LAYOUTS = {f.__name__: f for f in (single, group, pile, bowl, tree, hand, cut, bunch, cluster, pair, plant)}


def real(category: str, rng: np.random.Generator) -> np.ndarray:
    """A photo of a category, uint8 [100, 100, 3]."""
    s = Scene(category, rng)
    names = list(s.fruit.layouts)
    weights = np.cumsum([s.fruit.layouts[name] for name in names])
    LAYOUTS[names[int(np.searchsorted(weights, rng.uniform() * weights[-1], side="right"))]](s)
    if rng.uniform() < 0.12:
        props.leaves(s.picture, rng, int(rng.integers(1, 3)))
    return expose(s.picture, rng)
