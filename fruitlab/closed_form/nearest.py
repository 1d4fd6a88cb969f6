"""The most similar pictures, by features and by what a closed-form head says of them. Numpy only.

A picture's vector is its standardized features at length 1, beside its category scores at WEIGHT.
Features alone find pictures that look alike; across domains, that is the background more than the
fruit. The scores are of ridge regression on the pictures that are searched (docs/search.md).
"""

import numpy as np

from fruitlab.closed_form.path import scores, solve_head
from fruitlab.closed_form.statistics import Standardization, Statistics

RATIO = 0.6  # near the best of docs/closed-form.md, where it does not matter much
RIDGE, WEIGHT = 0.03, 1.0  # chosen on training pictures (docs/search.md)
CHUNK = 2048  # pictures that are held in float64 at a time


class Nearest:
    """Exact search among the labelled pictures of two domains.

    Args:
        nice, real: the features and labels of each domain, float [n, features] and int64 [n].
        categories: how many there are.
        ridge: of the regression that scores categories.
        weight: length of the category scores beside the features' length of 1; 0 leaves them out.

    Attributes:
        vectors: float32 [pictures, size] of length 1, nice pictures first.
        nice: how many of them are nice.
    """

    def __init__(
        self,
        nice: tuple[np.ndarray, np.ndarray],
        real: tuple[np.ndarray, np.ndarray],
        categories: int,
        *,
        ridge: float = RIDGE,
        weight: float = WEIGHT,
    ) -> None:
        sums = _sums(*nice, categories), _sums(*real, categories)
        self._standardization = Standardization.of(*sums)
        self._head = solve_head(*sums, RATIO, ridge) if weight else None
        self._weight = weight
        self.nice = len(nice[1])
        parts = [
            self.vectors_of(features[start : start + CHUNK])
            for features, _ in (nice, real)
            for start in range(0, len(features), CHUNK)
        ]
        self.vectors = np.concatenate(parts)

    def vectors_of(self, features: np.ndarray) -> np.ndarray:
        """The vectors of pictures, float32 [n, size], from their raw features [n, features]."""
        known = self._standardization
        parts = [_unit((features - known.mean) / known.scale)]
        if self._head is not None:
            found = scores(features.astype(float), self._head)
            parts.append(self._weight * _unit(found - 1 / found.shape[1]))
        return _unit(np.concatenate(parts, axis=1)).astype(np.float32)

    def distances(self, features: np.ndarray) -> np.ndarray:
        """One minus the cosine to every picture, float32 [n, pictures], from raw features."""
        return 1 - self.vectors_of(features) @ self.vectors.T


def lowest(distances: np.ndarray, count: int) -> np.ndarray:
    """The places of the `count` lowest distances (or of all), lowest first, int64."""
    count = min(count, len(distances))
    found = np.argpartition(distances, count - 1)[:count]
    return found[np.argsort(distances[found], kind="stable")]


def _sums(features: np.ndarray, labels: np.ndarray, categories: int) -> Statistics:
    total = Statistics.of(features[:0], labels[:0], categories)
    for start in range(0, len(labels), CHUNK):
        part = slice(start, start + CHUNK)
        total = total + Statistics.of(features[part], labels[part], categories)
    return total


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; zeros stay zeros."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)
