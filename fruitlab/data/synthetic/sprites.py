"""One fruit as an RGBA picture: an individual is drawn from the table, turned, cast, painted, shaded, dressed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from fruitlab.data.synthetic import parts
from fruitlab.data.synthetic.body import Tube
from fruitlab.data.synthetic.fruits import FRUITS, Fruit, Variety
from fruitlab.data.synthetic.render import Light, cast, fit, normalised, shade, turned
from fruitlab.data.synthetic.skin import paint

INDIVIDUALS = 24  # per category in the nice domain


@dataclass
class Individual:
    fruit: Fruit
    variety: Variety
    body: object
    strips: parts.Strips | None


def pick_variety(fruit: Fruit, domain: str, rng: np.random.Generator) -> Variety:
    weights = np.cumsum([v.weight[domain == "real"] for v in fruit.varieties])
    return fruit.varieties[int(np.searchsorted(weights, rng.uniform() * weights[-1], side="right"))]


def individual(fruit: Fruit, variety: Variety, rng: np.random.Generator) -> Individual:
    """A fruit of a variety with proportions of its own."""
    stray = 1 + rng.normal(0, fruit.jitter, 4).clip(-2 * fruit.jitter, 2 * fruit.jitter)
    body = fruit.body
    if isinstance(body, Tube):
        curve, span = (
            body.curve * stray[0] ** 3,
            body.span * stray[2] / stray[0] ** 3,
        )  # the length stays
        body = replace(body, curve=curve, thickness=body.thickness * stray[1] ** 2, span=span)
    else:
        axes = tuple(float(a * s) for a, s in zip(body.axes, stray))
        body = replace(
            body,
            axes=axes,
            taper=(body.taper[0] * float(stray[3]) + 0.5 * float(stray[3] - 1), *body.taper[1:]),
        )
    return Individual(fruit, variety, body, parts.grow(fruit, body, rng))


def sprite(
    one: Individual,
    turn: np.ndarray,
    size: int,
    light: Light,
    rng: np.random.Generator,
    fill: float = 0.98,
) -> Image.Image:
    """An RGBA picture of `size` x `size` pixels, the fruit filling its longer side."""
    view = fit(
        one.body, turn, size, fill, None if one.strips is None else one.strips.middle.reshape(-1, 3)
    )
    surface = cast(one.body, view)
    albedo, relief = paint(one.fruit, one.variety, surface.unit, rng)
    if relief is not None:
        normal = surface.normal - relief @ turn.T
        normal[:, 2] = np.maximum(normal[:, 2], 0.02)
        surface.normal = normalised(normal)
    colour = shade(surface, albedo, one.fruit.gloss, one.fruit.sharpness, light)
    pixels = np.zeros((size * size, 4), np.uint8)
    pixels[surface.pixels, :3] = np.clip(colour * 255, 0, 255)
    pixels[surface.pixels, 3] = surface.coverage * 255
    picture = Image.fromarray(pixels.reshape(size, size, 4))
    if one.strips is None:
        return picture
    behind, before = (parts.draw(one.strips, view, light, front) for front in (False, True))
    if behind is not None:
        behind.alpha_composite(picture)
        picture = behind
    if before is not None:
        picture.alpha_composite(before)
    return picture


def any_turn(fruit: Fruit, rng: np.random.Generator, upright: float) -> np.ndarray:
    """A random pose: the axis near vertical in the share `upright` of cases, else any way in the picture; mostly tilted to the viewer."""
    roll = rng.normal(0, 0.25) if rng.uniform() < upright else rng.uniform(-np.pi, np.pi)
    tilt = rng.uniform(-1, 1)
    tilt = fruit.tilt * tilt * abs(tilt) ** 0.4
    spin = rng.uniform(0, 2 * np.pi)
    if isinstance(fruit.body, Tube):  # its curve shows from most sides
        spin = np.pi * (rng.uniform() < 0.5) + rng.normal(0, 0.5)
    return turned((np.sin(roll) * np.cos(tilt), np.cos(roll) * np.cos(tilt), np.sin(tilt)), spin)


def nice(category: str, rng: np.random.Generator) -> np.ndarray:
    """A frame as in Fruits-360: one fruit, turned at random, filling a 100 x 100 picture on white. uint8 [100, 100, 3].

    Fruits-360 filmed few fruits from all sides, so here too a category has only so many individuals, and pictures differ
    in the pose: a network can learn those fruits by heart, which is what makes the nice domain easy and narrow.
    """
    fruit = FRUITS[category]
    own = np.random.Generator(
        np.random.PCG64([zlib.crc32(category.encode()), 360, int(rng.integers(INDIVIDUALS))])
    )
    one = individual(fruit, pick_variety(fruit, "nice", own), own)
    light = Light(
        (own.uniform(-0.5, 0.3), own.uniform(0.25, 0.6), 0.8),
        0.46,
        0.62,
        highlight=own.uniform(0.6, 1.1),
    )
    exposure = rng.uniform(0.93, 1.07)
    light = replace(light, ambient=light.ambient * exposure, strength=light.strength * exposure)
    frame = Image.new("RGBA", (100, 100), (255, 255, 255, 255))
    frame.alpha_composite(sprite(one, any_turn(fruit, rng, 0.6), 100, light, own, 0.985))
    return np.asarray(frame.convert("RGB"))
