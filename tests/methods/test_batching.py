"""Batches per epoch (paper 3.5)."""

import pytest

from fruitlab.methods.batching import batches_per_epoch, mean_batch


@pytest.mark.parametrize(
    ("pictures", "batch_size", "batches"),
    [(5000, 0, 20), (7, 0, 7), (0, 0, 0), (420, 64, 7), (64, 64, 1), (65, 64, 2), (3, 1, 3)],
)
def test_batches_per_epoch(pictures: int, batch_size: int, batches: int) -> None:
    assert batches_per_epoch(pictures, batch_size) == batches
    assert mean_batch(pictures, batch_size) == (pictures / batches if batches else 0.0)
