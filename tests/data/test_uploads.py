"""An uploaded zip as data: like its folders would be, or not at all."""

import errno
import os
import zipfile
from pathlib import Path

import pytest

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import archive, store, uploads
from fruitlab.data.importing import import_pictures


def zipped(pair, path: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for root in (pair.nice, pair.real):
            for picture in sorted(root.rglob("*.png")):
                file.write(picture, f"{prefix}{root.name}/{picture.relative_to(root).as_posix()}")
    return path


def everything(root: Path) -> dict[str, bytes]:
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and ".locks" not in file.parts
    }


def test_an_upload_becomes_data_like_its_folders_would(pair, tmp_path: Path) -> None:
    report = uploads.import_zip(name="things", source=zipped(pair, tmp_path / "x.zip", "wrap/"))
    assert (
        report.categories == pair.categories
        and report.refused == []
        and report.counts["Red Disc"]["real"] == {"train": 15, "test": 10}
    )
    assert (
        import_pictures(name="same", nice=pair.nice, real=pair.real).fingerprint
        == report.fingerprint
    )

    kept = data_root() / uploads.FOLDER / "things"
    assert len(list(kept.rglob("*.png"))) == 135
    next(iter((kept).rglob("real/Red Disc/*.png"))).unlink()  # noticed, as in any folder
    assert len(store.load("things").real.images) == 74

    store.remove("things")
    uploads.forget("things")
    assert not kept.exists()


def test_an_upload_that_fails_leaves_everything_as_it_was(
    pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads.import_zip(name="things", source=zipped(pair, tmp_path / "x.zip"))
    before = everything(data_root())
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04")
    poor = tmp_path / "poor.zip"
    with zipfile.ZipFile(poor, "w") as file:
        for picture in [
            *sorted(pair.nice.rglob("0[0-2].png")),
            *sorted(pair.real.rglob("0[0-2].png")),
        ]:
            file.write(picture, picture.relative_to(pair.nice.parent).as_posix())
    with pytest.raises(DataError, match="already"):
        uploads.import_zip(name="things", source=tmp_path / "x.zip")
    with pytest.raises(DataError, match="damaged"):
        uploads.import_zip(name="things", source=tmp_path / "bad.zip", replace=True)
    with pytest.raises(
        DataError, match="3 nice, 3 real; 20 needed"
    ) as refused:  # unpacked, then of no use
        uploads.import_zip(name="things", source=poor, replace=True)
    assert str(data_root()) not in str(refused.value)
    with pytest.raises(DataError, match="cannot be a name"):
        uploads.import_zip(name="../things", source=poor, replace=True)

    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(archive.shutil, "copyfileobj", lambda *_: (_ for _ in ()).throw(full))
    with pytest.raises(DataError, match="No space left.*What was there before is unchanged"):
        uploads.import_zip(name="things", source=tmp_path / "x.zip", replace=True)
    with pytest.raises(DataError, match="No space left"):
        uploads.import_zip(name="others", source=tmp_path / "x.zip")
    assert everything(data_root()) == before and len(store.load("things").categories) == 3


def test_replaced_data_takes_its_old_pictures_with_it(pair, tmp_path: Path) -> None:
    source = zipped(pair, tmp_path / "x.zip")
    uploads.import_zip(name="things", source=source)
    leftover = data_root() / uploads.FOLDER / "things" / "12345678" / "nice"
    leftover.mkdir(parents=True)  # of a process that was killed
    uploads.import_zip(name="things", source=source, replace=True)
    folders = list((data_root() / uploads.FOLDER / "things").iterdir())
    assert len(folders) == 1 and len(store.load("things").categories) == 3


def test_what_was_left_out_is_in_the_report(pair, tmp_path: Path) -> None:
    source = zipped(pair, tmp_path / "x.zip")
    with zipfile.ZipFile(source, "a") as file:
        for i in range(60):
            file.writestr(f"notes/{i}.txt", "x")
        file.writestr("nice/Red Disc/broken.png", b"no picture")
    report = uploads.import_zip(name="things", source=source)
    assert len(report.ignored) == uploads.MOST_TOLD + 1 and "10 more" in report.ignored["…"]
    assert [one["file"] for one in report.refused] == ["nice/Red Disc/broken.png"]
