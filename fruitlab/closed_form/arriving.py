"""Closed-form iterative training: nice pictures first, then real ones in chunks of any size.

Only sums of the pictures so far are kept (`Statistics`), and every picture counts the same. So the
last head is the one that all pictures at once give, and nothing is forgotten on the way.
"""

from collections.abc import Iterator

import numpy as np

from fruitlab.closed_form.leave_one_out import Pictures
from fruitlab.closed_form.path import Path, scores, solve_head
from fruitlab.closed_form.statistics import Statistics


def arriving(
    nice: Pictures, real: Pictures, categories: int, ridge: float, chunk: int
) -> Iterator[tuple[int, np.ndarray]]:
    """The head before any real picture arrives, and after each chunk.

    Args:
        real: in the order in which they arrive.
        chunk: so many arrive at a time.

    Yields:
        How many real pictures have arrived, and the head, as `Path.head`.
    """
    learned = nice.statistics(categories)
    sums = Statistics.of(real.features[:0], real.labels[:0], categories)
    for start in range(-chunk, len(real.labels), chunk):
        new = slice(max(start, 0), start + chunk)
        sums = sums + Statistics.of(
            real.features[new], real.labels[new], categories, real.weights[new]
        )
        ratio = sums.weight / (learned.weight + sums.weight)
        yield min(start + chunk, len(real.labels)), solve_head(learned, sums, ratio, ridge)


def at_once(nice: Pictures, real: Pictures, categories: int, ridge: float) -> np.ndarray:
    """The head of joint training on all pictures, each counting the same, as `Path.head`."""
    sums = nice.statistics(categories), real.statistics(categories)
    return Path(*sums, ridge).head(sums[1].weight / (sums[0].weight + sums[1].weight))


def accuracy(head: np.ndarray, test: Pictures) -> float:
    """The fraction of test pictures whose highest score is their category's."""
    return float((scores(test.features, head).argmax(1) == test.labels).mean())
