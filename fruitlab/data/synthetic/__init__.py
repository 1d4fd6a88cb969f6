"""The built-in pair of domains: fruit pictures that are drawn by code.

The nice domain resembles Fruits-360, the real domain resembles photos of fruit from the web. It is
for a first run without a download. Nothing is read from disk or network. A picture depends on its
category, domain and index alone: picture i is the same whether 8 or 400 pictures are drawn.
"""

import multiprocessing
import os
import zlib
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np

from fruitlab.config.progress import Progress
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.domains import DOMAINS, DomainName

VERSION = 2  # part of the cache key; increase it whenever pixels change
SIZE = 100
_CHUNK = 20  # pictures that a worker draws before it reports
_MAX_IN_PROCESS = 1500  # up to this many pictures, starting workers costs more than it saves

__all__ = ["CATEGORIES", "SIZE", "VERSION", "draw", "draw_pair"]

_Job = tuple[str, DomainName, int, int]  # category, domain, first index, last index + 1


def draw(category: str, domain: DomainName, index: int) -> np.ndarray:
    """Draws one picture.

    Args:
        category: One of ``CATEGORIES``.
        domain: "nice" or "real".
        index: Number of the picture, from 0.

    Returns:
        uint8 [100, 100, 3], RGB.

    Raises:
        ValueError: The category or domain does not exist, or the index is not a whole number of at
            least 0.
    """
    if category not in CATEGORIES:
        raise ValueError(
            f"There is no category {category!r} in the built-in pair. "
            f"Choose one of {', '.join(CATEGORIES)}."
        )
    if domain not in DOMAINS:
        raise ValueError(
            f"There is no domain {domain!r}. Choose 'nice' (one fruit on white) or 'real' (photos)."
        )
    if not _is_integer(index) or index < 0:
        raise ValueError(f"The index must be a whole number of at least 0, not {index!r}.")
    # Imported here, because the noise tables are not needed where nothing is drawn.
    from fruitlab.data.synthetic import camera, sprites

    seed = [zlib.crc32(category.encode()), domain == "real", int(index)]
    rng = np.random.Generator(np.random.PCG64(seed))
    return sprites.nice(category, rng) if domain == "nice" else camera.real(category, rng)


def draw_pair(
    per_category: int,
    *,
    processes: int | None = None,
    progress: Progress | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws both domains, category by category in the order of ``CATEGORIES``.

    Args:
        per_category: Number of pictures n per category and domain.
        processes: Number of worker processes; by default one per core, or none for few pictures.
        progress: Called with ("Drawing pictures", drawn so far, total).

    Returns:
        (nice, real, labels): nice and real are uint8 [26 * n, 100, 100, 3], labels are int64
        [26 * n].

    Raises:
        ValueError: ``per_category`` or ``processes`` is not a whole number of at least 1.
    """
    if not _is_integer(per_category) or per_category < 1:
        raise ValueError(
            "The number of pictures per category must be a whole number of at least 1, "
            f"not {per_category!r}."
        )
    if processes is not None and processes < 1:
        raise ValueError(
            f"The number of processes must be a whole number of at least 1, not {processes!r}."
        )
    count = len(CATEGORIES) * per_category
    pair = {domain: np.empty((count, SIZE, SIZE, 3), np.uint8) for domain in DOMAINS}
    jobs: list[_Job] = [
        (category, domain, start, min(start + _CHUNK, per_category))
        for category in CATEGORIES
        for domain in DOMAINS
        for start in range(0, per_category, _CHUNK)
    ]
    jobs_done = pictures_done = 0

    def store(chunks: Iterable[np.ndarray]) -> None:
        nonlocal jobs_done, pictures_done
        for job, chunk in zip(jobs[jobs_done:], chunks, strict=True):
            category, domain, start, stop = job
            first = CATEGORIES.index(category) * per_category
            pair[domain][first + start : first + stop] = chunk
            jobs_done += 1
            pictures_done += stop - start
            if progress:
                progress("Drawing pictures", pictures_done, 2 * count)

    if processes is None:
        processes = 1 if 2 * count <= _MAX_IN_PROCESS else _available_cores()
    if processes > 1 and not multiprocessing.current_process().daemon:  # daemons have no children
        # Spawned, because the caller may have threads running (Streamlit, torch).
        pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
        try:
            store(pool.map(_draw_chunk, jobs))
        except BrokenProcessPool:
            # A script without `if __name__ == "__main__"`, or not enough memory for the workers:
            # this process draws the rest.
            pass
        finally:
            pool.shutdown(cancel_futures=True)
    store(map(_draw_chunk, jobs[jobs_done:]))
    labels = np.repeat(np.arange(len(CATEGORIES), dtype=np.int64), per_category)
    return pair["nice"], pair["real"], labels


def _draw_chunk(job: _Job) -> np.ndarray:
    category, domain, start, stop = job
    return np.stack([draw(category, domain, i) for i in range(start, stop)])


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
