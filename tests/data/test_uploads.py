"""Uploaded zips become the same datasets as their folders would, or leave nothing behind."""

import errno
import os
import shutil
import threading
import zipfile
from pathlib import Path

import pytest

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import cache, store, uploads
from fruitlab.data.importing import import_pictures


def zip_pair(pair, path: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for root in (pair.nice, pair.real):
            for picture in sorted(root.rglob("*.png")):
                file.write(picture, f"{prefix}{root.name}/{picture.relative_to(root).as_posix()}")
    return path


def contents(root: Path) -> dict[str, bytes]:
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and ".locks" not in file.parts
    }


def test_an_upload_yields_the_same_dataset_as_its_folders(pair, tmp_path: Path) -> None:
    report = uploads.import_zip(name="things", source=zip_pair(pair, tmp_path / "x.zip", "wrap/"))
    assert report.categories == pair.categories and report.refused == []
    assert report.counts["Red Disc"]["real"] == {"train": 15, "test": 10}
    same = import_pictures(name="same", nice=pair.nice, real=pair.real)
    assert same.fingerprint == report.fingerprint

    kept = data_root() / uploads.FOLDER / "things"
    assert len(list(kept.rglob("*.png"))) == 135
    next(kept.rglob("real/Red Disc/*.png")).unlink()  # noticed, as in any folder
    assert len(store.load("things").real.images) == 74

    store.remove("things")
    uploads.forget("things")
    assert not kept.exists()


def test_a_failed_upload_changes_nothing(
    pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads.import_zip(name="things", source=zip_pair(pair, tmp_path / "x.zip"))
    before = contents(data_root())
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04")
    too_small = tmp_path / "too-small.zip"
    with zipfile.ZipFile(too_small, "w") as file:
        for picture in sorted(pair.nice.parent.rglob("0[0-2].png")):
            file.write(picture, picture.relative_to(pair.nice.parent).as_posix())
    with pytest.raises(DataError, match="already"):
        uploads.import_zip(name="things", source=tmp_path / "x.zip")
    with pytest.raises(DataError, match="damaged"):
        uploads.import_zip(name="things", source=tmp_path / "bad.zip", replace=True)
    with pytest.raises(DataError, match="3 nice, 3 real; 20 needed") as refused:
        uploads.import_zip(name="things", source=too_small, replace=True)
    assert str(data_root()) not in str(refused.value)
    with pytest.raises(DataError, match="not a valid name"):
        uploads.import_zip(name="../things", source=too_small, replace=True)

    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fail(*_):
        raise full

    monkeypatch.setattr(shutil, "copyfileobj", fail)
    with pytest.raises(DataError, match=r"No space left.*What was there before is unchanged"):
        uploads.import_zip(name="things", source=tmp_path / "x.zip", replace=True)
    with pytest.raises(DataError, match="No space left"):
        uploads.import_zip(name="others", source=tmp_path / "x.zip")
    assert contents(data_root()) == before and len(store.load("things").categories) == 3


def test_the_pictures_of_a_replaced_upload_are_deleted(pair, tmp_path: Path) -> None:
    source = zip_pair(pair, tmp_path / "x.zip")
    uploads.import_zip(name="things", source=source)
    leftover = data_root() / uploads.FOLDER / "things" / "12345678" / "nice"
    leftover.mkdir(parents=True)  # as a killed process leaves it
    uploads.import_zip(name="things", source=source, replace=True)
    folders = list((data_root() / uploads.FOLDER / "things").iterdir())
    assert len(folders) == 1 and len(store.load("things").categories) == 3


def test_the_report_names_ignored_files(pair, tmp_path: Path) -> None:
    source = zip_pair(pair, tmp_path / "x.zip")
    with zipfile.ZipFile(source, "a") as file:
        for i in range(60):
            file.writestr(f"notes/{i}.txt", "x")
        file.writestr("nice/Red Disc/broken.png", b"no picture")
    report = uploads.import_zip(name="things", source=source)
    assert len(report.ignored) == uploads.MAX_IGNORED_NAMED + 1 and "10 more" in report.ignored["…"]
    assert [entry["file"] for entry in report.refused] == ["nice/Red Disc/broken.png"]


def test_what_killed_imports_left_is_deleted_and_the_rest_is_kept(pair, tmp_path: Path) -> None:
    uploads.import_zip(name="kept", source=zip_pair(pair, tmp_path / "x.zip"))
    root = data_root() / uploads.FOLDER
    for name in ("kept/left", "never imported/left", "at work/now"):
        (root / name / "nice").mkdir(parents=True)
    with cache.locked(f"{uploads.FOLDER}-at work"):
        at_work = threading.Thread(target=uploads.delete_leftovers)
        at_work.start()
        at_work.join()
    assert sorted(folder.name for folder in root.iterdir()) == ["at work", "kept"]
    assert len(list((root / "kept").iterdir())) == 1 and len(store.load("kept").real.images) == 75


def test_a_damaged_zip_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(DataError, match="damaged"):
        uploads.import_zip(name="things", source=tmp_path / "x.zip")
    assert not (data_root() / uploads.FOLDER).exists()
