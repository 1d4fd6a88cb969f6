"""Shares a batch among CPU threads.

PyTorch's own operations have threads of their own. Compiled loops release the GIL, so plain threads
run them side by side. Which thread gets which pictures depends only on the size of the
maps and PyTorch's number of threads, so that equal input gives equal bits.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch

# Numbers in the maps for each thread. Fewer are done sooner than another thread wakes up: a step of
# 64 pictures of 50 x 50 takes 55 ms instead of 60 (2 cores, AMD EPYC).
LEAST = 1 << 18


def shared(work: Callable[[slice], np.ndarray], maps: torch.Tensor) -> np.ndarray:
    """Call `work` on slices that make up the batch, one for each thread, and sum its results.

    Args:
        work: takes the pictures to work on. What it returns is added to in place, so it has to be
            new. An exception of it reaches the caller.
        maps: the largest of those that it works on, float [batch, ...].

    Returns:
        The sum, always in the order of the slices.
    """
    batch = len(maps)
    threads = max(1, min(torch.get_num_threads(), batch, maps.numel() // LEAST))
    edges = [batch * i // threads for i in range(threads + 1)]
    first, *others = (slice(a, b) for a, b in pairwise(edges))
    futures = [_pool(os.getpid()).submit(work, share) for share in others]
    total = work(first)  # waking one thread more would cost more
    for future in futures:
        total += future.result()
    return total


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads beside the caller's, which start as they are needed. A forked process has its own."""
    return ThreadPoolExecutor(os.cpu_count() or 1, "fruitlab-loops")
