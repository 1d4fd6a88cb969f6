"""Heat maps of relevance over a picture."""

import base64
from io import BytesIO

import numpy as np
from PIL import Image

from fruitlab.inference import heatmap
from fruitlab.inference.heatmap import Explanation


def explanation(relevance: np.ndarray) -> Explanation:
    seen = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    return Explanation(
        [{"category": "Kiwi", "probability": 1.0}], seen, relevance.astype(np.float32)
    )


def test_strength_shows_positive_relevance():
    relevance = np.full((12, 12), -1.0)  # evidence against the answer is not shown
    relevance[2, 9] = 3
    value = heatmap.strength(relevance, 240)
    assert value.shape == (240, 240) and value.min() == 0 and value.max() <= 1
    y, x = np.unravel_index(value.argmax(), value.shape)
    assert (y // 20, x // 20) == (2, 9) and value[50, 190] > 0.95
    assert value[120:].max() == 0
    # Relative to the maximum, so the map of a weak answer is not darker.
    assert heatmap.strength(relevance * 1e-9, 240)[50, 190] > 0.95
    assert not heatmap.strength(-np.ones((12, 12)), 100).any()


def test_overlay_colours_relevance_and_keeps_the_rest_grey():
    relevance = np.zeros((12, 12))
    relevance[6, 6] = 1
    one = explanation(relevance)
    drawn = heatmap.overlay(one.seen, one.relevance, 240).astype(int)
    grey = np.asarray(Image.fromarray(one.seen).convert("L"), dtype=int)
    np.testing.assert_array_equal(drawn[0, 0], [grey[0, 0]] * 3)
    red, _, blue = drawn[130, 130]
    assert red - blue > 50


def test_enlarged_repeats_pixels():
    seen = explanation(np.zeros((12, 12))).seen
    np.testing.assert_array_equal(heatmap.enlarged(seen, 300)[1::3, 1::3], seen)


def test_data_url_contains_the_picture():
    seen = explanation(np.zeros((12, 12))).seen
    head, _, content = heatmap.data_url(seen, "PNG").partition(",")
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(base64.b64decode(content)))), seen)
