"""Pictures left out of a dataset and groups that were found later: the fingerprint is honest."""

import shutil

import numpy as np
import pytest

from fruitlab.config.errors import DataError
from fruitlab.data import changes, synthetic
from fruitlab.data.importing import import_pictures
from fruitlab.data.store import available, load


def fingerprints() -> dict[str, str]:
    return {entry["name"]: entry["fingerprint"] for entry in available()}


def test_dataset_without_a_picture_is_the_one_imported_without_its_file(mine) -> None:
    before = load("mine")
    row = before.real.paths.index("Red Disc/03.png")
    changed = changes.exclude("mine", [before.real.hashes[row]])
    (mine.real / "Red Disc" / "03.png").rename(mine.real.parent / "elsewhere.png")
    fresh = import_pictures(name="fresh", nice=mine.nice, real=mine.real)
    (mine.real.parent / "elsewhere.png").rename(mine.real / "Red Disc" / "03.png")
    assert changed.fingerprint == fresh.fingerprint == fingerprints()["mine"]
    assert changed.fingerprint != before.fingerprint
    assert np.array_equal(changed.real.images, np.delete(before.real.images, row, 0))


def test_excluded_pictures_stay_out_until_they_are_included(mine, decoded) -> None:
    before = load("mine")
    changes.exclude("mine", before.nice.hashes[:2])
    after = changes.exclude("mine", before.nice.hashes[5:6])
    assert len(after.nice.paths) == len(before.nice.paths) - 3
    assert load("mine").fingerprint == after.fingerprint  # nothing looks changed
    shutil.copy(mine.nice / "Red Disc" / "07.png", mine.nice / "Red Disc" / "new.png")
    assert len(load("mine").nice.paths) == len(after.nice.paths) + 1
    (mine.nice / "Red Disc" / "new.png").unlink()
    assert set(decoded) <= {"00.png", "01.png", "05.png", "new.png"}
    assert changes.made("mine").excluded == tuple(
        sorted((*before.nice.hashes[:2], before.nice.hashes[5]))
    )
    assert changes.include_all("mine").fingerprint == before.fingerprint
    assert changes.made("mine") == changes.Changes()


def test_groups_stay_on_one_side_of_every_split_and_survive_changes(mine) -> None:
    before = load("mine")
    members = before.nice.hashes[:6]
    changed = changes.group("mine", dict.fromkeys(members, "similar"))
    assert changed.fingerprint != before.fingerprint
    shutil.copy(mine.real / "Red Disc" / "07.png", mine.real / "Red Disc" / "new.png")
    for data in (changed, load("mine"), changes.exclude("mine", before.real.hashes[:1])):
        rows = [data.nice.hashes.index(content) for content in members]
        sides = [np.isin(rows, data.split(seed).nice_test) for seed in range(12)]
        assert {side.all() for side in sides} == {True, False}
        assert all(len(set(side.tolist())) == 1 for side in sides)
    assert changes.made("mine").similar
    (mine.real / "Red Disc" / "new.png").unlink()
    changes.include_all("mine")
    assert changes.ungroup("mine").fingerprint == before.fingerprint


def test_groups_of_the_import_stay(mine) -> None:
    import_pictures(name="grouped", nice=mine.nice, real=mine.real, group=r"/(\d)\d\.png")
    before = load("grouped")
    changes.group("grouped", dict.fromkeys(before.nice.hashes[:2], "similar"))
    assert changes.ungroup("grouped").fingerprint == before.fingerprint


def test_what_cannot_be_changed_stays_as_it_was(mine) -> None:
    before = load("mine")
    one_group = dict.fromkeys(np.array(before.nice.hashes)[before.nice.labels == 0], "one")
    with pytest.raises(DataError, match="No category has 20 usable pictures"):
        changes.group("mine", dict.fromkeys(before.nice.hashes + before.real.hashes, "one"))
    assert load("mine").fingerprint == before.fingerprint
    changed = changes.group("mine", one_group)  # its category is left out, as in an import
    assert "Green Ring" in changed.left_out
    shutil.rmtree(mine.nice)
    with pytest.raises(DataError, match="no folder"):
        changes.include_all("mine")
    assert load("mine").fingerprint == changed.fingerprint


def test_only_imported_datasets_can_be_changed(monkeypatch) -> None:
    rng = np.random.default_rng(0)  # noise is drawn faster than fruit
    monkeypatch.setattr(
        synthetic, "draw", lambda *_: rng.integers(0, 256, (100, 100, 3), dtype=np.uint8)
    )
    load("synthetic:5")
    for name in ("synthetic-5", "nowhere"):
        with pytest.raises(DataError, match="not an imported dataset"):
            changes.exclude(name, ["0"])
