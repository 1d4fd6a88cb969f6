"""One fruit as an RGBA picture: an individual of a variety, posed, cast, painted and shaded."""

import zlib
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from fruitlab.data.synthetic import parts, strips
from fruitlab.data.synthetic.body import Shape, Tube
from fruitlab.data.synthetic.fruit_table import FRUITS
from fruitlab.data.synthetic.fruits import Fruit, Variety
from fruitlab.data.synthetic.lighting import Light, shade
from fruitlab.data.synthetic.render import cast, fit, normalised, rotation
from fruitlab.data.synthetic.skin import paint

INDIVIDUALS = 24  # per category in the nice domain


@dataclass
class Individual:
    """A single fruit: its kind, its variety, its own shape and what grows on it."""

    fruit: Fruit
    variety: Variety
    body: Shape
    strips: strips.Strips | None


def nice(category: str, rng: np.random.Generator) -> np.ndarray:
    """Draws a frame as in Fruits-360: one fruit that fills the picture, on white.

    Fruits-360 filmed few fruits from all sides. Likewise, a category has a limited number of
    individuals here, and its pictures differ in the pose. A network can learn these fruits by
    heart, which makes the nice domain easy and narrow.

    Returns:
        uint8 [100, 100, 3].
    """
    fruit = FRUITS[category]
    # The individual and its light have an rng of their own, shared by all its pictures.
    seed = [zlib.crc32(category.encode()), 360, int(rng.integers(INDIVIDUALS))]
    own_rng = np.random.Generator(np.random.PCG64(seed))
    individual = make_individual(fruit, pick_variety(fruit, "nice", own_rng), own_rng)
    light = Light(
        (own_rng.uniform(-0.5, 0.3), own_rng.uniform(0.25, 0.6), 0.8),
        0.46,
        0.62,
        highlight=own_rng.uniform(0.6, 1.1),
    )
    exposure = rng.uniform(0.93, 1.07)
    light = replace(light, ambient=light.ambient * exposure, strength=light.strength * exposure)
    frame = Image.new("RGBA", (100, 100), (255, 255, 255, 255))
    pose = random_pose(fruit, rng, 0.6)
    frame.alpha_composite(draw_sprite(individual, pose, 100, light, own_rng, 0.985))
    return np.asarray(frame.convert("RGB"))


def pick_variety(fruit: Fruit, domain: str, rng: np.random.Generator) -> Variety:
    """Picks a variety by its weight in the domain."""
    weights = np.cumsum([variety.weight[domain == "real"] for variety in fruit.varieties])
    return fruit.varieties[int(np.searchsorted(weights, rng.uniform() * weights[-1], side="right"))]


def make_individual(fruit: Fruit, variety: Variety, rng: np.random.Generator) -> Individual:
    """Makes a fruit of a variety with proportions of its own."""
    stray = 1 + rng.normal(0, fruit.jitter, 4).clip(-2 * fruit.jitter, 2 * fruit.jitter)
    body = fruit.body
    if isinstance(body, Tube):
        body = replace(
            body,
            curve=body.curve * stray[0] ** 3,
            thickness=body.thickness * stray[1] ** 2,
            span=body.span * stray[2] / stray[0] ** 3,  # keeps the length
        )
    else:
        x, y, z = (float(axis * s) for axis, s in zip(body.axes, stray[:3], strict=True))
        first_taper = body.taper[0] * float(stray[3]) + 0.5 * float(stray[3] - 1)
        body = replace(body, axes=(x, y, z), taper=(first_taper, *body.taper[1:]))
    return Individual(fruit, variety, body, parts.grow(fruit, body, rng))


def random_pose(fruit: Fruit, rng: np.random.Generator, upright: float) -> np.ndarray:
    """Returns a random rotation, mostly tilted towards the viewer.

    Args:
        fruit: The fruit.
        rng: Chooses the pose.
        upright: Probability that the axis is nearly vertical in the picture.

    Returns:
        Rotation from body to world, [3, 3].
    """
    roll = rng.normal(0, 0.25) if rng.uniform() < upright else rng.uniform(-np.pi, np.pi)
    tilt = rng.uniform(-1, 1)
    tilt = fruit.tilt * tilt * abs(tilt) ** 0.4
    spin = rng.uniform(0, 2 * np.pi)
    if isinstance(fruit.body, Tube):  # its curve is visible from most sides
        spin = np.pi * (rng.uniform() < 0.5) + rng.normal(0, 0.5)
    pole = (np.sin(roll) * np.cos(tilt), np.cos(roll) * np.cos(tilt), np.sin(tilt))
    return rotation(pole, spin)


def draw_sprite(
    individual: Individual,
    pose: np.ndarray,
    size: int,
    light: Light,
    rng: np.random.Generator,
    fill: float = 0.98,
) -> Image.Image:
    """Draws an individual.

    Args:
        individual: The fruit.
        pose: Rotation from body to world, [3, 3].
        size: Side of the picture in pixels.
        light: The light.
        rng: Varies the skin.
        fill: Share of the picture that the longer side of the fruit fills.

    Returns:
        An RGBA picture.
    """
    fruit, grown = individual.fruit, individual.strips
    view = fit(
        individual.body, pose, size, fill, None if grown is None else grown.middle.reshape(-1, 3)
    )
    surface = cast(individual.body, view)
    albedo, relief = paint(fruit, individual.variety, surface.unit, rng)
    if relief is not None:
        normal = surface.normal - relief @ pose.T
        normal[:, 2] = np.maximum(normal[:, 2], 0.02)
        surface.normal = normalised(normal)
    colour = shade(surface, albedo, fruit.gloss, fruit.sharpness, light)
    pixels = np.zeros((size * size, 4), np.uint8)
    pixels[surface.pixels, :3] = np.clip(colour * 255, 0, 255)
    pixels[surface.pixels, 3] = surface.coverage * 255
    picture = Image.fromarray(pixels.reshape(size, size, 4))
    if grown is None:
        return picture
    behind = strips.draw(grown, view, light, front=False)
    in_front = strips.draw(grown, view, light, front=True)
    if behind is not None:
        behind.alpha_composite(picture)
        picture = behind
    if in_front is not None:
        picture.alpha_composite(in_front)
    return picture
