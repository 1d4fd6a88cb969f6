"""The built-in pair of domains, drawn by code: *nice* as in Fruits-360, *real* as in photos of fruit from everywhere.

It is for a first run without a download. Nothing is read from disk or network, and a picture depends on (category,
domain, index) alone: picture i is the same whether 8 or 400 are drawn.
"""

from __future__ import annotations

import multiprocessing
import os
import zlib
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Literal

import numpy as np

from fruitlab.config.progress import Progress
from fruitlab.data.categories import CATEGORIES

VERSION = 2  # raise whenever pixels change: it is part of the cache's key
SIZE = 100
_CHUNK = 20  # pictures a worker draws before it reports
_ALONE = 1500  # up to this many pictures, starting workers costs more than they save

__all__ = ["CATEGORIES", "SIZE", "VERSION", "draw", "draw_pair"]


def draw(category: str, domain: Literal["nice", "real"], index: int) -> np.ndarray:
    """One picture, uint8 [100, 100, 3] RGB.

    Raises ValueError for an unknown category or domain, or an index that is no whole number from 0 up.
    """
    if category not in CATEGORIES:
        raise ValueError(
            f"There is no category {category!r} in the built-in pictures; it has {', '.join(CATEGORIES)}."
        )
    if domain not in ("nice", "real"):
        raise ValueError(
            f"There is no domain {domain!r}; say 'nice' (one fruit on white) or 'real' (photos)."
        )
    if isinstance(index, bool) or not isinstance(index, (int, np.integer)) or index < 0:
        raise ValueError(f"A picture's index is a whole number from 0 up, not {index!r}.")
    from fruitlab.data.synthetic import (  # only now: the noise tables need not exist where nothing is drawn
        camera,
        sprites,
    )

    seed = [zlib.crc32(category.encode()), domain == "real", int(index)]
    rng = np.random.Generator(np.random.PCG64(seed))
    return (sprites.nice if domain == "nice" else camera.real)(category, rng)


def _draw_chunk(job: tuple[str, str, int, int]) -> np.ndarray:
    category, domain, start, stop = job
    return np.stack([draw(category, domain, i) for i in range(start, stop)])


def draw_pair(
    per_category: int,
    *,
    processes: int | None = None,
    progress: Progress | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both domains: (nice, real, labels), category by category in the order of CATEGORIES.

    nice and real are uint8 [26 * per_category, 100, 100, 3], labels int64 [26 * per_category]. `processes` is how many
    draw at once: by default one per core, or this one alone for a small pair. `progress` counts pictures.
    Raises ValueError for a per_category or processes under 1.
    """
    if (
        isinstance(per_category, bool)
        or not isinstance(per_category, (int, np.integer))
        or per_category < 1
    ):
        raise ValueError(
            f"The number of pictures per category is a whole number from 1 up, not {per_category!r}."
        )
    if processes is not None and processes < 1:
        raise ValueError(f"The number of processes is a whole number from 1 up, not {processes!r}.")
    total = 2 * len(CATEGORIES) * per_category
    if processes is None:
        processes = (
            1
            if total <= _ALONE
            else len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
    pair = {
        domain: np.empty((len(CATEGORIES) * per_category, SIZE, SIZE, 3), np.uint8)
        for domain in ("nice", "real")
    }
    jobs = [
        (category, domain, start, min(start + _CHUNK, per_category))
        for category in CATEGORIES for domain in pair for start in range(0, per_category, _CHUNK)
    ]  # fmt: skip

    finished = 0

    def keep(chunks) -> None:
        nonlocal finished
        for (category, domain, start, stop), chunk in zip(jobs[finished:], chunks):
            first = CATEGORIES.index(category) * per_category
            pair[domain][first + start : first + stop] = chunk
            finished += 1
            if progress:
                progress("Drawing pictures", sum(job[3] - job[2] for job in jobs[:finished]), total)

    if (
        processes > 1 and not multiprocessing.current_process().daemon
    ):  # a daemon may not have children
        # spawned, not forked: the caller may have threads running (Streamlit, torch)
        pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
        try:
            keep(pool.map(_draw_chunk, jobs))
        except BrokenProcessPool:
            pass  # a script without `if __name__ == "__main__"`, or no memory for workers: this process draws what is left
        finally:
            pool.shutdown(cancel_futures=True)
    keep(map(_draw_chunk, jobs[finished:]))
    labels = np.repeat(np.arange(len(CATEGORIES), dtype=np.int64), per_category)
    return pair["nice"], pair["real"], labels
