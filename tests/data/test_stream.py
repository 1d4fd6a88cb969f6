"""A stream takes each picture once, keeps a bounded sample, and survives being killed anywhere."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fruitlab.config.errors import DataError
from fruitlab.config.paths import PROJECT
from fruitlab.data import pictures
from fruitlab.data.domains import content_hash
from fruitlab.data.reservoir import Reservoirs
from fruitlab.data.stream import Stream

CATEGORIES = ("Apple", "Pear")


def picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


@pytest.fixture
def roots(tmp_path: Path) -> dict:
    """Two folders with four pictures in each of two categories."""
    for number in range(16):
        domain, category = ("nice", "real")[number // 8], CATEGORIES[number % 2]
        picture(tmp_path / domain / category / f"{number}.png", number)
    return {"nice": tmp_path / "nice", "real": tmp_path / "real"}


def expected(roots: dict) -> Counter:
    """Each picture of the folders by the hash of its pixels, with its domain and category."""
    return Counter(
        {
            (content_hash(pictures.read(file)), domain, file.parent.name): 1
            for domain, root in roots.items()
            for file in root.rglob("*.png")
        }
    )


def noted(stream: Stream) -> Counter:
    return Counter((one.content, one.domain, one.category) for one in stream.taken())


def take(stream: Stream, roots: dict, kept: int = 2) -> tuple[tuple[int, int], list[str]]:
    said: list[str] = []
    with stream.opened(kept=kept):
        return stream.take(roots, CATEGORIES, said.append), said


def test_each_picture_is_taken_once(roots, tmp_path):
    stream = Stream(tmp_path / "stream")
    shutil.copy(roots["nice"] / "Apple" / "0.png", roots["real"] / "Apple" / "twin.png")
    picture(roots["real"] / "loose.png", 50)
    picture(roots["real"] / "Kiwi" / "1.png", 51)
    (roots["nice"] / "pear").mkdir()
    (roots["nice"] / "pear" / "text.jpg").write_text("no picture")
    found, said = take(stream, roots)
    assert found == (16, 1)
    assert any("'Kiwi'" in line and "the 1 that are there wait" in line for line in said)
    assert any("text.jpg: not a picture" in line for line in said)
    (roots["real"] / "Apple" / "twin.png").unlink()
    for file in (roots["real"] / "loose.png", roots["real"] / "Kiwi" / "1.png"):
        file.unlink()
    assert noted(stream) == expected(roots)
    assert all(content_hash(one.pixels()) == one.content for one in stream.taken())
    assert take(stream, roots)[0] == (0, 0)
    os.utime(roots["nice"] / "Apple" / "0.png")  # touched, but the same picture
    shutil.copy(roots["nice"] / "Apple" / "0.png", roots["nice"] / "Apple" / "copy.png")
    assert take(stream, roots)[0] == (0, 0)


def test_a_new_category_is_taken_once_it_has_some_files(roots, tmp_path):
    stream = Stream(tmp_path / "stream")
    for number in range(4):
        picture(roots["real"] / "Dragon-Fruit" / f"{number}.png", 60 + number)
    picture(roots["nice"] / "dragon fruit" / "1.png", 70)
    picture(roots["nice"] / ("x" * 90) / "1.png", 71)
    for number in range(5):
        shutil.copy(roots["nice"] / "Apple" / "0.png", roots["nice"] / ("x" * 90) / f"{number}.png")
    found, said = take(stream, roots)
    assert found == (16, 0)
    assert any("not a valid name" in line for line in said)
    picture(roots["real"] / "Dragon-Fruit" / "4.png", 64)
    (count, _), said = take(stream, roots)
    assert count == 5 and any("Dragon-Fruit is a new category" in line for line in said)
    assert take(stream, roots)[0] == (1, 0)  # and now both domains' folders are of one category
    assert {one.category for one in stream.taken()} == {*CATEGORIES, "Dragon-Fruit"}


def test_what_is_kept_is_bounded_and_what_waits_is_not_deleted(roots, tmp_path):
    stream = Stream(tmp_path / "stream")
    with stream.opened(kept=2):
        stream.take(roots, CATEGORIES, print)
        stream.begin("one")
        held, arrivals = stream.pictures_of(stream.sessions()[0])
        assert held == [] and len(arrivals) == 16
        assert len(list(stream.pictures.iterdir())) == 16
        stream.end("one")
        assert len(list(stream.pictures.iterdir())) == 8  # two of each category and domain
        picture(roots["nice"] / "Pear" / "new.png", 99)
        stream.take(roots, CATEGORIES, print)
        stream.begin("two")
        held, arrivals = stream.pictures_of(stream.sessions()[1])
        cells = Counter((one.domain, one.category) for one in held)
        assert set(cells.values()) == {2} and len(cells) == 4
        assert [one.category for one in arrivals] == ["Pear"]
        assert all(one.pixels().shape == (100, 100, 3) for one in (*held, *arrivals))
    assert [(one.run, one.first, one.last, one.ended) for one in stream.sessions()] == [
        ("one", 0, 16, True),
        ("two", 16, 17, False),
    ]


def test_a_stream_has_one_process_and_one_size(roots, tmp_path):
    stream = Stream(tmp_path / "stream")
    with (
        stream.opened(kept=2),
        pytest.raises(DataError, match="Another process"),
        stream.opened(kept=2),
    ):
        pass
    with pytest.raises(DataError, match="--kept 2"), stream.opened(kept=3):
        pass
    (tmp_path / "stream" / "journal.jsonl").write_text('{"event": "settings"}\n[]\n')
    with pytest.raises(DataError, match="damaged"):
        stream.taken()
    with pytest.raises(DataError, match="cannot be read"):
        take(Stream(tmp_path / "other"), roots | {"real": tmp_path / "nowhere"})


class Killed(BaseException):
    pass


def test_stopped_at_any_write_nothing_is_lost_or_taken_twice(roots, tmp_path, monkeypatch):
    """The system's own functions fail once, at every moment in turn."""
    for file in [file for root in roots.values() for file in root.rglob("*.png")][4:]:
        file.unlink()
    moment, reached = 0, True
    while reached:
        stream, moment = Stream(tmp_path / f"stream{moment}"), moment + 1
        with monkeypatch.context() as patched:
            calls = stop_at(moment, patched)
            with suppress(Killed):
                take(stream, roots)
            reached = next(calls) > moment
        take(stream, roots)
        assert noted(stream) == expected(roots), moment
        assert len(list(stream.pictures.iterdir())) == 4
    assert moment > 3 * 4


def stop_at(moment: int, patched: pytest.MonkeyPatch) -> Iterator[int]:
    """Let that call of fsync or replace raise Killed; returns the counter of the calls."""
    calls = count(1)

    def fail(function, *arguments):
        if next(calls) == moment:
            raise Killed
        return function(*arguments)

    for name in ("fsync", "replace"):
        patched.setattr(os, name, partial(fail, getattr(os, name)))
    return calls


def test_a_line_that_was_cut_off_is_taken_again(roots, tmp_path):
    stream = Stream(tmp_path / "stream")
    take(stream, roots)
    journal = stream.journal.path
    os.truncate(journal, journal.stat().st_size - 5)
    assert len(stream.taken()) == 15
    assert take(stream, roots)[0] == (1, 0)
    assert noted(stream) == expected(roots)


TAKE = """
import sys
from pathlib import Path
from fruitlab.data.stream import Stream
stream, folder = Stream(Path(sys.argv[1]) / "stream"), Path(sys.argv[1])
with stream.opened(kept=2):
    print("ready", flush=True)
    stream.take({"nice": folder / "nice", "real": folder / "real"}, ("Apple", "Pear"), print)
"""


@pytest.mark.slow
def test_fifty_kills(roots, tmp_path):
    random, stream = np.random.default_rng(0), Stream(tmp_path / "stream")
    for kill in range(50):
        for number in range(10):
            domain, category = ("nice", "real")[number % 2], CATEGORIES[number // 5]
            picture(
                tmp_path / domain / category / f"{kill}-{number}.png", 1000 + 100 * kill + number
            )
        process = subprocess.Popen(
            [sys.executable, "-c", TAKE, str(tmp_path)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        process.stdout.readline()
        before = stream.journal.path.stat().st_size
        while process.poll() is None and stream.journal.path.stat().st_size == before:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.03))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert 50 < len(stream.taken()) < 516  # the kills came in the middle of the work
    take(stream, roots)
    assert noted(stream) == expected(roots)


def test_a_reservoir_is_a_uniform_sample():
    """Each of 20 items is among the 5 that are kept in a quarter of 2,000 streams."""
    often: Counter[int] = Counter()
    for seed in range(2000):
        reservoirs: Reservoirs[int] = Reservoirs(5, seed)
        for item in range(20):
            reservoirs.offer(item, "nice", "Apple")
            reservoirs.offer(item, "real", 0)
        assert len(reservoirs.held("nice")) == 5 == len(set(reservoirs.held("real")))
        often.update(reservoirs.held("nice"))
    expected = 2000 * 5 / 20  # standard deviation 19
    assert all(abs(often[item] - expected) < 4.5 * 19.4 for item in range(20))
    assert Reservoirs[int](0, 0).held("nice") == []
