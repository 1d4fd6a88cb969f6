"""Views of a picture that features can be computed of."""

from collections.abc import Callable, Mapping

import numpy as np

GREY = 128  # close to zero after normalization
BORDER = 8  # the border view shows this fraction of the side at each edge

VERSION = 1  # goes up when a view, or how pictures are resized and normalized, changes


def border(pictures: np.ndarray) -> np.ndarray:
    """The pictures with all but an eighth of the side at each edge painted grey."""
    masked = pictures.copy()
    height, width = (side // BORDER for side in pictures.shape[1:3])
    masked[:, height:-height, width:-width] = GREY
    return masked


VIEWS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "whole": lambda pictures: pictures,
    "mirror": lambda pictures: pictures[:, :, ::-1],
    "border": border,
}
"""Each takes and returns uint8 [n, height, width, 3]."""
