"""Imports of small folders of pictures, made by Pillow and checked against Pillow's own decoding."""

import csv
import json
import os
import re
import shutil
import unicodedata

import numpy as np
import pytest
from picture_files import WHOLE, files_of, folder
from PIL import Image

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import importing
from fruitlab.data.importing import import_pictures
from fruitlab.data.store import load, remove

REPORT = (
    "name",
    "categories",
    "left_out",
    "refused",
    "counts",
    "warnings",
    "notes",
    "ignored",
    "kind",
    "fingerprint",
    "seconds",
)


def test_pixels_labels_paths_and_report(pair):
    report = import_pictures(name="mine", nice=pair.nice, real=pair.real)
    data = load("mine")
    assert (
        data.name == "mine"
        and data.kind == "photographs"
        and data.categories == report.categories == pair.categories
    )
    for domain, root, count in ((data.nice, pair.nice, 20), (data.real, pair.real, 25)):
        assert domain.paths == tuple(sorted(str(p.relative_to(root)) for p in root.glob("*/*.png")))
        assert domain.labels.dtype == np.int64 and domain.labels.tolist() == sorted(
            [0, 1, 2] * count
        )
        assert (
            domain.images.dtype == np.uint8
            and domain.images.shape == (3 * count, 100, 100, 3)
            and not domain.images.flags.writeable
        )
        for row in (0, 17, 3 * count - 1):
            np.testing.assert_array_equal(
                domain.images[row], np.asarray(Image.open(root / domain.paths[row]).convert("RGB"))
            )
        assert (
            len(set(domain.hashes)) == 3 * count and len(set(domain.groups.tolist())) == 3 * count
        )
    told = report.as_dict()
    assert tuple(told) == REPORT and json.loads(json.dumps(told))["name"] == "mine"
    assert told["counts"]["Red Disc"] == {
        "nice": {"train": 12, "test": 8},
        "real": {"train": 15, "test": 10},
    }
    assert (
        told["left_out"] == {}
        and told["refused"] == []
        and told["fingerprint"] == data.fingerprint
        and told["seconds"] > 0
    )
    assert len(told["warnings"]) == 2 and "Fewer than 30 nice test pictures" in told["warnings"][0]
    assert files_of("mine") == WHOLE


def test_categories_without_enough_pictures_are_left_out_with_counts(pair):
    folder(pair.real, "Date", 30)
    folder(pair.nice, "Melon", 19)
    folder(pair.real, "Melon", 21)
    report = import_pictures(name="mine", nice=pair.nice, real=pair.real)
    assert report.left_out == {
        "Date": "0 nice, 30 real; 20 needed in each",
        "Melon": "19 nice, 21 real; 20 needed in each",
    }
    assert report.categories == pair.categories and load("mine").left_out == report.left_out
    report = import_pictures(name="more", nice=pair.nice, real=pair.real, min_images=19)
    assert "Melon" in report.categories and list(report.left_out) == ["Date"]


def test_bad_pictures_are_named_and_may_cost_a_category_its_place(pair):
    red, bar = pair.nice / "Red Disc", pair.real / "Yellow Bar"
    (red / "05.png").write_bytes((red / "05.png").read_bytes()[:300])
    (bar / "07.png").write_bytes(b"")
    report = import_pictures(name="mine", nice=pair.nice, real=pair.real)
    assert [entry["file"] for entry in report.refused] == [
        "nice/Red Disc/05.png",
        "real/Yellow Bar/07.png",
    ]
    assert "cut off" in report.refused[0]["reason"] and "empty" in report.refused[1]["reason"]
    assert report.left_out == {
        "Red Disc": "19 nice (1 more could not be used), 25 real; 20 needed in each"
    }
    data = load("mine")
    assert (
        data.categories == ("Green Ring", "Yellow Bar")
        and len(data.nice.images) == 40
        and len(data.real.images) == 49
    )
    for domain, root in (
        (data.nice, pair.nice),
        (data.real, pair.real),
    ):  # rows stay in step past the category taken back
        assert "Yellow Bar/07.png" not in domain.paths or domain is data.nice
        for row in range(0, len(domain.paths), 7):
            np.testing.assert_array_equal(
                domain.images[row], np.asarray(Image.open(root / domain.paths[row]).convert("RGB"))
            )


def test_folders_are_matched_in_spite_of_case_spaces_underscores_and_composition(tmp_path):
    spelled = (
        ("Passion Fruit", "passion_fruit"),
        ("Straße", "STRASSE"),
        ("Äpfel", unicodedata.normalize("NFD", "äpfel")),
        ("梨  x", "梨 x"),
    )
    for nice, real in spelled:
        folder(tmp_path / "n", nice, 4)
        folder(tmp_path / "r", real, 4, seed=1)
    report = import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r", min_images=4)
    assert (
        report.categories == ("Passion Fruit", "Straße", "Äpfel", "梨  x") and not report.left_out
    )
    assert load("mine").real.paths[0] == "Passion Fruit/0.png"
    assert load("mine").real.paths == load("mine").nice.paths


def test_two_spellings_in_one_folder_are_one_category(tmp_path):
    for name in ("Apple", "apple"):
        folder(tmp_path / "n", name, 3)
    folder(tmp_path / "r", "APPLE", 6)
    data = load(
        import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r", min_images=6).name
    )
    assert data.categories == ("Apple",) and len(set(data.nice.paths)) == 6


def test_file_names_that_are_no_text(tmp_path):
    folder(tmp_path / "n", "A", 3)
    folder(tmp_path / "r", "A", 3, seed=1)
    os.rename(
        os.fsencode(tmp_path / "n" / "A" / "0.png"),
        os.fsencode(tmp_path / "n" / "A") + b"/\xff\xfe.png",
    )
    import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r", min_images=3)
    assert load("mine").nice.paths[-1] == r"A/\xff\xfe.png"
    load("mine").nice.paths[-1].encode()


def test_order_of_creation_names_of_roots_and_times_do_not_matter(pair, tmp_path):
    import_pictures(name="one", nice=pair.nice, real=pair.real)
    for root in (pair.nice, pair.real):
        paths = sorted(root.glob("*/*"))
        for i in np.random.default_rng(3).permutation(len(paths)):
            target = tmp_path / "again" / f"{root.name} 2" / paths[i].relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(paths[i], target)
    import_pictures(name="two", nice=tmp_path / "again/nice 2", real=tmp_path / "again/real 2")
    one, two = load("one"), load("two")
    assert (
        one.fingerprint == two.fingerprint
        and one.nice.paths == two.nice.paths
        and one.real.hashes == two.real.hashes
    )
    for a, b in zip(vars(one.split(1)).values(), vars(two.split(1)).values(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("regex", [r"p(\d+)_", r"p\d+", r"(nice|real)/.*p(\d+)"])
def test_group_keeps_products_on_one_side(tmp_path, regex):
    for domain, seed in (("nice", 0), ("real", 1)):
        for category in ("A", "B"):
            for i, path in enumerate(
                sorted(folder(tmp_path / domain, category, 30, seed).iterdir())
            ):
                path.rename(path.with_name(f"p{i % 6}_{i}.png"))
    report = import_pictures(
        name="mine", nice=tmp_path / "nice", real=tmp_path / "real", group=regex
    )
    assert not any("in no picture's name" in warning for warning in report.warnings)
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


def test_group_that_is_wrong_or_finds_nothing(pair):
    with pytest.raises(DataError, match="not a regular expression"):
        import_pictures(name="mine", nice=pair.nice, real=pair.real, group="p(")
    for nothing in ("no such text", "q*"):
        report = import_pictures(
            name="mine", nice=pair.nice, real=pair.real, group=nothing, replace=True
        )
        assert (
            "in no picture's name" in report.warnings[0]
            and "nice/Green Ring/00.png" in report.warnings[0]
        )
        assert report.counts["Red Disc"]["nice"] == {"train": 12, "test": 8}


def test_a_category_of_copies_is_left_out(pair):
    for path in (pair.nice / "Red Disc").iterdir():
        shutil.copyfile(pair.nice / "Red Disc" / "00.png", path) if path.name != "00.png" else None
    report = import_pictures(name="mine", nice=pair.nice, real=pair.real)
    assert "all its 20 nice pictures are identical" in report.left_out["Red Disc"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "../x",
        "a b",
        ".hidden",
        "-x",
        "x" * 65,
        "Synthetic",
        "synthetic:60",
        "a\n",
        "é",
        "x.",
        "a\\b",
    ],
)
def test_names_that_are_refused(pair, name):
    with pytest.raises(DataError):
        import_pictures(name=name, nice=pair.nice, real=pair.real)
    assert not data_root().exists()


def test_folders_that_are_refused(pair, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(pair.nice)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for nice, real, words in (
        (pair.nice, pair.nice, "same folder"),
        (pair.nice, tmp_path / "link", "same folder"),
        (pair.nice, pair.nice / "Red Disc", "lies inside"),
        (pair.nice.parent, pair.real, "lies inside"),
        (pair.nice, tmp_path / "none", "none"),
        (pair.nice / "Red Disc" / "00.png", pair.real, "file"),
        (tmp_path / "empty", pair.real, "empty"),
        (tmp_path / "loop", pair.real, "loop"),
    ):
        with pytest.raises(DataError, match=words):
            import_pictures(name="mine", nice=nice, real=real)
    with pytest.raises(DataError, match="at least 2"):
        import_pictures(name="mine", nice=pair.nice, real=pair.real, min_images=1)
    assert not (data_root() / "mine").exists()


def test_nothing_in_common_says_what_was_expected(tmp_path):
    folder(tmp_path / "n", "Apple", 20)
    (folder(tmp_path / "r", "Pear", 20) / "x.png").write_bytes(b"no picture")
    with pytest.raises(DataError) as caught:
        import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r")
    assert "nice/Apple/*.jpg" in str(caught.value) and "Apple: 20 nice, 0 real" in str(caught.value)
    for path in (folder(tmp_path / "r", "Apple", 20)).iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(
        DataError,
        match=r"20 pictures could not be used, the first of them real/Apple/0.png: not a picture",
    ):
        import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r")
    assert not (data_root() / "mine").exists()


def test_links_in_a_circle(pair):
    (pair.nice / "Red Disc" / "again").symlink_to(pair.nice / "Red Disc")
    (pair.real / "Red Disc" / "up").symlink_to(pair.real)
    assert (
        import_pictures(name="mine", nice=pair.nice, real=pair.real).categories == pair.categories
    )


def test_progress_rises_to_its_total(pair, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK", 8)
    folder(pair.nice, "Few usable", 20)
    (folder(pair.real, "Few usable", 20) / "3.png").write_bytes(b"")
    told = []
    import_pictures(
        name="mine", nice=pair.nice, real=pair.real, progress=lambda *report: told.append(report)
    )
    done = [report[1] for report in told]
    assert (
        done == sorted(done)
        and len(done) > 10
        and told[-1] == ("Reading pictures", 175, 175)
        and {r[2] for r in told} == {175}
    )


@pytest.mark.slow
def test_real_pictures(shared_data):
    report = import_pictures(name="photos", nice=shared_data / "nice", real=shared_data / "real")
    with open(shared_data / "counts.csv") as file:
        listed = {
            row["category"]: (int(row["nice"]), int(row["real"])) for row in csv.DictReader(file)
        }
    both = {category: counts for category, counts in listed.items() if min(counts) >= 20}
    assert list(report.categories) == sorted(both) and set(report.left_out) == {
        "Date",
        "Melon",
        "Pitahaya Red",
    }
    assert (
        report.left_out["Melon"] == "0 nice, 144 real; 20 needed in each" and report.refused == []
    )
    for category, counts in both.items():
        assert (
            tuple(sum(report.counts[category][domain].values()) for domain in ("nice", "real"))
            == counts
        )
    assert load("photos").fingerprint == report.fingerprint
    remove("photos")  # half a gigabyte
