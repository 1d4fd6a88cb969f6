"""What closed-form training keeps of a domain's pictures: sums that chunks of any size add to.

A picture enters as z = (features, 1). Its features are raw: their standardization follows from the
sums themselves (`Standardization`), so it needs no pass of its own, does not depend on the order of
the pictures, and forgets a removed picture as the sums do.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

# A feature whose variance is below this fraction of its mean square is constant but for rounding.
CONSTANT = 1e-10


@dataclass(frozen=True, eq=False)
class Statistics:
    """Sums over pictures with weights w and one-hot categories y. Add and subtract them.

    Attributes:
        gram: float64 [features + 1, features + 1], the sum of w z z^T.
        targets: float64 [features + 1, categories], the sum of w z y^T.
    """

    gram: np.ndarray
    targets: np.ndarray

    @classmethod
    def of(
        cls,
        features: np.ndarray,
        labels: np.ndarray,
        categories: int,
        weights: np.ndarray | None = None,
    ) -> Self:
        """The sums over some pictures, possibly none.

        Args:
            features: float [n, features]. labels: int [n], below `categories`.
            weights: float [n], such as those of `balanced`; None is 1 for each.

        Raises:
            ValueError: a feature is not finite.
        """
        if not np.isfinite(features).all():
            raise ValueError("A feature is infinite or not a number. Compute the features again.")
        z, y = with_one(features), one_hot(labels, categories)
        if weights is not None:
            root = np.sqrt(weights)[:, None]
            z, y = z * root, y * root
        return cls(z.T @ z, z.T @ y)  # a matrix times itself takes half the time, and is symmetric

    def __add__(self, other: Self) -> Self:
        """Learn the pictures of `other` too."""
        return type(self)(self.gram + other.gram, self.targets + other.targets)

    def __sub__(self, other: Self) -> Self:
        """Unlearn the pictures of `other`, which are among these."""
        return type(self)(self.gram - other.gram, self.targets - other.targets)

    @property
    def weight(self) -> float:
        """The sum of the pictures' weights: their number, unless they are weighted."""
        return float(self.gram[-1, -1])

    @property
    def counts(self) -> np.ndarray:
        """The weight of each category, float64 [categories]."""
        return self.targets[-1]

    def mean(self) -> Self:
        """The sums divided by the weight; zeros without any picture."""
        weight = self.weight or 1.0
        return type(self)(self.gram / weight, self.targets / weight)


@dataclass(frozen=True, eq=False)
class Standardization:
    """Subtracts a mean from each feature and divides by a scale, as the linear map z -> z T.

    Attributes:
        mean, scale: float64 [features].
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, *domains: Statistics) -> Self:
        """Zero mean and unit variance over the domains, each with the same weight whatever its
        size, so that it does not depend on the ratio. Domains without pictures do not count.
        """  # noqa: D205
        grams = [domain.mean().gram for domain in domains if domain.weight > 0]
        average = np.mean(grams, axis=0)
        mean, square = average[-1, :-1], np.diag(average)[:-1]
        variance = square - mean**2
        constant = variance <= CONSTANT * square
        return cls(mean, np.sqrt(np.where(constant, 1.0, variance)))

    def apply(self, sums: Statistics) -> Statistics:
        """The sums over standardized pictures: T^T gram T and T^T targets."""
        return Statistics(self._rows(self._rows(sums.gram).T), self._rows(sums.targets))

    def fold(self, weights: np.ndarray) -> np.ndarray:
        """Coefficients [features + 1, m] of standardized pictures as those of raw ones: T W."""
        raw = weights.copy()
        raw[:-1] /= self.scale[:, None]
        raw[-1] -= self.mean @ raw[:-1]
        return raw

    def _rows(self, matrix: np.ndarray) -> np.ndarray:
        """T^T matrix."""
        result = matrix.copy()
        result[:-1] -= np.outer(self.mean, matrix[-1])
        result[:-1] /= self.scale[:, None]
        return result


def balanced(labels: np.ndarray, categories: int) -> np.ndarray:
    """Weights with which every category counts the same, float64 [n]; they add up to n."""
    counts = np.bincount(labels, minlength=categories)
    return len(labels) / (np.count_nonzero(counts) * counts[labels])


def with_one(features: np.ndarray) -> np.ndarray:
    """Each picture's z = (features, 1), float64 [n, features + 1]."""
    z = np.ones((len(features), features.shape[1] + 1))
    z[:, :-1] = features
    return z


def one_hot(labels: np.ndarray, categories: int) -> np.ndarray:
    """float64 [n, categories]."""
    return np.eye(categories)[labels]
