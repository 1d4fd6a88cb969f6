"""Limits and safety checks for a zip that a user uploaded."""

import os
import re
import shutil
import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from fruitlab.config.errors import DataError

MAX_ENTRIES = 80_000
MAX_CATEGORIES = 2000
MAX_DIRECTORY_SIZE = 64_000_000  # bytes of the central directory, which zipfile loads into memory
MAX_FILE_SIZE = 200_000_000  # bytes of one unpacked file
MAX_TOTAL_SIZE = 50_000_000_000  # bytes of all unpacked files
# Unpacked size of the whole archive divided by its packed size. Pictures are compressed already,
# so it is 1.0 to 1.2; BMP files of things on white reach 40. Smaller archives are not checked.
MAX_RATIO, MIN_SIZE_FOR_RATIO = 100, 100_000_000
SPARE_SPACE = 100_000_000  # bytes to leave free on the disk
MAX_NAME_LENGTH, MAX_DEPTH = 200, 20  # bytes of a file or folder name; levels of a path
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
LOCAL_HEADER = 30  # bytes in front of the data of an entry, at least
UTF8_FLAG, ENCRYPTED_FLAG = 0x800, 0x1


def check_directory(source: Path) -> None:
    """Checks the end of a zip, before any entry is read.

    It says where the central directory is and how large, and zipfile loads that into memory.

    Raises:
        DataError: The directory is too large, or is said to be in two places (CVE-2025-8291).
    """
    with open(source, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 65_557))  # the longest possible end record
        tail = file.read()
    record = tail.rfind(b"PK\5\6")
    if record < 0 or record + 22 > len(tail):
        return  # not a zip, as zipfile will find out
    size = struct.unpack_from("<I", tail, record + 12)[0]
    locator = record - 20
    is_zip64 = locator >= 56 and tail[locator - 56 : locator - 52] == b"PK\6\6"
    if size == 0xFFFFFFFF and is_zip64:
        size = struct.unpack_from("<Q", tail, locator - 16)[0]
    # zipfile of Python before 3.11.14 reads the record in front of the locator, other programs
    # the one that the locator names.
    if locator >= 0 and tail[locator : locator + 4] == b"PK\6\7":
        named = struct.unpack_from("<Q", tail, locator + 8)[0]
        if not is_zip64 or named != end - len(tail) + locator - 56:
            raise DataError("The zip is damaged: its end names two directories. Create it again.")
    if min(size, end) > MAX_DIRECTORY_SIZE:
        raise DataError(
            f"The directory of the zip alone takes {_megabytes(size)}: it lists far more files "
            "than a dataset has pictures. Zip only the folders nice and real."
        )


def check_entry_count(archive: zipfile.ZipFile) -> None:
    """Checks the number of entries.

    Raises:
        DataError: There are too many.
    """
    count = len(archive.infolist())
    if count > MAX_ENTRIES:
        raise DataError(
            f"The zip holds {count:,} entries, and the limit is {MAX_ENTRIES:,}. "
            "Zip only the folders nice and real."
        )


def check_overlaps(archive: zipfile.ZipFile) -> None:
    """Checks that no two entries share bytes of the archive (CVE-2024-0450).

    Shared bytes could be unpacked any number of times. Without them, the packed sizes that the
    entries claim add up to no more than the archive, and zipfile reads no more of an entry than
    it claims.

    Raises:
        DataError: Two entries overlap.
    """
    entries = sorted(archive.infolist(), key=lambda info: info.header_offset)
    limits = [*(info.header_offset for info in entries[1:]), archive.start_dir]
    if any(
        info.header_offset + LOCAL_HEADER + info.compress_size > limit
        for info, limit in zip(entries, limits, strict=False)  # an empty zip has one limit
    ):
        raise DataError(
            "The zip holds files that overlap each other: it looks like a zip bomb, made to fill "
            "the disk. Nothing of it was unpacked. Create it again from the folders themselves."
        )


def check_categories(entries: Sequence[tuple[zipfile.ZipInfo, PurePosixPath]]) -> None:
    """Checks the number of category folders.

    Raises:
        DataError: There are too many.
    """
    count = len({path.parts[1] for _, path in entries if len(path.parts) > 2})
    if count > MAX_CATEGORIES:
        raise DataError(
            f"The zip holds {count:,} categories, and the limit is {MAX_CATEGORIES:,}. Zip folders "
            "of categories, not of single pictures."
        )


def safe_path(info: zipfile.ZipInfo) -> PurePosixPath:
    """Returns the path of an entry below the folder to unpack into.

    Raises:
        DataError: The path leads out of that folder, or a name in it cannot be used.
    """
    name = info.filename
    if not info.flag_bits & UTF8_FLAG:  # macOS writes UTF-8 without setting the flag
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    name = name.replace("\\", "/")  # as some programs on Windows write it
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in parts:
        raise DataError(
            f"The zip holds a path that leads out of its folder: {_quote(name)}. Nothing of it was "
            "unpacked. Create the zip again from the folders themselves, or get it from somebody "
            "you trust."
        )
    if not 0 < len(parts) <= MAX_DEPTH or not all(map(_is_usable, parts)):
        raise DataError(
            f"The zip holds a name that cannot be used: {_quote(name)}. "
            "Give that file a shorter, simpler name, and zip again."
        )
    return PurePosixPath(*(normalize("NFC", part) for part in parts))


def _is_usable(part: str) -> bool:
    too_long = len(part.encode("utf-8", "surrogatepass")) > MAX_NAME_LENGTH
    return not too_long and not re.search(r"[\x00-\x1f\x7f]", part.rstrip("\r"))


def check_entry(info: zipfile.ZipInfo, path: PurePosixPath) -> None:
    """Checks that an entry is a regular file that zipfile can unpack.

    Raises:
        DataError: It is a link, a device, encrypted, or compressed in an unknown way.
    """
    mode = stat.S_IFMT(info.external_attr >> 16)
    name = _quote(str(path))
    if stat.S_ISLNK(mode):
        raise DataError(
            f"The zip holds a link, {name}, and links are not followed. Zip the pictures "
            "themselves."
        )
    if mode not in (0, stat.S_IFREG):
        raise DataError(
            f"The zip holds something that is not a file, {name}. "
            "Zip only the folders nice and real."
        )
    if info.flag_bits & ENCRYPTED_FLAG:
        raise DataError(
            f"The zip is protected with a password ({name} is encrypted). "
            "Zip the folders again without one."
        )
    if info.compress_type not in METHODS:
        raise DataError(
            f"The zip compresses {name} with a method that is not supported "
            f"(method {info.compress_type}). Create it again as an ordinary zip."
        )


def check_sizes(entries: Sequence[tuple[zipfile.ZipInfo, PurePosixPath]]) -> None:
    """Checks the unpacked sizes of the files to unpack.

    Raises:
        DataError: A file, all files together or the compression ratio are too large.
    """
    for info, path in entries:
        if info.file_size > MAX_FILE_SIZE:
            raise DataError(
                f"{path} in the zip would unpack to {_megabytes(info.file_size)}, and the limit is "
                f"{_megabytes(MAX_FILE_SIZE)} per picture. Save it in a smaller size, or leave it "
                "out."
            )
    size = sum(info.file_size for info, _ in entries)
    packed = sum(info.compress_size for info, _ in entries)
    if size > MAX_TOTAL_SIZE:
        raise DataError(
            f"The zip would unpack to {_megabytes(size)}, and the limit is "
            f"{_megabytes(MAX_TOTAL_SIZE)}. Unpack it yourself, and add the two folders by their "
            "paths."
        )
    if size > MIN_SIZE_FOR_RATIO and size > MAX_RATIO * packed:
        raise DataError(
            f"The zip would unpack from {_megabytes(packed)} to {_megabytes(size)}, far more than "
            "pictures do: it looks like a zip bomb, made to fill the disk. Nothing of it was "
            "unpacked. If it is yours, unpack it and add the two folders by their paths."
        )


def check_collisions(entries: Sequence[tuple[zipfile.ZipInfo, PurePosixPath]]) -> None:
    """Checks that no two entries have the same path, ignoring case.

    Raises:
        DataError: Two have, or an entry is a file where another needs a folder.
    """
    paths = Counter(str(path).casefold() for _, path in entries)
    twice = next((path for path, count in paths.items() if count > 1), None)
    if twice is not None:
        raise DataError(
            f"The zip holds two files named {_quote(twice)} (ignoring case). "
            "Rename one of them, and zip again."
        )
    for _, path in entries:
        for parent in path.parents:
            if str(parent).casefold() in paths:
                raise DataError(
                    f"In the zip, {_quote(str(parent))} is both a file and a folder. "
                    "Create the zip again from the folders themselves."
                )


def check_disk_space(size: int, target: Path) -> None:
    """Checks that ``size`` bytes fit on the disk of ``target``.

    Raises:
        DataError: They do not.
    """
    existing = next(folder for folder in target.parents if folder.exists())
    free = shutil.disk_usage(existing).free
    if size + SPARE_SPACE > free:
        raise DataError(
            f"The zip would unpack to {_megabytes(size)}, but only {_megabytes(free)} are free "
            "where datasets are kept. Free some space there, or set FRUITLAB_DATA to another "
            "folder."
        )


def _quote(text: str) -> str:
    """Returns a name from the archive for a message: short, without control characters."""
    return repr(text if len(text) <= 120 else f"{text[:80]} … {text[-30:]}")


def _megabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
