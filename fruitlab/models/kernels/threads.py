"""Shares a batch among CPU threads.

PyTorch's own operations have threads of their own. Compiled loops hold no lock of Python, so plain
threads run them side by side. Which thread gets which pictures depends only on the size of the
batch and PyTorch's number of threads, so that equal input gives equal bits.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch


def shared(work: Callable[[slice], np.ndarray], batch: int) -> np.ndarray:
    """Call `work` on slices that make up the batch, one for each thread, and sum its results."""
    threads = max(1, min(torch.get_num_threads(), batch))
    edges = [batch * i // threads for i in range(threads + 1)]
    first, *others = (slice(a, b) for a, b in pairwise(edges))
    futures = [_pool(threads - 1, os.getpid()).submit(work, share) for share in others]
    total = work(first)  # waking one thread more would cost more
    for future in futures:
        total += future.result()
    return total


@lru_cache(maxsize=1)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Threads beside the caller's. A forked process gets its own."""
    return ThreadPoolExecutor(threads, "fruitlab-loops")
