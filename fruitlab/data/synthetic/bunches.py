"""How real photos show what some fruits alone do: grapes in bunches, bananas in hands, cherries in pairs, pineapples on the plant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import ImageDraw

from fruitlab.data.synthetic import backgrounds, props
from fruitlab.data.synthetic.props import choose, colour, place, spin
from fruitlab.data.synthetic.render import turned
from fruitlab.data.synthetic.scene import Scene


def bunch(s: Scene) -> None:
    """Grapes: berries in a hanging or lying cluster, with leaves."""
    hanging = s.rng.uniform() < 0.6
    s.background(backgrounds.OUTDOORS if hanging else backgrounds.INDOORS)
    if hanging:
        props.leaves(s.picture, s.rng, int(s.rng.integers(3, 8)), bright=s.rng.uniform(0.6, 1.0))
    size = s.rng.uniform(11, 24)
    sprites = s.several(2, size, 0.2)
    for _ in range(1 + (size < 15 and s.rng.uniform() < 0.6)):
        x, top, wide, tall = (
            50 + s.rng.normal(0, 14),
            s.rng.uniform(2, 22),
            s.rng.uniform(20, 34),
            s.rng.uniform(58, 85),
        )
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
    shapes = [
        s.one(
            size,
            turn=turned(
                (0.25 * facing, 1, 0.15), s.rng.normal(0, 0.3) + (0 if facing > 0 else np.pi)
            ),
        )
        for _ in range(2)
    ]
    for i in range(count):
        one = shapes[i % 2]
        degrees = start + (i - count / 2) * fan
        rows, columns = np.nonzero(np.asarray(one.getchannel("A"))[: one.height // 4] > 100)
        pole = np.array([columns[rows.argmin()], rows.min()]) - np.array(one.size) / 2
        a = np.deg2rad(-degrees)
        moved = np.array(
            [pole[0] * np.cos(a) - pole[1] * np.sin(a), pole[0] * np.sin(a) + pole[1] * np.cos(a)]
        )
        x, y = root - moved
        place(s.picture, spin(one, degrees), x, y, 0.55)
    ImageDraw.Draw(s.picture).ellipse(
        (root[0] - 5, root[1] - 4, root[0] + 5, root[1] + 4), fill=colour("5a5228")
    )


def pair(s: Scene) -> None:
    """Cherries: two or three whose stalks meet."""
    s.background(backgrounds.INDOORS if s.rng.uniform() < 0.6 else backgrounds.OUTDOORS)
    knot = (50 + s.rng.normal(0, 10), s.rng.uniform(0, 15))
    size = s.rng.uniform(30, 48)
    s.fruit = replace(s.fruit, parts=())  # their stalks are drawn here, to meet
    for side in (-1, 1, 0)[: int(s.rng.integers(2, 4))]:
        x, y = 50 + side * size * s.rng.uniform(0.5, 0.75), s.rng.uniform(58, 76)
        one = s.one(
            size,
            turn=turned((s.rng.normal(0, 0.15), 1, s.rng.uniform(0, 0.5)), s.rng.uniform(0, 6.28)),
        )
        s.ground_shadow(x, y + size * 0.45, size)
        place(s.picture, one, x, y, 0.4)
        props.twig(s.picture, s.rng, knot, (x, y - size * 0.32), 2, "6d8a35")
    if s.rng.uniform() < 0.5:
        props.leaves(s.picture, s.rng, int(s.rng.integers(1, 3)), knot)


def plant(s: Scene) -> None:
    """A pineapple on its plant: the fruit upright in a rosette of blades."""
    s.background((backgrounds.foliage, backgrounds.ground, backgrounds.bokeh))
    size, x, y = s.rng.uniform(62, 100), 50 + s.rng.normal(0, 7), 42 + s.rng.normal(0, 5)
    pen = ImageDraw.Draw(s.picture)

    def blades(count, spread):
        for _ in range(count):
            a, long, wide = (
                np.pi / 2 + s.rng.uniform(-spread, spread),
                s.rng.uniform(40, 85),
                s.rng.uniform(2.5, 5.5),
            )
            bx, by = x + s.rng.normal(0, 5), y + size * 0.5
            tip = (bx + long * np.cos(a), by - long * np.sin(a) * 0.9)
            name, level = (
                choose(s.rng, ("5a7a4a", "7f9a60", "48683f", "8a9a6a")),
                s.rng.uniform(0.6, 1.15),
            )
            pen.polygon([(bx - wide, by), tip, (bx, by + wide)], fill=colour(name, level))
            pen.polygon([(bx + wide, by), tip, (bx, by + wide)], fill=colour(name, level * 0.75))

    blades(int(s.rng.integers(14, 26)), 1.9)
    one = s.one(
        size,
        turn=turned((s.rng.normal(0, 0.1), 1, s.rng.uniform(-0.1, 0.45)), s.rng.uniform(0, 6.28)),
    )
    place(s.picture, one, x, y, 0.4)
    blades(int(s.rng.integers(2, 7)), 1.4)
