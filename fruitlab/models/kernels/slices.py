"""Splits a batch among CPU threads, each of which works through its share in cache-sized slices.

PyTorch runs one operation after the other, each on all cores and the whole batch: 256 pictures of
8 x 50 x 50 are 20 MB to memory and back, and the cores wait for each other after every operation.
Here a thread does all operations of a layer on one slice before it takes the next one. Other
devices get the whole batch at once, on the caller's thread.

Between two layers the operations are small, and one core is faster than several: `alone`.

Which thread gets which pictures, and the order of the sums, depend only on the size of the batch
and the number of threads, so that equal input gives equal bits.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from threading import Barrier, local

import torch
from torch import Tensor

# Numbers in a slice's largest tensor, 2.6 MB: below, calls dominate; above, memory traffic does.
FLOATS = 640_000
# Python issues calls one at a time. With more cores than this, several work on each slice.
MOST_WORKERS = 8

Work = Callable[[slice], Sequence[Tensor]]
_here = local()  # .threads: the thread count before `alone`, which slices still use


@contextmanager
def alone(cores: int = 1) -> Iterator[None]:
    """The caller's own operations run on one core (or `cores`); slices still use all of them.

    A step of the `quick` preset has about 2,000 small operations between layers. On two cores its
    update alone took 8.3 ms of 76, on one core 2.8 ms (AMD EPYC, torch 2.14.1).
    """
    before, outermost = torch.get_num_threads(), getattr(_here, "threads", None) is None
    if before == cores and (cores == 1 or not outermost):
        yield
        return
    if outermost:
        _here.threads = before
    torch.set_num_threads(cores)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if outermost:
            _here.threads = None


def over_slices(work: Work, *, batch: int, floats: int, device: torch.device) -> list[Tensor]:
    """Call `work` on slices that make up the batch, without gradients, and sum its results.

    Args:
        work: takes a slice of the batch and writes its output there. On a CPU several threads call
            it at once. It returns new tensors, which are added up in place.
        batch: number of pictures.
        floats: numbers per picture in the largest tensor that `work` handles.
        device: where `work` computes.

    Returns:
        The sums, over all slices, of the tensors that `work` returns.
    """
    inference = torch.is_inference_mode_enabled()
    threads = getattr(_here, "threads", None) or torch.get_num_threads()
    most = min(threads, MOST_WORKERS)
    workers = min(most, batch)
    if device.type != "cpu":
        return _run(work, [slice(0, batch)], inference)
    bounds = [batch * i // workers for i in range(workers + 1)]
    shares = [_cut(low, high, max(1, FLOATS // floats)) for low, high in pairwise(bounds)]
    if workers == 1:
        return _run(work, shares[0], inference)
    pool = _pool(most - 1, threads // most, os.getpid())
    others = [pool.submit(_run, work, share, inference) for share in shares[1:]]
    with alone(threads // most):  # the caller takes a share: waking another thread costs more
        results = [_run(work, shares[0], inference)]
    results += [future.result() for future in others]
    return [torch.stack(parts).sum(0) for parts in zip(*results, strict=True)]


def _cut(low: int, high: int, size: int) -> list[slice]:
    """Slices of at most `size`, as equal as possible."""
    count = -(-(high - low) // size)
    edges = [low + (high - low) * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _run(work: Work, share: list[slice], inference: bool) -> list[Tensor]:
    with torch.inference_mode(inference), torch.no_grad():  # both modes are thread-local
        total = list(work(share[0]))
        for part in share[1:]:
            total = [a.add_(b) for a, b in zip(total, work(part), strict=True)]
    return total


@lru_cache(maxsize=1)
def _pool(workers: int, cores: int, process: int) -> ThreadPoolExecutor:
    """Threads beside the caller's, with `cores` cores each. A forked process gets its own pool."""
    started, here = Barrier(workers + 1), torch.get_num_threads()

    def begin() -> None:
        torch.set_num_threads(cores)
        torch.get_num_threads()  # a thread adopts the setting when it first asks for it
        started.wait()

    pool = ThreadPoolExecutor(workers, "fruitlab-slices", initializer=begin)
    for _ in range(workers):
        pool.submit(int)
    started.wait()
    torch.set_num_threads(here)  # the setting is also the default of threads started later
    return pool
