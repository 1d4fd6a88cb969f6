"""Mixing ratios as numbers of training pictures."""

import numpy as np
import pytest

from fruitlab.config.errors import DataError
from fruitlab.data.domains import Split
from fruitlab.data.ratios import describe_ratio, ratio_counts


def split_of(nice: int, real: int) -> Split:
    """Returns a split with that many training pictures."""
    return Split(np.arange(nice), np.arange(1), np.arange(real), np.arange(1))


def test_ratios_are_shares_of_each_training_set():
    assert ratio_counts(split_of(1000, 500), 60) == (400, 300)
    assert ratio_counts(split_of(7, 7), 50) == (4, 4)  # both halves are rounded up
    # In floating point, 0.29 * 1000 is 290.0 but (1 - 0.29) * 1000 is 709.99...
    assert ratio_counts(split_of(1000, 1000), 29) == (710, 290)
    assert ratio_counts(split_of(10, 10), 0) == (10, 0)
    assert ratio_counts(split_of(10, 10), 100) == (0, 10)
    assert ratio_counts(split_of(1000, 1000), 12.5) == (875, 125)


@pytest.mark.parametrize("ratio", [-1, 101, float("nan")])
def test_ratios_out_of_range_are_refused(ratio):
    with pytest.raises(DataError, match="between 0 and 100"):
        ratio_counts(split_of(5, 5), ratio)


def test_ratios_are_described_by_their_pictures():
    assert describe_ratio(split_of(200, 12_250), 40) == "120 nice + 4,900 real = 98 % real"
    assert describe_ratio(split_of(100, 100), 0) == "100 nice + 0 real = 0 % real"
    assert describe_ratio(split_of(100, 100), 100) == "0 nice + 100 real = 100 % real"
    assert describe_ratio(split_of(10, 100_000), 50) == "5 nice + 50,000 real = over 99 % real"
    assert describe_ratio(split_of(100_000, 10), 50) == "50,000 nice + 5 real = under 1 % real"
