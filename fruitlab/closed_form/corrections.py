"""Single pictures added to a solved head, and taken away again, exactly and at once.

The head W solves M W = B, with M the penalized Gram matrix of the training pictures. A picture
z = (features, 1) of category y with weight v adds v z z^T to M and v z y^T to B. Ridge, ratio and
standardization stay as they are. With P = M^-1, all such pictures Z together give

    W' = W + P Z^T (V^-1 + Z P Z^T)^-1 (Y - Z W),

the block form of recursive least squares (Woodbury; Zhuang et al. 2022, https://arxiv.org/abs/
2205.14922). It is always computed from the same P and W, so leaving a picture out gives the head
that has never seen it, without any rounding errors that add up.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg import solve

from fruitlab.closed_form.path import Path
from fruitlab.closed_form.statistics import one_hot, with_one

STEP = 0.5


@dataclass(frozen=True, eq=False)
class Solution:
    """A solved head, with what it takes to add pictures. Both are for raw features.

    Attributes:
        inverse: P, float64 [features + 1, features + 1].
        head: W, float64 [features + 1, categories]; the last row is the bias.
    """

    inverse: np.ndarray
    head: np.ndarray

    @classmethod
    def of(cls, path: Path, ratio: float) -> Self:
        """The solution at one ratio, 0 to 1."""
        return cls((path.basis * path.gains(ratio)) @ path.basis.T, path.head(ratio))

    def corrected(
        self, features: np.ndarray, labels: np.ndarray, categories: int, step: float = STEP
    ) -> np.ndarray:
        """The head that has learned some pictures too, float64 [features + 1, categories].

        A picture's weight is the one with which it moves, if it is the only one, its own scores
        `step` of the way to its category. It does not depend on the other pictures.

        Args:
            features: float [n, features]. labels: int [n].
            categories: at least those of the head; further ones are new.
            step: above 0, below 1.
        """
        head = np.zeros((len(self.head), categories))
        head[:, : self.head.shape[1]] = self.head  # no picture had a new category
        if not len(labels):
            return head
        z = with_one(features)
        gain = self.inverse @ z.T
        leverage = z @ gain
        missing = one_hot(labels, categories) - z @ head
        inverse_weights = np.diag(leverage.diagonal() * (1 - step) / step)
        return head + gain @ solve(leverage + inverse_weights, missing, assume_a="pos")
