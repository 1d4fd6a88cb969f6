"""Scores of the paper's study at a ratio or split, and when two of them differ. No torch."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fruitlab.metrics.accuracy import Z95
from fruitlab.studies import published

ROUGHLY_ZERO = 1e-3  # accuracies are at least this where a relative error is computed


class Status(StrEnum):
    """The result of a check."""

    HOLDS = "holds"
    PARTLY = "holds in part"
    FAILS = "does not hold"
    CLOSE = "too close to call"
    NOT_YET = "not enough runs"


@dataclass(frozen=True)
class Scores:
    """Top-k accuracies at one ratio or split.

    Attributes:
        nice, real, combined: fractions of one, a value per seed in the same order.
        nice_pictures, real_pictures: number of test pictures.
    """

    nice: tuple[float, ...]
    real: tuple[float, ...]
    combined: tuple[float, ...]
    nice_pictures: int = published.PICTURES
    real_pictures: int = published.PICTURES

    def mean(self, score: str) -> float:
        """Mean over the seeds of nice, real or combined."""
        return statistics.fmean(getattr(self, score))

    def deviation(self, score: str) -> float | None:
        """Sample standard deviation over the seeds; None for a single seed."""
        values = getattr(self, score)
        return statistics.stdev(values) if len(values) > 1 else None

    def variance(self, score: str) -> float:
        """Variance of the mean, from the number of test pictures and the deviation over seeds.

        All seeds share the test pictures, so more seeds do not reduce the first part. For the
        combined score it follows from the delta method on its logarithm.
        """
        nice, real = self._sampling("nice"), self._sampling("real")
        if score == "combined":
            relative = sum(
                variance / max(self.mean(name), ROUGHLY_ZERO) ** 2
                for name, variance in (("nice", nice), ("real", real))
            )
            sampling = self.mean("combined") ** 2 * relative / 4
        else:
            sampling = nice if score == "nice" else real
        values = getattr(self, score)
        seeds = statistics.variance(values) / len(values) if len(values) > 1 else 0.0
        return sampling + seeds

    def _sampling(self, domain: str) -> float:
        """Variance from the number of test pictures, by Agresti and Coull.

        Their two added successes and failures keep it above 0 where all or no pictures are right.
        """
        n = max(1, getattr(self, f"{domain}_pictures"))
        share = (self.mean(domain) * n + 2) / (n + 4)
        return share * (1 - share) / (n + 4)


Column = Mapping[int, Scores]  # by ratio or split, in percent

# The paper's Table 2: each column is the best over training.
PAPER: Column = {
    ratio: Scores((row["nice"],), (row["real"],), (row["combined"],))
    for ratio, row in published.TABLE2.items()
}


def margin(one: Scores, other: Scores, score: str) -> float:
    """The smallest difference of the means that is significant at the 95% level."""
    return Z95 * math.sqrt(one.variance(score) + other.variance(score))


def is_higher(one: Scores, other: Scores, score: str) -> Status:
    """Whether the first has the higher score: holds, does not hold, or too close to call."""
    return _status(one.mean(score) - other.mean(score), margin(one, other, score))


def is_above(scores: Scores, level: float, score: str) -> Status:
    """Whether a score is above a fixed level: holds, does not hold, or too close to call."""
    return _status(scores.mean(score) - level, Z95 * math.sqrt(scores.variance(score)))


def best(column: Column, score: str) -> int:
    """The ratio or split with the highest mean."""
    return max(column, key=lambda place: column[place].mean(score))


def _status(difference: float, margin: float) -> Status:
    if abs(difference) <= margin:
        return Status.CLOSE
    return Status.HOLDS if difference > 0 else Status.FAILS
