"""Series of a run's evaluations: the arrays that figures are drawn from."""

from dataclasses import dataclass

import numpy as np

POINTS = 500  # of a plotted series at most: more are not visible, and the browser gets them all


@dataclass(frozen=True)
class Curves:
    """A run's evaluations as arrays of equal length.

    Attributes:
        iteration: int64 [n].
        nice, real, combined: accuracies, float64 [n], fractions of one.
        loss: training loss, float64 [n]; nan where there is none.
        learning_rate: float64 [n].
        switch: iteration at which the second phase begins; None before it does, and without one.
    """

    iteration: np.ndarray
    nice: np.ndarray
    real: np.ndarray
    combined: np.ndarray
    loss: np.ndarray
    learning_rate: np.ndarray
    switch: int | None = None


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
