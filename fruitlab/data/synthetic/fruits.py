"""What describes a fruit: its shape, skin, varieties, parts, flesh and how it is photographed."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from fruitlab.data.synthetic.body import Shape


@cache
def rgb(colour: str) -> np.ndarray:
    """Converts a hexadecimal sRGB colour such as "ff8000" to float32 [3], 0 to 1."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


@dataclass(frozen=True)
class Variety:
    """The skin of a variety. Colours are hexadecimal sRGB, or empty for none.

    Attributes:
        base: Colour of the skin.
        second: Colour of large, soft clouds.
        blush: Colour of the side that grew towards the sun.
        blush_cover: Range of how much the blush covers, from none (-1.5) to all (1.5).
        streaks: How much the blush breaks into streaks.
        top: Colour around the stem.
        bottom: Colour around the far end.
        dots: Colour of the lenticels; in some patterns, of the edges.
        patterns: Names of skin patterns, in addition to those of the fruit.
        weight: How often it is drawn in (nice, real) pictures. Like Fruits-360 compared to the
            web, the studio knows fewer varieties.
    """

    base: str
    second: str = ""
    blush: str = ""
    blush_cover: tuple[float, float] = (-0.4, 0.4)
    streaks: float = 0.0
    top: str = ""
    bottom: str = ""
    dots: str = ""
    patterns: tuple[str, ...] = ()
    weight: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class Fruit:
    """A fruit.

    Attributes:
        body: Its shape.
        varieties: Its varieties.
        patterns: Names of skin patterns, see ``skin.PATTERNS``.
        parts: Name and arguments of each part that grows on it, see ``parts.PARTS``.
        gloss: Strength of the highlight.
        sharpness: Exponent of the highlight: small and broad for dull skins.
        mottle: Fine unevenness of the colour.
        dot_scale: Fineness of the varieties' dots, in voxels per radius (``noise``).
        jitter: Standard deviation of an individual's proportions.
        tilt: How far its axis may turn towards the viewer, in radians.
        flesh: Name of its cut face in ``flesh.FLESH``; empty if it is never shown cut.
        compositions: How often real photos show it in each composition, see ``camera``.
    """

    body: Shape
    varieties: tuple[Variety, ...]
    patterns: tuple[str, ...] = ()
    parts: tuple[tuple, ...] = ()
    gloss: float = 0.25
    sharpness: float = 18.0
    mottle: float = 0.02
    dot_scale: float = 40.0
    jitter: float = 0.05
    tilt: float = 1.35
    flesh: str = ""
    compositions: dict[str, float] = field(default_factory=dict)
