"""A batch shared out among CPU threads, each working through its share in slices that stay in cache.

PyTorch runs one operation after the other, each over all cores and the whole batch: 20 MB at a time for 256 pictures of
8 x 50 x 50, out to memory and back, and the cores wait for each other after every one. Here each thread does all of a
layer's operations on one slice before the next. On any other device there is one slice, the batch, and the caller's thread.

Between two layers there is only small work, which one core does sooner than two can agree on it: `alone`.

Which thread has which pictures, and in which order their sums are added up, depends on batch and thread count alone: same
numbers, same bits.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from threading import Barrier, local

import torch
from torch import Tensor

FLOATS = 640_000  # of a slice's largest tensor, 2.6 MB: smaller ones spend their time in calls, larger ones in memory
MOST_WORKERS = (
    8  # Python makes the calls one at a time; with more cores than this, two and more work on each
)

Work = Callable[[slice], Sequence[Tensor]]
_here = local()  # .threads: what `alone` has put aside for this thread's slices


@contextmanager
def alone(cores: int = 1) -> Iterator[None]:
    """What the caller does itself is done by one core (or so many); slices still go to all of them.

    A step of `quick` has some 2,000 small operations between its layers. Shared by two sleeping cores the update alone took
    8.3 ms of 76, by one 2.8 (2 cores, AMD EPYC, torch 2.14.1).
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
    """Calls `work` on slices that make up the batch, without gradients; returns the sums of what the calls return.

    Args:
        work: gets a slice of the batch's pictures, and writes its results where nobody else does. On a CPU several threads
            call it, so it must only read what is shared. What it returns must be its own: it is added to.
        floats: numbers a picture in the largest tensor that `work` handles.
    """
    inference, threads = (
        torch.is_inference_mode_enabled(),
        getattr(_here, "threads", None) or torch.get_num_threads(),
    )
    most = min(threads, MOST_WORKERS)
    workers = min(most, batch)
    if device.type != "cpu":
        return _run(work, [slice(0, batch)], inference)
    bounds = [batch * i // workers for i in range(workers + 1)]
    shares = [
        _cut(low, high, max(1, FLOATS // floats))
        for low, high in zip(bounds, bounds[1:], strict=False)
    ]
    if workers == 1:
        return _run(work, shares[0], inference)
    pool = _pool(most - 1, threads // most, os.getpid())
    others = [pool.submit(_run, work, share, inference) for share in shares[1:]]
    with alone(
        threads // most
    ):  # the caller takes a share too: waking one more thread for it took longer
        results = [_run(work, shares[0], inference)]
    results += [future.result() for future in others]
    return [torch.stack(parts).sum(0) for parts in zip(*results, strict=True)]


def _cut(low: int, high: int, size: int) -> list[slice]:
    """Slices of at most `size`, as even as can be."""
    count = -(-(high - low) // size)
    edges = [low + (high - low) * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]


def _run(work: Work, share: list[slice], inference: bool) -> list[Tensor]:
    with torch.inference_mode(inference), torch.no_grad():  # both are a thread's own
        total = list(work(share[0]))
        for part in share[1:]:
            total = [a.add_(b) for a, b in zip(total, work(part), strict=True)]
    return total


@lru_cache(maxsize=1)
def _pool(workers: int, cores: int, process: int) -> ThreadPoolExecutor:
    """Threads beside the caller's that run an operation on so many cores each. A forked process needs its own."""
    started, here = Barrier(workers + 1), torch.get_num_threads()

    def begin() -> None:
        torch.set_num_threads(cores)
        torch.get_num_threads()  # a thread takes the setting up when it first asks; later it would find the one below
        started.wait()

    pool = ThreadPoolExecutor(workers, "fruitlab-slices", initializer=begin)
    for _ in range(workers):
        pool.submit(int)
    started.wait()
    torch.set_num_threads(
        here
    )  # what threads yet to come start with: the setting is global for them
    return pool
