"""The best ratio is not an extreme one only because it comes first."""

import numpy as np
import pytest

from fruitlab.metrics.best import longest_best, middle_of_best


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 3, 2, 3, 3], (3, 4)), ([3, 3, 1, 3, 3], (0, 1)), ([0, 0], (0, 1)), ([5], (0, 0))],
)
def test_a_gap_ends_a_stretch(values, expected):
    assert longest_best(np.array(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 1, 1, 1, 0], 2), ([3, 1, 2], 0), ([5, 0, 5, 5, 0], 2), ([1, 1, 1, 1], 1)],
)
def test_of_equal_ratios_the_middle_one_is_best(values, expected):
    assert middle_of_best(np.array(values, float)) == expected
