"""Writes an array of features, a batch at a time, so that it can be continued after any stop.

The rows are appended to a .partial file, in order. Its length says how many there are. When it is
complete, it is renamed; a reader sees the whole array or none.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from filelock import FileLock, Timeout

from fruitlab.config.progress import Progress
from fruitlab.data.cache import unwritable

STEP = "Computing features"
LOOK_AGAIN = 0.5  # seconds between two looks at how far another process is


class Compute(Protocol):
    """Computes features: uint8 [n, height, width, 3] -> float [n, size], `batch` at a time."""

    size: int
    batch: int

    def __call__(self, pictures: np.ndarray) -> np.ndarray: ...  # noqa: D102


def write(
    path: Path,
    pictures: Sequence[np.ndarray],
    prepare: Callable[[], Compute],
    view: Callable[[np.ndarray], np.ndarray],
    progress: Progress | None = None,
) -> None:
    """Write float16 [n, size], the features of all pictures, unless the file exists.

    One process writes; others wait for it and report its progress, and one of them takes over if
    it dies.

    Args:
        path: of the .npy file.
        pictures: arrays of pictures, uint8 [n, height, width, 3], which follow one another.
        prepare: returns what computes the features; called once, and only if it is needed.
        view: applied to pictures first.
        progress: called with pictures done and all pictures.

    Raises:
        DataError: the disk is full or the folder is not writable.
    """
    report = progress or (lambda step, done, total: None)
    total = sum(len(array) for array in pictures)
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"))
        while True:
            try:
                with lock.acquire(timeout=LOOK_AGAIN):
                    if not path.is_file():
                        _append(partial, pictures, total, prepare(), view, report)
                        os.replace(partial, path)
                return
            except Timeout:
                report(STEP, _rows(partial), total)
    except OSError as error:
        raise unwritable(error) from error


def write_rows(path: Path, rows: np.ndarray) -> None:
    """Write features that are known already.

    Raises:
        DataError: the disk is full or the folder is not writable.
    """
    partial = path.with_suffix(".copy")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "wb") as file:
            np.save(file, rows)
        os.replace(partial, path)
    except OSError as error:
        raise unwritable(error) from error


def _append(
    partial: Path,
    pictures: Sequence[np.ndarray],
    total: int,
    compute: Compute,
    view: Callable[[np.ndarray], np.ndarray],
    report: Progress,
) -> None:
    row = np.dtype(np.float16).itemsize * compute.size
    written, done = _rows(partial), 0
    with open(partial, "r+b" if written else "wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": (total, compute.size)}
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        for batch in _batches(pictures, compute.batch):
            if done + len(batch) > written:
                # Whole batches only: a row depends, in its last bit, on the rows beside it.
                file.truncate(file.seek(start + done * row))
                report(STEP, done, total)
                file.write(compute(view(batch)).astype("<f2").tobytes())
                file.flush()
            done += len(batch)
        os.fsync(file.fileno())
    report(STEP, total, total)


def _batches(pictures: Sequence[np.ndarray], size: int) -> Iterator[np.ndarray]:
    for array in pictures:
        for first in range(0, len(array), size):
            yield array[first : first + size]


def _rows(partial: Path) -> int:
    """Complete rows of an unfinished file; 0 if there is none."""
    try:
        with open(partial, "rb") as file:
            np.lib.format.read_magic(file)
            (_, size), _, dtype = np.lib.format.read_array_header_1_0(file)
            return (partial.stat().st_size - file.tell()) // (size * dtype.itemsize)
    except (FileNotFoundError, ValueError):  # ValueError: stopped within its header
        return 0
