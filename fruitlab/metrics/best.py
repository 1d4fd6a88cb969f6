"""The best of several ratios, when few pictures make many of them equally good."""

import numpy as np


def longest_best(values: np.ndarray) -> tuple[int, int]:
    """First and last index of the longest stretch of highest values; of equals the first."""
    best = np.flatnonzero(values == values.max())
    stretches = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    longest = max(stretches, key=len)
    return int(longest[0]), int(longest[-1])


def middle_of_best(values: np.ndarray) -> int:
    """The index of the highest value; of equals, the middle of their longest stretch.

    Few pictures make many ratios equally good. The first of them would be an extreme one.
    """
    first, last = longest_best(values)
    return (first + last) // 2
