"""Zips as people and enemies make them: taken as a whole, or refused with a sentence and nothing left behind."""

import io
import shutil
import stat
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
from picture_files import saved
from PIL import Image

from fruitlab.config.errors import DataError
from fruitlab.data import archive

PIXEL = saved(Image.new("RGB", (4, 4), "red"), "PNG")


@pytest.fixture
def made(tmp_path: Path):
    """Makes a zip of {name or ZipInfo: content}."""

    def make(entries: dict, compression: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "upload.zip"
        with zipfile.ZipFile(path, "w", compression) as file:
            for name, content in entries.items():
                file.writestr(name, content)
        return path

    return make


def good(prefix: str = "") -> dict:
    return {
        f"{prefix}{domain}/{category}/{i}.png": PIXEL
        for domain in ("nice", "real")
        for category in ("Bolt", "Nut")
        for i in range(3)
    }


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def unpacked(path: Path, tmp_path: Path) -> set[str]:
    archive.unpack(path, tmp_path / "out")
    return {
        file.relative_to(tmp_path / "out").as_posix()
        for file in (tmp_path / "out").rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize("prefix", ["", "fruit pictures/", "a/b/", "./"])
def test_a_pair_with_or_without_a_folder_around_it(made, tmp_path: Path, prefix: str) -> None:
    assert unpacked(made(good(prefix)), tmp_path) == set(good())


def test_spellings_of_other_systems(made, tmp_path: Path) -> None:
    entries = {
        "Nice\\Bolt\\1.PNG": PIXEL,
        "REAL/Bolt/1.png": PIXEL,
        "__MACOSX/nice/Bolt/._1.png": b"x",
        "real/.DS_Store": b"x",
        "real/Bolt/Thumbs.db": b"x",
    }
    assert unpacked(made(entries), tmp_path) == {"nice/Bolt/1.PNG", "real/Bolt/1.png"}


def test_names_packed_as_utf8_without_saying_so(tmp_path: Path) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        for domain in ("nice", "real"):
            file.writestr(f"{domain}/Aepfel/1.png", PIXEL)
    path = tmp_path / "mac.zip"
    path.write_bytes(
        raw.getvalue().replace(b"Aepfel", "Äpfe".encode() + b"l")
    )  # as long as it was; the flag stays off
    assert unpacked(path, tmp_path) == {"nice/Äpfel/1.png", "real/Äpfel/1.png"}


def test_what_is_left_out_is_told(made, tmp_path: Path) -> None:
    path = made(
        good("x/") | {"x/README.txt": b"hello", "x/nice/Bolt/list.csv": b"1,2", "y.png": PIXEL}
    )
    assert archive.unpack(path, tmp_path / "out").ignored == {
        "x/README.txt": "beside nice and real",
        "y.png": "beside nice and real",
        "nice/Bolt/list.csv": "no picture by its name",
    }


HOSTILE = {
    "climbs out": (good() | {"../evil.png": PIXEL}, "leads out of its folder"),
    "climbs out inside": (
        good() | {"nice/Bolt/../../../evil.png": PIXEL},
        "leads out of its folder",
    ),
    "climbs out in Windows' spelling": (
        good() | {"nice\\..\\..\\evil.png": PIXEL},
        "leads out of its folder",
    ),
    "absolute": (good() | {"/tmp/evil.png": PIXEL}, "leads out of its folder"),
    "a drive": (good() | {"C:/evil.png": PIXEL}, "leads out of its folder"),
    "a link": (
        good() | {special("nice/Bolt/9.png", stat.S_IFLNK | 0o777): "/etc/passwd"},
        "holds a link",
    ),
    "a pipe": (good() | {special("nice/Bolt/9.png", stat.S_IFIFO | 0o666): ""}, "no file"),
    "a name with a line break": (
        good() | {"nice/Bolt/a\nb.png": PIXEL},
        "a name that cannot be used",
    ),
    "a name too long": (good() | {f"nice/{'x' * 300}/1.png": PIXEL}, "a name that cannot be used"),
    "an archive inside": (
        good() | {"nice/Bolt.zip": b"PK"},
        "another archive inside the zip: nice/Bolt.zip",
    ),
    "only archives": (
        {"nice.zip": b"PK", "real.zip": b"PK"},
        "no folders nice and real side by side; it holds nice.zip, real.zip",
    ),
    "one domain": (
        {name: PIXEL for name in good() if name.startswith("nice")},
        "no folders nice and real side by side; it holds nice/",
    ),
    "the domains apart": (
        {"a/nice/Bolt/1.png": PIXEL, "b/real/Bolt/1.png": PIXEL},
        "no folders nice and real side by side",
    ),
    "two pairs": (good("a/") | good("b/"), "more than once, in a and in b"),
    "pictures outside of categories": (
        {"nice/1.png": PIXEL, "real/Bolt/1.png": PIXEL},
        "nice in the zip cannot be used: its pictures lie in no folder",
    ),
    "no pictures": (
        {"nice/Bolt/a.txt": b"", "real/Bolt/1.png": PIXEL},
        "nice in the zip cannot be used: it holds no pictures",
    ),
    "nothing": ({}, "The zip is empty"),
    "nothing but junk": ({"__MACOSX/a": b"", ".DS_Store": b""}, "The zip is empty"),
    "junk by the thousand": (
        good() | {f"nice/Bolt/{i}.py": b"" for i in range(1200)},
        "1,200 of the zip's 1,212 files are not pictures",
    ),
    "two in one place": (good() | {"nice/bolt/1.PNG": PIXEL}, "two files named 'nice/bolt/1.png'"),
    "a file that is a folder": (
        good() | {"nice/Bolt/1.png/2.png": PIXEL},
        "both a file and a folder",
    ),
    "a bomb": (
        good() | {f"nice/Bolt/bomb{i}.png": bytes(30_000_000) for i in range(5)},
        "made to fill the disk",
    ),
    "a picture beyond measure": (
        good() | {"nice/Bolt/big.png": bytes(archive.LARGEST_FILE + 1)},
        "nice/Bolt/big.png in the zip would unpack to 200.0 MB",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("entries, sentence", HOSTILE.values(), ids=HOSTILE)
def test_refused_before_anything_is_written(
    made, tmp_path: Path, entries: dict, sentence: str
) -> None:
    path = made(entries)
    before = {file.name for file in tmp_path.iterdir()}
    with pytest.raises(DataError) as refused:
        archive.unpack(path, tmp_path / "out")
    assert sentence in str(refused.value) and str(refused.value).endswith(
        ".jpg." if "Expected" in str(refused.value) else "."
    )
    assert {file.name for file in tmp_path.iterdir()} == before


def test_more_bytes_than_there_is_room_for(
    made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        archive.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000)
    )
    with pytest.raises(DataError, match="only 0.0 MB are free"):
        archive.unpack(made(good()), tmp_path / "out")
    monkeypatch.setattr(archive, "MOST_BYTES", 500)
    with pytest.raises(DataError, match="add the two folders by their paths"):
        archive.unpack(made(good()), tmp_path / "out")


def test_more_entries_than_are_read(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_ENTRIES", 5)
    with pytest.raises(DataError, match="12 entries; up to 5"):
        archive.unpack(made(good()), tmp_path / "out")


def test_a_table_of_contents_that_would_fill_the_memory(
    made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(good())
    with zipfile.ZipFile(path) as file:
        true_length = path.stat().st_size - file.start_dir - 22
    monkeypatch.setattr(archive, "LONGEST_DIRECTORY", true_length - 1)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # it must not get that far
    with pytest.raises(DataError, match="table of contents alone"):
        archive.unpack(path, tmp_path / "out")

    content = (
        path.read_bytes()
    )  # the same in 64 bits: the record, its locator, and an end that says "look there"
    end = content[-22:]
    count, length, start = struct.unpack("<HII", end[10:20])
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(content) - 22, 1)
    path.write_bytes(content[:-22] + record + locator + end[:12] + b"\xff" * 8 + end[20:])
    with pytest.raises(DataError, match="table of contents alone"):
        archive.unpack(path, tmp_path / "out")


def test_a_large_archives_end_in_64_bits_is_read(
    made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)  # zipfile then writes the 64-bit end
    path = made(good())
    assert b"PK\6\6" in path.read_bytes()
    assert unpacked(path, tmp_path) == set(good())


@pytest.mark.parametrize(
    "content, sentence",
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
def test_what_is_no_zip(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "upload.zip").write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        archive.unpack(tmp_path / "upload.zip", tmp_path / "out")


def test_an_archive_that_was_cut_or_changed_on_the_way(made, tmp_path: Path) -> None:
    path = made(good(), zipfile.ZIP_STORED)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged or cut off"):
        archive.unpack(path, tmp_path / "out")
    place = (
        whole.rindex(PIXEL[:8]) + 20
    )  # of the last picture, so that others are written before it
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(DataError, match="damaged or cut off"):
        archive.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_header_that_lies_about_its_size_gets_no_more_room(made, tmp_path: Path) -> None:
    path = made(good() | {"nice/Bolt/liar.png": bytes(1_000_000)})
    true, told = struct.pack("<I", 1_000_000), struct.pack("<I", 1_000)
    path.write_bytes(path.read_bytes().replace(true, told))
    with pytest.raises(DataError, match="damaged or cut off"):
        archive.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(shutil.which("zip") is None, reason="needs the zip program")
def test_locked_with_a_password(tmp_path: Path) -> None:
    for name in good():
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).write_bytes(PIXEL)
    subprocess.run(
        ["zip", "-q", "-r", "-P", "secret", "../upload.zip", "nice", "real"],
        cwd=tmp_path / "src",
        check=True,
    )
    with pytest.raises(DataError, match="locked with a password"):
        archive.unpack(tmp_path / "upload.zip", tmp_path / "out")


def changed_headers(path: Path, *, flag: int = 0, method: int | None = None) -> None:
    """Sets a flag or the method in every local and central header, as another program would have written them."""
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        while place >= 0:
            content[place + offset] |= flag
            if method is not None:
                content[place + offset + 2] = method
            place = content.find(mark, place + 4)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "change, sentence",
    [({"flag": 1}, "locked with a password"), ({"method": 98}, r"not read here \(method 98\)")],
)
def test_packed_in_ways_that_are_not_read(
    made, tmp_path: Path, change: dict, sentence: str
) -> None:
    path = made(good())
    changed_headers(path, **change)
    with pytest.raises(DataError, match=sentence):
        archive.unpack(path, tmp_path / "out")
