"""Writing features: continued after a kill at any moment, and shared by concurrent requests."""

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fruitlab.config.errors import DataError
from fruitlab.features import writer

HEADER, ROW = 128, 6  # bytes


class Counter:
    """Features that are easy to foresee: the first pixel. Counts calls; may wait or stop."""

    size, batch = 3, 4

    def __init__(self, pause: float = 0, fail_at: int = -1) -> None:
        self.pause, self.fail_at, self.pictures = pause, fail_at, 0

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        self.pictures += len(pictures)
        if self.pictures > self.fail_at > -1:
            raise KeyboardInterrupt
        time.sleep(self.pause)
        return pictures[:, 0, 0].astype(np.float32)


def arrays() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (n, 2, 2, 3), dtype=np.uint8) for n in (10, 7)]


def expected() -> np.ndarray:
    return np.concatenate(arrays())[:, 0, 0].astype(np.float16)


def write(path: Path, counter: Counter, progress=None) -> None:
    writer.write(path, arrays(), lambda: counter, lambda pictures: pictures, progress)


def write_until_killed(path: Path) -> None:
    write(path, Counter(pause=0.2))


def test_continues_where_it_was_killed(own_main: None, tmp_path: Path) -> None:
    path = tmp_path / "features.npy"
    child = multiprocessing.get_context("spawn").Process(target=write_until_killed, args=(path,))
    child.start()
    partial = path.with_suffix(".partial")
    while not partial.is_file() or partial.stat().st_size < HEADER + 8 * ROW:
        time.sleep(0.02)
        assert child.is_alive()
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert not path.exists()
    counter = Counter()
    write(path, counter)
    assert counter.pictures <= 17 - 8
    assert np.array_equal(np.load(path), expected())


@pytest.mark.parametrize(
    ("length", "left"), [(7, 17), (HEADER, 17), (HEADER + 4 * ROW + 1, 13), (HEADER + 11 * ROW, 7)]
)
def test_file_may_end_anywhere(tmp_path: Path, length: int, left: int) -> None:
    path, counter = tmp_path / "features.npy", Counter()
    write(path, Counter())
    path.rename(path.with_suffix(".partial"))
    os.truncate(path.with_suffix(".partial"), length)
    write(path, counter)
    assert counter.pictures == left
    assert np.array_equal(np.load(path), expected())


def test_stops_when_the_caller_does(tmp_path: Path) -> None:
    path, counter = tmp_path / "features.npy", Counter(fail_at=8)
    with pytest.raises(KeyboardInterrupt):
        write(path, counter)
    counter = Counter()
    write(path, counter)
    assert counter.pictures == 17 - 8 and np.array_equal(np.load(path), expected())


def test_concurrent_requests_share_one_computation(tmp_path: Path) -> None:
    path, first, second = tmp_path / "features.npy", Counter(pause=0.5), Counter()
    steps: list[tuple[str, int, int]] = []
    thread = threading.Thread(target=write, args=(path, first))
    thread.start()
    while not first.pictures:
        time.sleep(0.01)
    write(path, second, lambda *step: steps.append(step))
    thread.join()
    assert (first.pictures, second.pictures) == (17, 0)
    assert np.array_equal(np.load(path), expected())
    assert steps and all(total == 17 and 0 <= done <= 17 for _, done, total in steps)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="could not be written"):
        write(tmp_path / "file" / "features.npy", Counter())
