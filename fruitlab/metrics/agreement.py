"""Which network answers most like a person: agreement on the same pictures."""

from dataclasses import dataclass

import numpy as np

from fruitlab.metrics.best import longest_best


@dataclass(frozen=True)
class Agreement:
    """A person's answers beside those of networks at several ratios.

    Attributes:
        same: at each ratio, the number of pictures with the same answer, right or wrong, int [n].
        right: at each ratio, the number of pictures that the network gets right, int [n].
        own: the number of pictures that the person gets right.
        first, last: where agreement is highest, as indices (`best.longest_best`).
    """

    same: np.ndarray
    right: np.ndarray
    own: int
    first: int
    last: int

    @property
    def middle(self) -> int:
        """The ratio that stands for all between `first` and `last`."""
        return (self.first + self.last) // 2


def agreement(answers: np.ndarray, guesses: np.ndarray, truth: np.ndarray) -> Agreement:
    """Count equal answers.

    Args:
        answers: of the networks, int [pictures, ratios].
        guesses: of the person, int [pictures].
        truth: int [pictures].
    """
    same = (answers == guesses[:, None]).sum(0)
    first, last = longest_best(same)
    return Agreement(
        same=same,
        right=(answers == truth[:, None]).sum(0),
        own=int((guesses == truth).sum()),
        first=first,
        last=last,
    )
