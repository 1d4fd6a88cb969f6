"""Views of a picture that features can be computed of."""

from collections.abc import Callable, Mapping

import numpy as np

VERSION = 1  # goes up when a view, or how pictures are resized and normalized, changes

VIEWS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "whole": lambda pictures: pictures,
    "mirror": lambda pictures: pictures[:, :, ::-1],
}
"""Each takes and returns uint8 [n, height, width, 3]."""
