"""The built-in pair in the store; quick noise stands in for the drawings where drawing is not the point."""

import subprocess
import sys

import numpy as np
import pytest

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import store, synthetic
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.store import available, load, remove


@pytest.fixture
def drawings(monkeypatch):
    """How often the built-in pair was drawn; quick noise instead of fruit."""
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


def test_synthetic_is_drawn_once(drawings, monkeypatch):
    said, told = [], []
    data = load("synthetic:8", say=said.append, progress=lambda *report: told.append(report))
    assert (
        data.name == "synthetic:8"
        and data.kind == "drawn"
        and data.categories == CATEGORIES == tuple(sorted(CATEGORIES))
    )
    assert (
        data.nice.images.shape == data.real.images.shape == (208, 100, 100, 3)
        and not data.nice.images.flags.writeable
    )
    assert data.nice.paths[:9:8] == ("Apple/0000", "Banana/0000") and data.nice.labels[
        [7, 8]
    ].tolist() == [0, 1]
    nice, real, _ = synthetic.draw_pair(8)
    np.testing.assert_array_equal(data.real.images, real)
    assert len(said) == 1 and "once" in said[0] and told == [("Drawing pictures", 416, 416)]
    again = load("synthetic:8", say=said.append)
    assert (
        again.fingerprint == data.fingerprint and drawings == [8, 8] and len(said) == 1
    )  # the second was ours
    assert [entry["name"] for entry in available()] == ["synthetic", "synthetic:8"]
    remove("synthetic:8")
    load("synthetic:8")
    assert drawings == [8, 8, 8]
    monkeypatch.setattr(store, "PER_CATEGORY", 6)  # as many as there are would take 150 MB
    assert load("synthetic").name == load("synthetic:6").name == "synthetic" and drawings[3:] == [6]


def test_synthetic_is_drawn_again_when_its_code_changed_or_its_files_are_damaged(
    drawings, monkeypatch
):
    load("synthetic:5")
    monkeypatch.setattr(synthetic, "VERSION", synthetic.VERSION + 1)
    load("synthetic:5")
    files_of("synthetic-5")["nice"].write_bytes(b"")
    load("synthetic:5")
    files_of("synthetic-5")["data"].write_text("{")
    assert "damaged" in available()[1]["problem"]
    assert (
        load("synthetic:5").nice.images.any()
        and drawings == [5] * 4
        and len(files_of("synthetic-5")) == 4
    )


@pytest.mark.parametrize("count", ["3", "x", "", "5001", "-8", "8.5", "٨", "9" * 5000])
def test_synthetic_counts_have_limits(count, drawings):
    with pytest.raises(DataError, match="from 5 to 5,000"):
        load(f"synthetic:{count}")
    assert not drawings


@pytest.mark.slow
def test_synthetic_from_two_processes_at_once():
    code = (
        "import sys, time, numpy as np; from fruitlab.data import store, synthetic\n"
        "def draw_pair(n, progress=None):\n"
        "    time.sleep(1)\n"  # long enough for the other to come and find it at work
        "    return *np.random.default_rng(0).integers(0, 256, (2, 26 * n, 100, 100, 3), np.uint8), np.repeat(np.arange(26), n)\n"
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
    said = [process.communicate() for process in both]
    assert said[0][0] == said[1][0] and said[0][0].endswith(" 130\n"), said
    assert sum("Drawing" in err for _, err in said) == 1  # the other one waited for it
    assert len(files_of("synthetic-5")) == 4


@pytest.mark.slow
def test_the_built_in_pair_itself():
    data = load("synthetic:5")
    for row in (0, 64, 129):
        np.testing.assert_array_equal(
            data.real.images[row], synthetic.draw(CATEGORIES[row // 5], "real", row % 5)
        )
    assert (
        load("synthetic:5").fingerprint == data.fingerprint
        and len(data.split(0).nice_test) == 26 * 2
    )
