"""How often predictions of a given confidence are right, estimated from a run's test predictions.

Training makes a network's confidence, the probability of its first answer, large: it is near 99%
far too often, above all for pictures unlike those it was trained on. How often such answers are
right is measured on test pictures. All functions are pure functions of arrays.
"""

import math
from dataclasses import dataclass

import numpy as np

from fruitlab.metrics.accuracy import wilson

# How many test predictions count as similar: a tenth of all, within these limits.
FEWEST, MOST = 30, 200
THRESHOLD = 0.5  # accuracy from which on an answer counts as sure: right as often as wrong


@dataclass(frozen=True)
class Answers:
    """A run's first answers to the test pictures of one domain."""

    confidence: np.ndarray  # float [n]: the probability of the answer
    right: np.ndarray  # bool [n]


@dataclass(frozen=True)
class Similar:
    """The test predictions whose confidence is nearest to a given one."""

    pictures: int
    right: int
    interval: tuple[float, float]  # 95%, of right / pictures
    confidence: tuple[float, float]  # the smallest and the largest among them

    @property
    def accuracy(self) -> float:
        """Fraction of one."""
        return self.right / self.pictures


def answers(table: dict[str, np.ndarray], domain: str) -> Answers:
    """The answers in one domain, *nice* or *real*, of a table by `training.predictions`."""
    rows = table["real"] == (domain == "real")
    return Answers(table["probability"][rows, 0].astype(float), table["rank"][rows] == 0)


def similar(test: Answers, confidence: float) -> Similar | None:
    """The answers nearest in confidence, ties included; None without any answers."""
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
    """The non-decreasing function of confidence that fits accuracy best in least squares.

    Returns:
        The distinct confidences, ascending, and the accuracy at each: float [m] both.
    """
    # SciPy's optimizers take 0.1 s or more to import, and few pages need them.
    from scipy.optimize import isotonic_regression

    values, place = np.unique(test.confidence, return_inverse=True)
    if len(values) == 0:
        return values, np.empty(0)
    counts = np.bincount(place)
    accuracy = np.bincount(place, weights=test.right) / counts
    return values, isotonic_regression(accuracy, weights=counts).x


def sure_from(test: Answers) -> float:
    """The confidence from which on answers are right at least as often as wrong, or infinity.

    Taken from the isotonic fit: the accuracies at single confidences are too noisy.
    """
    values, accuracy = isotonic(test)
    # A mean of exactly one half may come out a rounding error below it.
    good = np.flatnonzero(accuracy >= THRESHOLD - 1e-9)
    if len(good) == 0:
        return math.inf
    return 0.0 if good[0] == 0 else float(values[good[0]])
