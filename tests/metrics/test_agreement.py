"""Agreement of a person with networks, on answers that can be counted by hand."""

import numpy as np
import pytest

from fruitlab.metrics.agreement import agreement
from fruitlab.plots.agreement import curves

TRUTH = np.array([0, 1, 2])
#                      ratios: 0  1  2  3
ANSWERS = np.array([[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 2]])


@pytest.mark.parametrize(
    ("guesses", "same", "first", "last", "own"),
    [
        ([0, 1, 1], [2, 3, 3, 1], 1, 2, 2),  # wrong in the same way as the networks in the middle
        ([1, 1, 2], [0, 1, 1, 3], 3, 3, 2),
        ([2, 2, 0], [0, 0, 0, 0], 0, 3, 0),  # like none of them
    ],
)
def test_equal_answers_count_right_or_wrong(guesses, same, first, last, own):
    found = agreement(ANSWERS, np.array(guesses), TRUTH)
    assert found.same.tolist() == same and found.right.tolist() == [1, 2, 2, 2]
    assert (found.first, found.last, found.own) == (first, last, own)
    figure = curves(found, 3)
    assert [trace["y"] for trace in figure["data"]] == [same, [1, 2, 2, 2], [own] * 4]
    assert f"to {max(same)} of 3 pictures" in figure["caption"]
    assert ("alike" in figure["caption"]) == (max(same) == min(same))
