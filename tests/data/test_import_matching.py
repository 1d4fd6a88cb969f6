"""Imports: which folders are one category, and which pictures form a group."""

import os
import re
import shutil
import unicodedata

import numpy as np
import pytest
from picture_files import folder

from fruitlab.config.errors import DataError
from fruitlab.data.importing import import_pictures
from fruitlab.data.store import load


def test_folder_names_match_regardless_of_case_spaces_and_unicode_form(tmp_path):
    spellings = (
        ("Passion Fruit", "passion_fruit"),
        ("Straße", "STRASSE"),
        ("Äpfel", unicodedata.normalize("NFD", "äpfel")),
        ("梨  x", "梨 x"),
    )
    for nice, real in spellings:
        folder(tmp_path / "n", nice, 4)
        folder(tmp_path / "r", real, 4, seed=1)
    report = import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r", min_images=4)
    assert report.categories == ("Passion Fruit", "Straße", "Äpfel", "梨  x")
    assert not report.left_out
    assert load("mine").real.paths[0] == "Passion Fruit/0.png"
    assert load("mine").real.paths == load("mine").nice.paths


def test_two_spellings_in_one_domain_are_one_category(tmp_path):
    for name in ("Apple", "apple"):
        folder(tmp_path / "n", name, 3)
    folder(tmp_path / "r", "APPLE", 6)
    data = load(
        import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r", min_images=6).name
    )
    assert data.categories == ("Apple",) and len(set(data.nice.paths)) == 6


def test_file_names_that_are_not_utf8(tmp_path):
    folder(tmp_path / "n", "A", 3)
    folder(tmp_path / "r", "A", 3, seed=1)
    os.rename(
        os.fsencode(tmp_path / "n" / "A" / "0.png"),
        os.fsencode(tmp_path / "n" / "A") + b"/\xff\xfe.png",
    )
    import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r", min_images=3)
    assert load("mine").nice.paths[-1] == r"A/\xff\xfe.png"
    load("mine").nice.paths[-1].encode()


def test_file_order_root_names_and_times_do_not_matter(pair, tmp_path):
    import_pictures(name="one", nice=pair.nice, real=pair.real)
    for root in (pair.nice, pair.real):
        paths = sorted(root.glob("*/*"))
        for i in np.random.default_rng(3).permutation(len(paths)):
            target = tmp_path / "again" / f"{root.name} 2" / paths[i].relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(paths[i], target)
    import_pictures(name="two", nice=tmp_path / "again/nice 2", real=tmp_path / "again/real 2")
    one, two = load("one"), load("two")
    assert one.fingerprint == two.fingerprint
    assert one.nice.paths == two.nice.paths and one.real.hashes == two.real.hashes
    for a, b in zip(vars(one.split(1)).values(), vars(two.split(1)).values(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("regex", [r"p(\d+)_", r"p\d+", r"(nice|real)/.*p(\d+)"])
def test_groups_stay_on_one_side(tmp_path, regex):
    for domain, seed in (("nice", 0), ("real", 1)):
        for category in ("A", "B"):
            for i, path in enumerate(
                sorted(folder(tmp_path / domain, category, 30, seed).iterdir())
            ):
                path.rename(path.with_name(f"p{i % 6}_{i}.png"))
    report = import_pictures(
        name="mine", nice=tmp_path / "nice", real=tmp_path / "real", group=regex
    )
    assert not any("matches no picture" in warning for warning in report.warnings)
    data = load("mine")
    for seed in range(5):
        split = data.split(seed)
        sides = {}
        for domain in (data.nice, data.real):
            for side in ("train", "test"):
                for i in getattr(split, f"{domain.name}_{side}"):
                    key = re.search(r"p\d", domain.paths[i]).group() + (
                        domain.name if "nice" in regex else ""
                    )
                    sides.setdefault(key, set()).add(side)
        assert len(sides) == (12 if "nice" in regex else 6) and all(
            len(side) == 1 for side in sides.values()
        )


def test_groups_that_are_invalid_or_match_nothing(pair):
    with pytest.raises(DataError, match="not a regular expression"):
        import_pictures(name="mine", nice=pair.nice, real=pair.real, group="p(")
    for nothing in ("no such text", "q*"):
        report = import_pictures(
            name="mine", nice=pair.nice, real=pair.real, group=nothing, replace=True
        )
        assert "matches no picture" in report.warnings[0]
        assert "nice/Green Ring/00.png" in report.warnings[0]
        assert report.counts["Red Disc"]["nice"] == {"train": 12, "test": 8}


def test_a_category_of_copies_is_left_out(pair):
    for path in (pair.nice / "Red Disc").iterdir():
        if path.name != "00.png":
            shutil.copyfile(pair.nice / "Red Disc" / "00.png", path)
    report = import_pictures(name="mine", nice=pair.nice, real=pair.real)
    assert "all its 20 nice pictures are identical" in report.left_out["Red Disc"]


def test_circular_links(pair):
    (pair.nice / "Red Disc" / "again").symlink_to(pair.nice / "Red Disc")
    (pair.real / "Red Disc" / "up").symlink_to(pair.real)
    report = import_pictures(name="mine", nice=pair.nice, real=pair.real)
    assert report.categories == pair.categories
