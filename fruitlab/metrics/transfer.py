"""Forgetting and transfer from an accuracy matrix, as continual learning defines them.

The matrix R has a row for every phase and a column for every domain: R[i, j] is the accuracy on
domain j after phase i. The names are those of two libraries:

- Avalanche (avalanche.evaluation.metrics): *Forgetting* is the accuracy right after a domain was
  learned minus the one at the end; *BWT* is its negative; *Forward Transfer* is the accuracy just
  before a domain is learned minus the one of the network before all training.
- Mammoth (utils/metrics.py): *forgetting* is the best accuracy after any phase minus the one at the
  end, so never negative; *backward_transfer* and *forward_transfer* are as above.

Forgetting and backward transfer are means over the domains that were learned before the last phase;
forward transfer is the mean over those that were not learned in the first one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Name and definition of each attribute of `Transfer`, for pages and reports.
MEASURES = {
    "forgetting": (
        "Forgetting (Avalanche)",
        "Accuracy right after a domain was learned minus the final one. The mean over the domains "
        "that were learned before the last phase.",
    ),
    "most_forgetting": (
        "Forgetting (Mammoth)",
        "The best accuracy after any phase minus the final one, so never negative.",
    ),
    "backward": (
        "Backward transfer",
        "Final accuracy minus that right after a domain was learned: below zero, the network has "
        "forgotten. The same in Avalanche (BWT) and Mammoth (backward_transfer).",
    ),
    "forward": (
        "Forward transfer",
        "Accuracy on a domain just before it is learned, minus that of the untrained network: "
        "above zero, the earlier phases helped. The same in Avalanche and Mammoth.",
    ),
}


@dataclass(frozen=True)
class Transfer:
    """Differences of accuracies, as fractions of one; None where no domain counts.

    Attributes:
        forgetting: Avalanche's.
        most_forgetting: Mammoth's.
        backward: backward transfer, of both.
        forward: forward transfer, of both.
    """

    forgetting: float | None
    most_forgetting: float | None
    backward: float | None
    forward: float | None


def transfer(matrix: np.ndarray, untrained: np.ndarray, learned: Sequence[int]) -> Transfer:
    """Forgetting and transfer.

    Args:
        matrix: accuracy after each phase on each domain, float64 [phases, domains].
        untrained: accuracy of the network before training, float64 [domains].
        learned: for each domain the first phase that trains on it.
    """
    last = len(matrix) - 1
    before = [j for j, phase in enumerate(learned) if phase < last]
    later = [j for j, phase in enumerate(learned) if phase > 0]
    forgetting = _mean([matrix[learned[j], j] - matrix[last, j] for j in before])
    return Transfer(
        forgetting=forgetting,
        most_forgetting=_mean([matrix[:, j].max() - matrix[last, j] for j in before]),
        backward=None if forgetting is None else 0.0 - forgetting,
        forward=_mean([matrix[learned[j] - 1, j] - untrained[j] for j in later]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
