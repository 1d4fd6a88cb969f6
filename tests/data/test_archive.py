"""Zips from various programs: unpacked as a whole, or refused if damaged or not a zip."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from zip_files import PIXEL, valid_entries

from fruitlab.config.errors import DataError
from fruitlab.data import archive


def unpacked_files(path: Path, tmp_path: Path) -> set[str]:
    archive.unpack(path, tmp_path / "out")
    return {
        file.relative_to(tmp_path / "out").as_posix()
        for file in (tmp_path / "out").rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize("prefix", ["", "fruit pictures/", "a/b/", "./"])
def test_an_enclosing_folder_is_optional(make_zip, tmp_path: Path, prefix: str) -> None:
    assert unpacked_files(make_zip(valid_entries(prefix)), tmp_path) == set(valid_entries())


def test_paths_written_on_other_systems(make_zip, tmp_path: Path) -> None:
    entries = {
        "Nice\\Bolt\\1.PNG": PIXEL,
        "REAL/Bolt/1.png": PIXEL,
        "__MACOSX/nice/Bolt/._1.png": b"x",
        "real/.DS_Store": b"x",
        "real/Bolt/Thumbs.db": b"x",
    }
    assert unpacked_files(make_zip(entries), tmp_path) == {"nice/Bolt/1.PNG", "real/Bolt/1.png"}


def test_utf8_names_without_the_utf8_flag(tmp_path: Path) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        for domain in ("nice", "real"):
            file.writestr(f"{domain}/Aepfel/1.png", PIXEL)
    path = tmp_path / "mac.zip"
    path.write_bytes(
        raw.getvalue().replace(b"Aepfel", "Äpfe".encode() + b"l")
    )  # the same length; the flag stays off
    assert unpacked_files(path, tmp_path) == {"nice/Äpfel/1.png", "real/Äpfel/1.png"}


def test_ignored_files_are_reported(make_zip, tmp_path: Path) -> None:
    path = make_zip(
        valid_entries("x/")
        | {"x/README.txt": b"hello", "x/nice/Bolt/list.csv": b"1,2", "y.png": PIXEL}
    )
    assert archive.unpack(path, tmp_path / "out").ignored == {
        "x/README.txt": "not in nice or real",
        "y.png": "not in nice or real",
        "nice/Bolt/list.csv": "not a picture by its name",
    }


def test_zip64_archives_are_read(make_zip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)  # zipfile then writes zip64
    path = make_zip(valid_entries())
    assert b"PK\6\6" in path.read_bytes()
    assert unpacked_files(path, tmp_path) == set(valid_entries())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"Rar!\x1a\x07\x00" + b"x" * 100, "RAR archive, not a zip"),
        (b"7z\xbc\xaf\x27\x1c", "7z archive"),
        (b"\x1f\x8b\x08" + b"x" * 100, "gzip archive"),
        (PIXEL, "PNG picture"),
        (b"hello" * 100, "not a zip. Expected"),
        (b"PK\x03\x04" + b"x" * 100, "damaged or cut off"),
        (b"PK\5\6" + b"\xff" * 18, "damaged or cut off"),
    ],
)
def test_files_that_are_not_zips(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "upload.zip").write_bytes(content)
    with pytest.raises(DataError, match=message):
        archive.unpack(tmp_path / "upload.zip", tmp_path / "out")


def test_truncated_and_corrupted_archives(make_zip, tmp_path: Path) -> None:
    path = make_zip(valid_entries(), zipfile.ZIP_STORED)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged or cut off"):
        archive.unpack(path, tmp_path / "out")
    place = whole.rindex(PIXEL[:8]) + 20  # in the last picture, after others were written
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(DataError, match="damaged or cut off"):
        archive.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(shutil.which("zip") is None, reason="needs the zip program")
def test_password_protected_archives(tmp_path: Path) -> None:
    for name in valid_entries():
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).write_bytes(PIXEL)
    subprocess.run(
        ["zip", "-q", "-r", "-P", "secret", "../upload.zip", "nice", "real"],
        cwd=tmp_path / "src",
        check=True,
    )
    with pytest.raises(DataError, match="protected with a password"):
        archive.unpack(tmp_path / "upload.zip", tmp_path / "out")


def change_headers(path: Path, *, flag: int = 0, method: int | None = None) -> None:
    """Sets a flag or the compression method in every local and central header."""
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + offset] |= flag
            if method is not None:
                content[place + offset + 2] = method
            place = content.find(signature, place + 4)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"flag": 1}, "protected with a password"), ({"method": 98}, r"not supported \(method 98\)")],
)
def test_unsupported_encryption_and_compression(
    make_zip, tmp_path: Path, change: dict, message: str
) -> None:
    path = make_zip(valid_entries())
    change_headers(path, **change)
    with pytest.raises(DataError, match=message):
        archive.unpack(path, tmp_path / "out")
