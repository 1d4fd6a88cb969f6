"""Hostile and unsuitable zips: each is refused with a message, and no files are left."""

import shutil
import stat
import struct
import time
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from zip_files import PIXEL, entry_with_mode, valid_entries

from fruitlab.config.errors import DataError
from fruitlab.data import archive, archive_checks

HOSTILE = {
    "parent folder": (valid_entries() | {"../evil.png": PIXEL}, "leads out of its folder"),
    "parent folder inside": (
        valid_entries() | {"nice/Bolt/../../../evil.png": PIXEL},
        "leads out of its folder",
    ),
    "parent folder with backslashes": (
        valid_entries() | {"nice\\..\\..\\evil.png": PIXEL},
        "leads out of its folder",
    ),
    "absolute": (valid_entries() | {"/tmp/evil.png": PIXEL}, "leads out of its folder"),
    "a drive letter": (valid_entries() | {"C:/evil.png": PIXEL}, "leads out of its folder"),
    "a link": (
        valid_entries() | {entry_with_mode("nice/Bolt/9.png", stat.S_IFLNK | 0o777): "/etc/passwd"},
        "holds a link",
    ),
    "a pipe": (
        valid_entries() | {entry_with_mode("nice/Bolt/9.png", stat.S_IFIFO | 0o666): ""},
        "not a file",
    ),
    "a name with a line break": (
        valid_entries() | {"nice/Bolt/a\nb.png": PIXEL},
        "a name that cannot be used",
    ),
    "a long name": (
        valid_entries() | {f"nice/{'x' * 300}/1.png": PIXEL},
        "a name that cannot be used",
    ),
    "a nested archive": (
        valid_entries() | {"nice/Bolt.zip": b"PK"},
        "another archive inside the zip: nice/Bolt.zip",
    ),
    "only archives": (
        {"nice.zip": b"PK", "real.zip": b"PK"},
        "no folders nice and real side by side. It holds nice.zip, real.zip",
    ),
    "one domain": (
        {name: PIXEL for name in valid_entries() if name.startswith("nice")},
        "no folders nice and real side by side. It holds nice/",
    ),
    "domains in separate folders": (
        {"a/nice/Bolt/1.png": PIXEL, "b/real/Bolt/1.png": PIXEL},
        "no folders nice and real side by side",
    ),
    "two pairs": (valid_entries("a/") | valid_entries("b/"), "more than once, in a and in b"),
    "pictures outside of category folders": (
        {"nice/1.png": PIXEL, "real/Bolt/1.png": PIXEL},
        "nice in the zip cannot be used: its pictures are not in category folders",
    ),
    "no pictures": (
        {"nice/Bolt/a.txt": b"", "real/Bolt/1.png": PIXEL},
        "nice in the zip cannot be used: it holds no pictures",
    ),
    "no entries": ({}, "The zip is empty"),
    "only hidden files": ({"__MACOSX/a": b"", ".DS_Store": b""}, "The zip is empty"),
    "thousands of other files": (
        valid_entries() | {f"nice/Bolt/{i}.py": b"" for i in range(1200)},
        "1,200 of the 1,212 files in the zip are not pictures",
    ),
    "two files of one name": (
        valid_entries() | {"nice/bolt/1.PNG": PIXEL},
        "two files named 'nice/bolt/1.png'",
    ),
    "a file that is also a folder": (
        valid_entries() | {"nice/Bolt/1.png/2.png": PIXEL},
        "both a file and a folder",
    ),
    "a zip bomb": (
        valid_entries() | {f"nice/Bolt/bomb{i}.png": bytes(30_000_000) for i in range(5)},
        "made to fill the disk",
    ),
    "a huge picture": (
        valid_entries() | {"nice/Bolt/big.png": bytes(archive_checks.MAX_FILE_SIZE + 1)},
        "nice/Bolt/big.png in the zip would unpack to 200.0 MB",
    ),
}


@pytest.mark.parametrize(("entries", "message"), HOSTILE.values(), ids=HOSTILE)
def test_refused_before_anything_is_written(
    make_zip, tmp_path: Path, entries: dict, message: str
) -> None:
    path = make_zip(entries)
    before = {file.name for file in tmp_path.iterdir()}
    with pytest.raises(DataError) as refused:
        archive.unpack(path, tmp_path / "out")
    assert message in str(refused.value)
    assert str(refused.value).endswith(".jpg." if "Expected" in str(refused.value) else ".")
    assert {file.name for file in tmp_path.iterdir()} == before


def test_too_little_disk_space_and_the_size_limit(
    make_zip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(DataError, match=r"only 0\.0 MB are free"):
        archive.unpack(make_zip(valid_entries()), tmp_path / "out")
    monkeypatch.setattr(archive_checks, "MAX_TOTAL_SIZE", 500)
    with pytest.raises(DataError, match="add the two folders by their paths"):
        archive.unpack(make_zip(valid_entries()), tmp_path / "out")


def test_too_many_entries(make_zip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_checks, "MAX_ENTRIES", 5)
    with pytest.raises(DataError, match="12 entries, and the limit is 5"):
        archive.unpack(make_zip(valid_entries()), tmp_path / "out")


def test_a_central_directory_that_would_fill_the_memory(
    make_zip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_zip(valid_entries())
    with zipfile.ZipFile(path) as file:
        directory_size = path.stat().st_size - file.start_dir - 22
    monkeypatch.setattr(archive_checks, "MAX_DIRECTORY_SIZE", directory_size - 1)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # must not be reached
    with pytest.raises(DataError, match="directory of the zip alone"):
        archive.unpack(path, tmp_path / "out")

    # The same as zip64: the record, its locator, and an end record that refers to them.
    content = path.read_bytes()
    end = content[-22:]
    count, length, start = struct.unpack("<HII", end[10:20])
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(content) - 22, 1)
    path.write_bytes(content[:-22] + record + locator + end[:12] + b"\xff" * 8 + end[20:])
    with pytest.raises(DataError, match="directory of the zip alone"):
        archive.unpack(path, tmp_path / "out")


def test_a_header_with_a_wrong_size_yields_no_more_bytes(make_zip, tmp_path: Path) -> None:
    path = make_zip(valid_entries() | {"nice/Bolt/wrong-size.png": bytes(1_000_000)})
    true_size, false_size = struct.pack("<I", 1_000_000), struct.pack("<I", 1_000)
    path.write_bytes(path.read_bytes().replace(true_size, false_size))
    with pytest.raises(DataError, match="damaged or cut off"):
        archive.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [b"", b"./.", b"\0ice/Bolt/1.png"])
def test_a_name_that_is_none_is_refused(make_zip, tmp_path: Path, name: bytes) -> None:
    content = make_zip(valid_entries()).read_bytes()
    # The first entry of the central directory, whose name zipfile reads.
    at = content.index(b"PK\1\2")
    length = struct.unpack_from("<H", content, at + 28)[0]
    comment = content[at + 46 + len(name) : at + 46 + length]
    changed = bytearray(content)
    struct.pack_into("<HHH", changed, at + 28, len(name), 0, len(comment))
    changed[at + 46 : at + 46 + length] = name + comment
    (tmp_path / "x.zip").write_bytes(changed)
    with pytest.raises(DataError, match=r"cannot be used|no folders|damaged"):
        archive.unpack(tmp_path / "x.zip", tmp_path / "out")


def overlapping(path: Path, count: int, size: int) -> Path:
    """A zip of files that quote each other's headers (Fifield 2019): each holds all that follow.

    An entry is a stored block of deflate around the next entry's header, and so on up to one
    kernel of zeros.
    """
    compress = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = compress.compress(bytes(size)) + compress.flush()
    names = [f"{('nice', 'real')[i % 2]}/Bolt/{i:05d}.png".encode() for i in range(count)]
    data, raw, files = kernel, bytes(size), []
    for name in reversed(names):
        crc = zlib.crc32(raw)
        fields = (20, 0, 8, 0, 0, crc, len(data), len(raw), len(name), 0)
        local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *fields) + name
        files.append((name, fields, local, len(data)))
        quoted = struct.pack("<BHH", 0, len(local), len(local) ^ 0xFFFF) + local
        data, raw = quoted + data, local + raw
    entries = []
    whole = files[-1][2] + data[5 + len(files[-1][2]) :]
    for name, fields, local, _ in reversed(files):
        offset = whole.index(local)
        entries.append(
            struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, *fields, 0, 0, 0, 0, offset) + name
        )
    directory = b"".join(entries)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(whole), 0)
    path.write_bytes(whole + directory + end)
    return path


def test_files_that_overlap_are_refused(tmp_path: Path) -> None:
    path = overlapping(tmp_path / "bomb.zip", count=40, size=2_000_000)
    with zipfile.ZipFile(path) as bomb:
        unpacked = sum(info.file_size for info in bomb.infolist())
    assert unpacked > 1000 * path.stat().st_size
    with pytest.raises(DataError, match="overlap each other"):
        archive.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_directories_are_refused(make_zip, tmp_path: Path) -> None:
    """CVE-2025-8291: zipfile and other programs would unpack different files."""
    content = make_zip(valid_entries()).read_bytes()
    end = content.rindex(b"PK\5\6")
    count, size, offset = struct.unpack_from("<10xHII", content, end)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    for named, refused in ((end, False), (0, True)):
        locator = struct.pack("<4sIQI", b"PK\6\7", 0, named, 1)
        path = tmp_path / "two.zip"
        path.write_bytes(content[:end] + record + locator + content[end:])
        if refused:
            with pytest.raises(DataError, match="two directories"):
                archive.unpack(path, tmp_path / "refused")
        else:
            archive.unpack(path, tmp_path / "unpacked")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        pytest.param(
            [f"nice/Nut/x{i}.png" for i in range(100_000)],
            "100,012 entries, and the limit",
            marks=pytest.mark.slow,
        ),
        ([f"nice/{i}/1.png" for i in range(3000)], "3,002 categories, and the limit"),
    ],
    ids=["pictures", "categories"],
)
def test_far_too_many_files_are_refused_in_seconds(tmp_path: Path, names, message) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name in [*valid_entries(), *names]:
            file.writestr(zipfile.ZipInfo(name), b"")
    began = time.process_time()
    with pytest.raises(DataError, match=message):
        archive.unpack(path, tmp_path / "out")
    assert time.process_time() - began < 10
