"""The built-in pair in the store; most tests replace the drawings with noise, which is quick."""

import subprocess
import sys

import numpy as np
import pytest

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import built_in, synthetic
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.store import available, load, remove


@pytest.fixture
def drawings(monkeypatch):
    """The arguments of each call that drew the pair; draws noise instead of fruit."""
    calls = []

    def draw_pair(per_category, *, progress=None):
        calls.append(per_category)
        labels = np.repeat(np.arange(26), per_category)
        rng = np.random.default_rng(per_category)
        nice, real = (rng.integers(0, 256, (len(labels), 100, 100, 3), np.uint8) for _ in range(2))
        if progress:
            progress("Drawing pictures", 2 * len(labels), 2 * len(labels))
        return nice, real, labels

    monkeypatch.setattr(synthetic, "draw_pair", draw_pair)
    return calls


def files_of(folder):
    return {
        path.name.split("-")[0].partition(".")[0]: path for path in (data_root() / folder).iterdir()
    }


def test_the_pair_is_drawn_once(drawings, monkeypatch):
    messages, reports = [], []
    data = load("synthetic:8", say=messages.append, progress=lambda *args: reports.append(args))
    assert data.name == "synthetic:8" and data.kind == "drawn"
    assert data.categories == CATEGORIES == tuple(sorted(CATEGORIES))
    assert data.nice.images.shape == data.real.images.shape == (208, 100, 100, 3)
    assert not data.nice.images.flags.writeable
    assert data.nice.paths[:9:8] == ("Apple/0000", "Banana/0000")
    assert data.nice.labels[[7, 8]].tolist() == [0, 1]
    _, real, _ = synthetic.draw_pair(8)
    np.testing.assert_array_equal(data.real.images, real)
    assert len(messages) == 1 and "once" in messages[0]
    assert reports == [("Drawing pictures", 416, 416)]
    again = load("synthetic:8", say=messages.append)
    assert again.fingerprint == data.fingerprint
    assert drawings == [8, 8] and len(messages) == 1  # the second call was this test's own
    assert [entry["name"] for entry in available()] == ["synthetic", "synthetic:8"]
    remove("synthetic:8")
    load("synthetic:8")
    assert drawings == [8, 8, 8]
    monkeypatch.setattr(built_in, "PER_CATEGORY", 6)  # the real number would take 150 MB
    assert load("synthetic").name == load("synthetic:6").name == "synthetic"
    assert drawings[3:] == [6]


def test_the_pair_is_drawn_again_if_it_is_outdated_or_damaged(drawings, monkeypatch):
    load("synthetic:5")
    monkeypatch.setattr(synthetic, "VERSION", synthetic.VERSION + 1)
    load("synthetic:5")
    files_of("synthetic-5")["nice"].write_bytes(b"")
    load("synthetic:5")
    files_of("synthetic-5")["data"].write_text("{")
    assert "damaged" in available()[1]["problem"]
    assert load("synthetic:5").nice.images.any()
    assert drawings == [5] * 4 and len(files_of("synthetic-5")) == 4


@pytest.mark.parametrize("count", ["3", "x", "", "5001", "-8", "8.5", "٨", "9" * 5000])
def test_the_number_of_pictures_has_limits(count, drawings):
    with pytest.raises(DataError, match="from 5 to 5,000"):
        load(f"synthetic:{count}")
    assert not drawings


@pytest.mark.slow
def test_two_processes_at_once():
    code = (
        "import sys, time, numpy as np; from fruitlab.data import store, synthetic\n"
        "def draw_pair(n, progress=None):\n"
        "    time.sleep(1)\n"  # long enough for the other process to find it at work
        "    rng = np.random.default_rng(0)\n"
        "    images = rng.integers(0, 256, (2, 26 * n, 100, 100, 3), np.uint8)\n"
        "    return *images, np.repeat(np.arange(26), n)\n"
        "synthetic.draw_pair = draw_pair\n"
        "data = store.load('synthetic:5', say=lambda s: print(s, file=sys.stderr))\n"
        "print(data.fingerprint, len(data.nice.images))"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    output = [process.communicate() for process in both]
    assert output[0][0] == output[1][0] and output[0][0].endswith(" 130\n"), output
    assert sum("Drawing" in stderr for _, stderr in output) == 1  # the other process waited
    assert len(files_of("synthetic-5")) == 4


@pytest.mark.slow
def test_the_stored_pictures_are_the_drawn_ones():
    data = load("synthetic:5")
    for row in (0, 64, 129):
        np.testing.assert_array_equal(
            data.real.images[row], synthetic.draw(CATEGORIES[row // 5], "real", row % 5)
        )
    assert load("synthetic:5").fingerprint == data.fingerprint
    assert len(data.split(0).nice_test) == 26 * 2
