"""Heat maps: where a network looked, drawn over the photo. No torch."""

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import numpy as np
from PIL import Image

# Dark violet over vermilion to pale yellow, from little evidence to much. Lightness rises all the
# way, so the map can be read without telling the colours apart.
STOPS = np.array(
    [[30, 10, 60], [120, 20, 90], [213, 70, 30], [245, 160, 40], [255, 245, 160]], dtype=float
)
OPACITY = 0.8  # of the colours, where the evidence was strongest


@dataclass(frozen=True)
class Explanation:
    """A network's answer to a photo, and where it looked.

    Attributes:
        top: [{category, probability}], the likeliest first.
        seen: uint8 [100, 100, 3], the photo as the network was given it.
        relevance: float32 [height, width], each place's share in the likeliest category
            (`predict.class_activation` or `predict.relevance`), or None for a network without a
            feature map.
    """

    top: list[dict[str, Any]]
    seen: np.ndarray
    relevance: np.ndarray | None


def strength(relevance: np.ndarray, side: int) -> np.ndarray:
    """The evidence for the answer, smoothly enlarged.

    Returns:
        float [side, side] from 0 (no evidence, or evidence against it) to 1 (the strongest).
    """
    positive = np.clip(relevance, 0, None).astype(np.float32)
    most = positive.max()
    if most <= 0:  # everything spoke against the answer, and it was the likeliest all the same
        return np.zeros((side, side), dtype=np.float32)
    enlarged = Image.fromarray(positive / most).resize((side, side), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(enlarged), 0, 1)


def overlay(seen: np.ndarray, relevance: np.ndarray, side: int = 400) -> np.ndarray:
    """The photo in grey with the evidence in colour over it: uint8 [side, side, 3]."""
    image = Image.fromarray(enlarged(seen, side)).convert("L")
    grey = np.repeat(np.asarray(image, dtype=float)[..., None], 3, axis=2)
    value = strength(relevance, side)
    stops = np.linspace(0, 1, len(STOPS))
    colours = np.stack([np.interp(value, stops, channel) for channel in STOPS.T], axis=2)
    alpha = (OPACITY * np.sqrt(value))[..., None]
    return ((1 - alpha) * grey + alpha * colours).round().astype(np.uint8)


def colours() -> list[list[int]]:
    """The colours of strengths 0, 1, ..., 255, each as red, green and blue of 255."""
    stops = np.linspace(0, 255, len(STOPS))
    channels = [np.interp(np.arange(256), stops, channel) for channel in STOPS.T]
    return np.stack(channels, axis=1).round().astype(int).tolist()


def enlarged(seen: np.ndarray, side: int) -> np.ndarray:
    """What a network was given, uint8 [100, 100, 3], with square pixels: uint8 [side, side, 3]."""
    return np.asarray(Image.fromarray(seen).resize((side, side), Image.Resampling.NEAREST))


def data_url(image: np.ndarray, kind: Literal["PNG", "JPEG"]) -> str:
    """A picture, uint8 [height, width, 3], as a data: URL."""
    return f"data:image/{kind.lower()};base64,{base64.b64encode(encoded(image, kind)).decode()}"


def encoded(image: np.ndarray, kind: Literal["PNG", "JPEG"]) -> bytes:
    """A picture, uint8 [height, width, 3], as the content of a file."""
    file = BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()
