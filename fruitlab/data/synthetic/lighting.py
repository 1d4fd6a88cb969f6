"""Lights a surface: one light, ambient light and a highlight."""

from dataclasses import dataclass

import numpy as np

from fruitlab.data.synthetic.render import Surface


@dataclass(frozen=True)
class Light:
    """The light of a picture.

    Attributes:
        direction: Direction to the light in world axes.
        ambient: Brightness without the light.
        strength: Brightness that the light adds.
        tint: Colour of the light.
        highlight: How much of the gloss of a skin is visible.
        back: Strength of light from behind, along the rim.
    """

    direction: tuple[float, float, float] = (-0.35, 0.5, 0.8)
    ambient: float = 0.45
    strength: float = 0.62
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    highlight: float = 1.0
    back: float = 0.0


def shade(
    surface: Surface, albedo: np.ndarray, gloss: float, sharpness: float, light: Light
) -> np.ndarray:
    """Returns the colours of the n pixels of a surface.

    Args:
        surface: The surface.
        albedo: float32 [n, 3].
        gloss: Strength of the highlight.
        sharpness: Exponent of the highlight.
        light: The light.

    Returns:
        float32 [n, 3], 0 to 1, and above 1 where the highlight burns out.
    """
    towards = np.asarray(light.direction, np.float32)
    towards = towards / np.linalg.norm(towards)
    normal = surface.normal
    facing = normal @ towards
    facing_viewer = normal[:, 2]
    diffuse = np.maximum(facing * 0.8 + 0.2, 0)  # wrapped, because studio lights are large
    darkening = 0.72 + 0.28 * np.sqrt(np.clip(facing_viewer, 0, 1))
    level = (light.ambient + light.strength * diffuse) * darkening
    if light.back:
        level = level + light.back * np.square(1 - np.clip(facing_viewer, 0, 1))
    colour = albedo * (level[:, None] * np.asarray(light.tint, np.float32))
    halfway = towards + np.array([0, 0, 1], np.float32)
    halfway /= np.linalg.norm(halfway)
    shine = np.maximum(normal @ halfway, 0) ** sharpness * (gloss * light.highlight)
    return colour + shine[:, None]
