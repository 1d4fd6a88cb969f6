"""Leave-one-out predictions in closed form: each training picture scored without itself.

Leaving picture i out of a ridge regression changes its own prediction to

    (z_i W - h_i y_i) / (1 - h_i),   h_i = w_i z_i^T (A + ridge D)^-1 z_i,

so one solution gives the predictions of n refits. The other pictures keep their weights, and the
standardization stays. At ratio 0 real pictures have no weight, so their predictions are those of a
head that has not seen them; at ratio 1 nice ones.

Ratio, ridge and temperature are chosen by these predictions, so that test pictures stay unseen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from fruitlab.closed_form.path import Path
from fruitlab.closed_form.statistics import Statistics, balanced, one_hot
from fruitlab.config.progress import Progress
from fruitlab.metrics.accuracy import combined
from fruitlab.metrics.best import middle_of_best

RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0)
LOG_TEMPERATURES = (-5.0, 3.0)
COARSE = tuple(range(0, 101, 10))  # ratios in percent at which a ridge is judged


@dataclass(frozen=True, eq=False)
class Pictures:
    """The training pictures of one domain.

    Attributes:
        features: float [n, features]. labels: int [n].
        weights: float [n].
    """

    features: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(
        cls, features: np.ndarray, labels: np.ndarray, categories: int, *, balance: bool = False
    ) -> "Pictures":
        """All with weight 1, or, with `balance`, every category with the same weight."""
        weights = balanced(labels, categories) if balance else np.ones(len(labels))
        return cls(features, labels, weights)

    def statistics(self, categories: int) -> Statistics:
        """Their sums."""
        return Statistics.of(self.features, self.labels, categories, self.weights)


class LeaveOneOut:
    """Leave-one-out predictions of both domains' training pictures at any ratio."""

    def __init__(self, path: Path, nice: Pictures, real: Pictures) -> None:
        """Rotate the features; `path` is the path of these pictures."""
        self.path = path
        self.domains = (nice, real)
        self._rotated = [path.rotate(domain.features) for domain in self.domains]

    def scores(self, ratio: float) -> tuple[np.ndarray, np.ndarray]:
        """Scores of the nice and of the real pictures, float64 [n, categories] each."""
        head, gains = self.path.rotated_head(ratio), self.path.gains(ratio)
        nice, real = (
            _without_itself(rotated, domain, head, gains, share)
            for rotated, domain, share in zip(
                self._rotated, self.domains, (1 - ratio, ratio), strict=True
            )
        )
        return nice, real

    def accuracies(self, ratio: float) -> tuple[float, float]:
        """Fraction of nice and of real pictures whose highest score is their category's."""
        nice, real = (
            float((found.argmax(1) == domain.labels).mean())
            for found, domain in zip(self.scores(ratio), self.domains, strict=True)
        )
        return nice, real

    def temperature(self, ratio: float) -> float:
        """What scores are divided by before softmax: the likeliest, both domains counting the same.

        The temperature of Guo et al. 2017, fitted on predictions that no picture had a part in.
        """
        parts = []
        for found, domain in zip(self.scores(ratio), self.domains, strict=True):
            top = found.max(1)
            parts.append((found - top[:, None], top - found[range(len(found)), domain.labels]))

        def loss(log_temperature: float) -> float:
            """Mean cross entropy of each domain, added. SciPy's logsumexp takes much longer."""
            scale = np.exp(-log_temperature)
            return sum(
                float((np.log(np.exp(scale * below).sum(1)) + scale * missing).mean())
                for below, missing in parts
            )

        options = {"xatol": 1e-3}
        best = minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded", options=options)
        return float(np.exp(best.x))


def _without_itself(
    rotated: np.ndarray, domain: Pictures, head: np.ndarray, gains: np.ndarray, share: float
) -> np.ndarray:
    precision = rotated.dtype  # a product of float32 and float64 would copy the larger factor
    weights = share * domain.weights / domain.weights.sum()
    leverage = (weights * (rotated**2 @ gains.astype(precision)))[:, None]
    found = rotated @ head.astype(precision)
    return (found - leverage * one_hot(domain.labels, head.shape[1])) / (1 - leverage)


@dataclass(frozen=True, eq=False)
class Choice:
    """What leave-one-out predictions choose.

    Attributes:
        ratio: percent of real pictures. ridge: the penalty. temperature: at that ratio.
        ratios: percent, those that were compared with this ridge.
        nice, real, combined: leave-one-out accuracy at each of them, float64.
        by_ridge: the best combined performance with each ridge that was tried.
        path: the heads at all ratios with this ridge.
    """

    ratio: int
    ridge: float
    temperature: float
    ratios: tuple[int, ...]
    nice: np.ndarray
    real: np.ndarray
    combined: np.ndarray
    by_ridge: dict[float, float]
    path: Path


def choose(
    nice: Pictures,
    real: Pictures,
    categories: int,
    *,
    ratio: int | None = None,
    ridge: float | None = None,
    progress: Progress | None = None,
) -> Choice:
    """The ratio and the ridge with the highest combined performance; of equal ratios the middle.

    Args:
        ratio: percent of real pictures; None chooses among 0 to 100 with the chosen ridge.
        ridge: None chooses among `RIDGES`, at the given ratio or the best of `COARSE`.
    """
    sums = [domain.statistics(categories) for domain in (nice, real)]
    coarse = COARSE if ratio is None else (ratio,)
    by_ridge: dict[float, float] = {}
    best: tuple[Path, LeaveOneOut] | None = None
    ridges = RIDGES if ridge is None else (ridge,)
    for done, tried in enumerate(ridges):
        if progress:
            progress("Choosing the penalty", done, len(ridges))
        path = Path(sums[0], sums[1], tried)
        found = LeaveOneOut(path, nice, real)
        by_ridge[tried] = float(_table(found, coarse)[2].max())
        if best is None or by_ridge[tried] > by_ridge[best[0].ridge]:
            best = path, found
    assert best is not None
    path, found = best
    ratios = tuple(range(101)) if ratio is None else (ratio,)
    nice_loo, real_loo, combined_loo = _table(found, ratios)
    chosen = ratios[middle_of_best(combined_loo)]
    return Choice(
        ratio=chosen,
        ridge=path.ridge,
        temperature=found.temperature(chosen / 100),
        ratios=ratios,
        nice=nice_loo,
        real=real_loo,
        combined=combined_loo,
        by_ridge=by_ridge,
        path=path,
    )


def _table(
    found: LeaveOneOut, percents: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nice, real and combined accuracy at each ratio, float64 [ratios] each."""
    nice, real = np.array([found.accuracies(percent / 100) for percent in percents]).T
    return nice, real, combined(nice, real)


def probabilities(scores: np.ndarray, temperature: np.ndarray | float) -> np.ndarray:
    """Calibrated probabilities from scores [..., categories], of the same shape."""
    return softmax(scores / temperature, axis=-1)
