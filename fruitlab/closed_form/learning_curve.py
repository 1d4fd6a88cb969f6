"""Whether more real pictures would help: accuracy with half of them, and with all.

Every real training picture is scored twice: by a head that learned from the other half of its
category's real pictures, and by leave-one-out, so by one that learned from all others. Nice
pictures, ratio and penalty are the same. This takes two solutions, and no test picture.
"""

import numpy as np

from fruitlab.closed_form.leave_one_out import LeaveOneOut, Pictures
from fruitlab.closed_form.path import Path, scores, solve_head


def half_and_all(
    path: Path, nice: Pictures, real: Pictures, categories: int, ratio: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy on the real training pictures by category, with half of them and with all.

    Args:
        path: of these pictures.
        ratio: share of real pictures, 0 to 1.
        seed: of the halves.

    Returns:
        Two arrays float64 [categories]; nan for a category without real pictures.
    """
    second = _second_half(real.labels, np.random.default_rng(seed))
    answer = np.empty(len(real.labels), np.int64)
    sums = nice.statistics(categories)
    for tested in (second, ~second):
        learned = Pictures(
            real.features[~tested], real.labels[~tested], real.weights[~tested]
        ).statistics(categories)
        head = solve_head(sums, learned, ratio, path.ridge)
        answer[tested] = scores(real.features[tested], head).argmax(1)
    whole = LeaveOneOut(path, nice, real).scores(ratio)[1].argmax(1)
    pictures = np.bincount(real.labels, minlength=categories)
    with np.errstate(invalid="ignore"):
        half, full = (
            np.bincount(real.labels[found == real.labels], minlength=categories) / pictures
            for found in (answer, whole)
        )
    return half, full


def _second_half(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random half of each category, bool [n]; of an odd number, the smaller part."""
    second = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == label))
        second[places[: len(places) // 2]] = True
    return second
