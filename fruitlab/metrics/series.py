"""Series of a run's evaluations: the arrays that figures are drawn from."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

POINTS = 500  # of a plotted series at most: more are not visible, and the browser gets them all


class Switch(NamedTuple):
    """Where a phase after the first one begins.

    Attributes:
        iteration: the number of iterations before it.
        label: its unique name, such as "restricted".
        about: what it trains on what, in words.
    """

    iteration: int
    label: str
    about: str


@dataclass(frozen=True)
class Curves:
    """A run's evaluations as arrays of equal length.

    Attributes:
        iteration: int64 [n].
        nice, real, combined: accuracies, float64 [n], fractions of one.
        loss: training loss, float64 [n]; nan where there is none.
        learning_rate, momentum: float64 [n].
        switches: where later phases begin, as far as the run is.
    """

    iteration: np.ndarray
    nice: np.ndarray
    real: np.ndarray
    combined: np.ndarray
    loss: np.ndarray
    learning_rate: np.ndarray
    momentum: np.ndarray
    switches: tuple[Switch, ...] = ()


@dataclass(frozen=True)
class Steps:
    """What was logged of every iteration, ascending.

    Attributes:
        iteration: from 1, int64 [n].
        loss: mean cross entropy of the iteration's batch, float64 [n]; nan where it is not finite.
        learning_rate, momentum: that the iteration used, float64 [n].
    """

    iteration: np.ndarray
    loss: np.ndarray
    learning_rate: np.ndarray
    momentum: np.ndarray

    def __len__(self) -> int:
        return len(self.iteration)


@dataclass(frozen=True)
class Forgetting:
    """Accuracies of one run over its restricted training.

    Attributes:
        name: the run's legend.
        iteration: of the phase, float64 [n].
        nice, real: float64 [n], fractions of one.
    """

    name: str
    iteration: np.ndarray
    nice: np.ndarray
    real: np.ndarray


def thin(count: int, most: int = POINTS) -> np.ndarray:
    """Evenly spread indices into a series, with its first and last point.

    Returns:
        int64 [min(count, most)], ascending.
    """
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.int64))


def envelope(y: np.ndarray, most: int = POINTS) -> np.ndarray:
    """Indices of a noisy series whose line looks like the whole: the extremes of each stretch.

    Args:
        y: float64 [n]; nan where there is no value.

    Returns:
        int64 [about most at most], ascending, with the first and last index.
    """
    if len(y) <= most:
        return np.arange(len(y))
    kept = [0, len(y) - 1]
    for stretch in np.array_split(np.arange(len(y)), most // 2):
        known = stretch[np.isfinite(y[stretch])]
        if len(known):
            kept += [known[y[known].argmin()], known[y[known].argmax()]]
    return np.unique(kept)
