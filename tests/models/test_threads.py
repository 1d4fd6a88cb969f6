"""Threads that share the pictures of a batch."""

import time

import numpy as np
import pytest
import torch

from fruitlab.models.kernels.threads import shared


@pytest.mark.parametrize("batch", [1, 2, 7, 40])
def test_threads_share_a_batch(batch: int, threads: int) -> None:
    seen, numbers = np.zeros(batch), np.arange(batch, dtype=float)
    at_once = []

    def work(s: slice) -> np.ndarray:
        at_once.append(s)
        seen[s] += 1
        return numbers[s].sum(keepdims=True)

    total = shared(work, torch.empty(batch, 3))
    assert (seen == 1).all() and total == batch * (batch - 1) / 2
    assert len(at_once) == min(threads, batch)


@pytest.mark.parametrize("threads", [3], indirect=True)
def test_small_maps_are_not_shared(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fruitlab.models.kernels.threads.LEAST", 100)
    shares: list[slice] = []

    def work(s: slice) -> np.ndarray:
        shares.append(s)
        return np.zeros(1)

    shared(work, torch.empty(8, 30))  # enough for two threads
    assert sorted((s.start, s.stop) for s in shares) == [(0, 4), (4, 8)]
    shares.clear()
    shared(work, torch.empty(8, 10))
    assert [(s.start, s.stop) for s in shares] == [(0, 8)]


@pytest.mark.parametrize("threads", [3], indirect=True)
def test_sums_have_one_order(threads: int) -> None:
    """Whichever thread is done first: (1e20 + -1e20) + 1 is not 1e20 + (-1e20 + 1)."""
    values = {0: 1e20, 1: -1e20, 2: 1.0}
    for slow in range(3):

        def work(s: slice, slow: int = slow) -> np.ndarray:
            time.sleep(0.05 * (s.start == slow))
            return np.array([values[s.start]])

        assert shared(work, torch.empty(3, 3)) == 1.0


def test_error_in_a_thread_reaches_the_caller(threads: int) -> None:
    def work(s: slice) -> np.ndarray:
        if s.stop == 8:
            raise MemoryError(f"no room for {s}")
        return np.zeros(1)

    with pytest.raises(MemoryError, match="no room"):
        shared(work, torch.empty(8, 3))
