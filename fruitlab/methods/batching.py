"""How many batches make an epoch, and how large they are (paper 3.5)."""

BATCHES_PER_EPOCH = 20  # the paper's batch is one twentieth of the training set


def batches_per_epoch(pictures: int, batch_size: int) -> int:
    """Batches in one pass over the training set.

    Args:
        pictures: size of the training set.
        batch_size: largest number of pictures in a batch; 0 for the paper's one twentieth.
    """
    if batch_size == 0:
        return min(pictures, BATCHES_PER_EPOCH)
    return min(pictures, -(-pictures // batch_size))


def mean_batch(pictures: int, batch_size: int) -> float:
    """Mean number of pictures in a batch; 0.0 without pictures."""
    return pictures / batches_per_epoch(pictures, batch_size) if pictures else 0.0
