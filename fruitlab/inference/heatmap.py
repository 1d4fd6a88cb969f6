"""What led to an answer, as pictures. No torch: pages and demo draw with this."""

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import numpy as np
from PIL import Image

# From the network's places to a picture's pixels, and from little to much: dark violet over vermilion to pale yellow.
# Lightness rises all the way, so that it is read without telling the colours apart.
STOPS = np.array(
    [[30, 10, 60], [120, 20, 90], [213, 70, 30], [245, 160, 40], [255, 245, 160]], dtype=float
)
OPACITY = 0.8  # of the colours, where the evidence was strongest


@dataclass(frozen=True)
class Explanation:
    """A network's answer to a photo, and what led to it."""

    top: list[dict[str, Any]]  # [{category, probability}], the likeliest first
    seen: np.ndarray  # uint8 [100, 100, 3]: the photo as the network saw it
    relevance: (
        np.ndarray
    )  # float32 [12, 12]: each place's share in the likeliest category (`predict.relevance`)


def strength(relevance: np.ndarray, side: int) -> np.ndarray:
    """Where evidence lay for the answer: float [side, side] from 0 (none, or against it) to 1 (the most), smoothly enlarged."""
    positive = np.clip(relevance, 0, None).astype(np.float32)
    most = positive.max()
    if most <= 0:  # everything spoke against it, and it was the likeliest all the same
        return np.zeros((side, side), dtype=np.float32)
    enlarged = Image.fromarray(positive / most).resize((side, side), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(enlarged), 0, 1)


def overlay(explanation: Explanation, side: int = 400) -> np.ndarray:
    """The photo in grey with the evidence in colour over it: uint8 [side, side, 3]."""
    seen = enlarged(explanation.seen, side)
    grey = np.repeat(
        np.asarray(Image.fromarray(seen).convert("L"), dtype=float)[..., None], 3, axis=2
    )
    value = strength(explanation.relevance, side)
    colours = np.stack(
        [
            np.interp(value, np.linspace(0, 1, len(STOPS)), STOPS[:, channel])
            for channel in range(3)
        ],
        axis=2,
    )
    alpha = (OPACITY * np.sqrt(value))[..., None]
    return ((1 - alpha) * grey + alpha * colours).round().astype(np.uint8)


def enlarged(seen: np.ndarray, side: int) -> np.ndarray:
    """The 100 x 100 that a network saw, its pixels left as squares: uint8 [side, side, 3]."""
    return np.asarray(Image.fromarray(seen).resize((side, side), Image.Resampling.NEAREST))


def data_url(image: np.ndarray, kind: Literal["PNG", "JPEG"]) -> str:
    """A picture, uint8 [height, width, 3], as the address of itself, for HTML."""
    file = BytesIO()
    Image.fromarray(image).save(file, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
