"""How often an answer given with a certain confidence is right, from a run's own test answers. Pure functions of arrays.

A network's confidence (the probability of its first answer) is a number it was trained to make large: it says 99 % far too
readily, above all of pictures unlike those it learned from. What it is worth shows on pictures whose category is known.
"""

import math
from dataclasses import dataclass

import numpy as np

from fruitlab.metrics.accuracy import wilson

FEWEST, MOST = (
    30,
    200,
)  # test answers that are called similar: a tenth of all, but no fewer and no more than these
EVEN = 0.5  # an answer that is as often wrong as right


@dataclass(frozen=True)
class Answers:
    """A run's first answers to the test pictures of one domain."""

    confidence: np.ndarray  # float [n]: the probability it gave them
    right: np.ndarray  # bool [n]


@dataclass(frozen=True)
class Similar:
    """The test answers nearest in confidence to one in question."""

    pictures: int
    right: int
    interval: tuple[float, float]  # 95 %, of right / pictures
    confidence: tuple[float, float]  # the least and the largest among them

    @property
    def accuracy(self) -> float:
        return self.right / self.pictures


def answers(table: dict[str, np.ndarray], domain: str) -> Answers:
    """Those of a predictions table (`evaluation.predictions`) in *nice* or *real*."""
    rows = table["real"] == (domain == "real")
    return Answers(table["probability"][rows, 0].astype(float), table["rank"][rows] == 0)


def similar(test: Answers, confidence: float) -> Similar | None:
    """The answers whose confidence is nearest to this one (all of those equally near the farthest of them), None if there is no answer."""
    count = len(test.confidence)
    if count == 0:
        return None
    wanted = min(count, max(FEWEST, min(MOST, count // 10)))
    distance = np.abs(test.confidence - confidence)
    near = distance <= np.partition(distance, wanted - 1)[wanted - 1]
    pictures, right = int(near.sum()), int(test.right[near].sum())
    return Similar(
        pictures,
        right,
        wilson(right, pictures),
        (float(test.confidence[near].min()), float(test.confidence[near].max())),
    )


def isotonic(test: Answers) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy as a function of confidence that never falls, fitted by least squares (pool adjacent violators).

    Returns:
        confidences, ascending and without repetition, and the accuracy at each: float [m] each.
    """
    values, place = np.unique(test.confidence, return_inverse=True)
    counts, sums = np.bincount(place), np.bincount(place, weights=test.right)
    pools: list[list[float]] = []  # [right, pictures, values] of each stretch of equal accuracy
    for right, count in zip(sums.tolist(), counts.tolist(), strict=True):
        pools.append([right, count, 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    fitted = [np.full(int(length), right / count) for right, count, length in pools]
    return values, np.concatenate(fitted) if fitted else np.empty(0)


def sure_from(test: Answers) -> float:
    """The least confidence from which on answers are right at least as often as wrong; infinite if there is none.

    Below it an answer is "not sure". By the isotonic fit, so that the least of the confidences found good is not a fluke.
    """
    values, accuracy = isotonic(test)
    good = np.flatnonzero(accuracy >= EVEN)
    if len(good) == 0:
        return math.inf
    return 0.0 if good[0] == 0 else float(values[good[0]])
