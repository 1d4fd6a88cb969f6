"""Imports of small folders of pictures, checked against Pillow's own decoding."""

import csv
import json

import numpy as np
import pytest
from picture_files import COMPLETE, files_of, folder
from PIL import Image

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import reading
from fruitlab.data.importing import import_pictures
from fruitlab.data.store import load, remove

REPORT_KEYS = (
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
    assert data.name == "mine" and data.kind == "photographs"
    assert data.categories == report.categories == pair.categories
    for domain, root, count in ((data.nice, pair.nice, 20), (data.real, pair.real, 25)):
        assert domain.paths == tuple(sorted(str(p.relative_to(root)) for p in root.glob("*/*.png")))
        assert domain.labels.dtype == np.int64
        assert domain.labels.tolist() == sorted([0, 1, 2] * count)
        assert domain.images.dtype == np.uint8 and not domain.images.flags.writeable
        assert domain.images.shape == (3 * count, 100, 100, 3)
        for row in (0, 17, 3 * count - 1):
            np.testing.assert_array_equal(
                domain.images[row], np.asarray(Image.open(root / domain.paths[row]).convert("RGB"))
            )
        assert len(set(domain.hashes)) == 3 * count
        assert len(set(domain.groups.tolist())) == 3 * count
    values = report.as_dict()
    assert tuple(values) == REPORT_KEYS and json.loads(json.dumps(values))["name"] == "mine"
    assert values["counts"]["Red Disc"] == {
        "nice": {"train": 12, "test": 8},
        "real": {"train": 15, "test": 10},
    }
    assert values["left_out"] == {} and values["refused"] == []
    assert values["fingerprint"] == data.fingerprint and values["seconds"] > 0
    assert len(values["warnings"]) == 2
    assert "Fewer than 30 nice test pictures" in values["warnings"][0]
    assert files_of("mine") == COMPLETE


def test_categories_with_too_few_pictures_are_left_out(pair):
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


def test_bad_pictures_are_reported_and_do_not_count(pair):
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
    assert data.categories == ("Green Ring", "Yellow Bar")
    assert len(data.nice.images) == 40 and len(data.real.images) == 49
    # Rows and paths stay aligned after the category that was left out.
    for domain, root in ((data.nice, pair.nice), (data.real, pair.real)):
        assert "Yellow Bar/07.png" not in domain.paths or domain is data.nice
        for row in range(0, len(domain.paths), 7):
            np.testing.assert_array_equal(
                domain.images[row], np.asarray(Image.open(root / domain.paths[row]).convert("RGB"))
            )


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


def test_folders_without_a_common_category_are_refused(tmp_path):
    folder(tmp_path / "n", "Apple", 20)
    (folder(tmp_path / "r", "Pear", 20) / "x.png").write_bytes(b"no picture")
    with pytest.raises(DataError) as caught:
        import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r")
    assert "nice/Apple/*.jpg" in str(caught.value) and "Apple: 20 nice, 0 real" in str(caught.value)
    for path in (folder(tmp_path / "r", "Apple", 20)).iterdir():
        path.write_bytes(b"no picture")
    message = r"20 pictures could not be used, the first of them real/Apple/0.png: not a picture"
    with pytest.raises(DataError, match=message):
        import_pictures(name="mine", nice=tmp_path / "n", real=tmp_path / "r")
    assert not (data_root() / "mine").exists()


def test_progress_is_reported_up_to_the_total(pair, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 8)
    folder(pair.nice, "Few usable", 20)
    (folder(pair.real, "Few usable", 20) / "3.png").write_bytes(b"")
    reports = []
    import_pictures(
        name="mine", nice=pair.nice, real=pair.real, progress=lambda *args: reports.append(args)
    )
    done = [report[1] for report in reports]
    assert done == sorted(done) and len(done) > 10
    assert reports[-1] == ("Reading pictures", 175, 175)
    assert {report[2] for report in reports} == {175}


@pytest.mark.slow
def test_real_pictures(shared_data):
    report = import_pictures(name="photos", nice=shared_data / "nice", real=shared_data / "real")
    with open(shared_data / "counts.csv") as file:
        listed = {
            row["category"]: (int(row["nice"]), int(row["real"])) for row in csv.DictReader(file)
        }
    both = {category: counts for category, counts in listed.items() if min(counts) >= 20}
    assert list(report.categories) == sorted(both)
    assert set(report.left_out) == {"Date", "Melon", "Pitahaya Red"}
    assert report.left_out["Melon"] == "0 nice, 144 real; 20 needed in each"
    assert report.refused == []
    for category, counts in both.items():
        sides = report.counts[category]
        assert tuple(sum(sides[domain].values()) for domain in ("nice", "real")) == counts
    assert load("photos").fingerprint == report.fingerprint
    remove("photos")  # it takes half a gigabyte
