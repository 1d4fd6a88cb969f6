"""The accuracy matrix of a run with several phases. No torch."""

from dataclasses import dataclass

import numpy as np

from fruitlab.data.domains import DOMAINS
from fruitlab.methods.phase import labels
from fruitlab.metrics.transfer import Transfer, transfer
from fruitlab.runs.entry import Entry


@dataclass(frozen=True)
class Matrix:
    """Accuracies before training and after each phase.

    Attributes:
        rows: "before training", then "after PHASE".
        values: accuracy on nice and real test pictures, float64 [rows, 2], fractions of one.
        pictures: test pictures behind each value, int64 [rows, 2].
        transfer: forgetting and transfer.
    """

    rows: tuple[str, ...]
    values: np.ndarray
    pictures: np.ndarray
    transfer: Transfer


def accuracy_matrix(entry: Entry, top: int = 1) -> Matrix | None:
    """The accuracy matrix of a run whose last phase has ended; None for others.

    The end of a phase is evaluated as the beginning of the next one.

    Args:
        top: 1 or 3.
    """
    if entry.config is None or entry.status != "finished" or not entry.points:
        return None
    phases = entry.config.phases()
    names, phase = labels(phases), entry.column("phase")
    first = [np.flatnonzero(phase == number) for number in range(len(phases))]
    if len(phases) < 2 or entry.phases != tuple(names) or not all(map(len, first)):
        return None
    at = [0, *(rows[0] for rows in first[1:]), entry.points - 1]
    values = np.stack([entry.accuracy(name, top)[at] for name in DOMAINS], axis=1)
    pictures = np.stack([entry.column(f"{name}_pictures")[at] for name in DOMAINS], axis=1)
    learned = [
        number
        for name in DOMAINS
        for number in [n for n, one in enumerate(phases) if name in one.domains][:1]
    ]
    if len(learned) < len(DOMAINS):
        return None
    return Matrix(
        rows=("before training", *(f"after {name}" for name in names)),
        values=values,
        pictures=pictures.astype(np.int64),
        transfer=transfer(values[1:], values[0], learned),
    )
