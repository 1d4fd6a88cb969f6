"""A zip that somebody made of `nice/` and `real/`: looked through as a whole before a byte of it is written, then unpacked.

Nothing that its names or sizes claim is trusted: a path that climbs out, a link, a bomb, a second archive inside are
refused with a sentence. Sizes can be judged beforehand, as zipfile never unpacks more of an entry than its header says.
"""

import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress
from fruitlab.data.cache import unwritable
from fruitlab.data.domains import NAMES

MOST_ENTRIES = 200_000
LONGEST_DIRECTORY = 64_000_000  # bytes of the archive's table of contents, which zipfile takes into memory as a whole
LARGEST_FILE = 200_000_000  # bytes unpacked
MOST_BYTES = 50_000_000_000  # bytes unpacked in all
# A whole archive, unpacked to its packed size. Pictures are compressed already: 1.0 to 1.2; BMPs of things on white reach 40.
HIGHEST_RATIO, RATIO_FROM = 100, 100_000_000
MOST_OTHERS = (
    1000  # files that are no pictures; more than that (and than pictures) is somebody's whole disk
)
SPARE = 100_000_000  # bytes left free on the disk

PICTURES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .gif .bmp .dib .tif .tiff .ppm .pgm .pbm .pnm .avif .mpo .heic .heif".split()
)
ARCHIVES = frozenset(".zip .rar .7z .tar .gz .tgz .bz2 .xz .zst".split())
JUNK = frozenset(
    {"__macosx", "thumbs.db", "desktop.ini", "icon\r"}
)  # what macOS and Windows add, besides names with a dot in front
READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
EXPECTED = "Expected a zip of two folders, nice and real, with one folder for each category in both: nice/Apple/1.jpg, real/Apple/1.jpg."
OTHER_KINDS = (
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"<", "a web page"),
)


@dataclass(frozen=True)
class Plan:
    """What will be unpacked: each entry and where to, such as nice/Apple/1.jpg; and what will not, with the reason."""

    entries: list[tuple[zipfile.ZipInfo, PurePosixPath]]
    ignored: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes unpacked."""
        return sum(info.file_size for info, _ in self.entries)


def unpack(source: Path, target: Path, *, progress: Progress | None = None) -> Plan:
    """Unpacks nice/ and real/ of a zip into the folder `target`, which must not exist yet; returns what it took and left.

    Raises DataError with nothing written if anything about the archive is wrong, and with `target` removed again if a
    file turns out damaged or the disk full on the way.
    """
    try:
        _check_size_of_directory(source)
        with zipfile.ZipFile(source) as archive:
            plan = look_through(archive)
            _check_room(plan.size, target)
            try:
                _write(archive, plan, target, progress)
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
            return plan
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, UnicodeDecodeError) as error:
        raise DataError(_not_a_zip(source, error)) from error
    except NotImplementedError as error:
        raise DataError(
            f"The zip uses a way of packing that is not read here ({error}). Pack it again as an ordinary zip."
        ) from error
    except OSError as error:
        raise unwritable(error) from error


def look_through(archive: zipfile.ZipFile) -> Plan:
    """Checks everything that can be told without unpacking. Raises DataError with the first thing that is wrong."""
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise DataError(
            f"The zip holds {len(infos):,} entries; up to {MOST_ENTRIES:,} are read. Zip only the folders nice and real."
        )
    files = [(info, _path(info)) for info in infos if not info.is_dir()]
    files = [(info, path) for info, path in files if not any(_is_junk(part) for part in path.parts)]
    if not files:
        raise DataError(f"The zip is empty. {EXPECTED}")
    for info, path in files:
        _check_kind(info, path)
    base = _base([path for _, path in files])
    inside = [
        (
            info,
            PurePosixPath(
                path.parts[len(base.parts)].casefold(), *path.parts[len(base.parts) + 1 :]
            ),
        )
        for info, path in files
        if path.is_relative_to(base) and path.parts[len(base.parts)].casefold() in NAMES
    ]
    ignored = {
        path.as_posix(): "beside nice and real"
        for _, path in files
        if not (path.is_relative_to(base) and path.parts[len(base.parts)].casefold() in NAMES)
    }
    for _, path in inside:
        if path.suffix.casefold() in ARCHIVES:
            raise DataError(
                f"There is another archive inside the zip: {path}. Unpack it, and zip nice and real again with its pictures in them."
            )
    pictures = [
        (info, path)
        for info, path in inside
        if path.suffix.casefold() in PICTURES or not path.suffix
    ]
    ignored |= {
        path.as_posix(): "no picture by its name"
        for _, path in inside
        if path.suffix and path.suffix.casefold() not in PICTURES
    }
    if len(ignored) > max(MOST_OTHERS, len(pictures)):
        raise DataError(
            f"{len(ignored):,} of the zip's {len(files):,} files are not pictures in nice or real, {next(iter(ignored))} for example. "
            "Zip only the folders nice and real."
        )
    for domain in NAMES:
        if not any(path.parts[0] == domain and len(path.parts) > 2 for _, path in pictures):
            why = (
                "its pictures lie in no folder"
                if any(path.parts[0] == domain for _, path in pictures)
                else "it holds no pictures"
            )
            raise DataError(f"The folder {domain} in the zip cannot be used: {why}. {EXPECTED}")
    plan = Plan(pictures, ignored)
    _check_sizes(plan)
    _check_places(plan)
    return plan


def _path(info: zipfile.ZipInfo) -> PurePosixPath:
    """Where the entry says it belongs, if that is below the archive's own folder."""
    name = info.filename
    if not info.flag_bits & 0x800:  # macOS packs UTF-8 and does not say so
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    name = name.replace("\\", "/")  # some of Windows' programs pack so
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in parts:
        raise DataError(
            f"The zip holds a path that leads out of its folder: {_shown(name)}. Nothing of it was taken. Pack it again from the folders "
            "themselves, or get it from somebody you trust."
        )
    if (
        any(
            len(part.encode("utf-8", "surrogatepass")) > 200
            or re.search(r"[\x00-\x1f\x7f]", part.rstrip("\r"))
            for part in parts
        )
        or len(parts) > 20
    ):
        raise DataError(
            f"The zip holds a name that cannot be used: {_shown(name)}. Rename that file to something plain, and zip again."
        )
    return PurePosixPath(*(normalize("NFC", part) for part in parts))


def _is_junk(part: str) -> bool:
    return part.startswith(".") or part.casefold() in JUNK


def _check_kind(info: zipfile.ZipInfo, path: PurePosixPath) -> None:
    mode = stat.S_IFMT(info.external_attr >> 16)
    if stat.S_ISLNK(mode):
        raise DataError(
            f"The zip holds a link, {_shown(str(path))}; links are not followed. Zip the pictures themselves."
        )
    if mode not in (0, stat.S_IFREG):
        raise DataError(
            f"The zip holds something that is no file, {_shown(str(path))}. Zip only the folders nice and real."
        )
    if info.flag_bits & 1:
        raise DataError(
            f"The zip is locked with a password ({_shown(str(path))} is encrypted). Zip the folders again without one."
        )
    if info.compress_type not in READABLE:
        raise DataError(
            f"The zip packs {_shown(str(path))} in a way that is not read here (method {info.compress_type}). Pack it again as an ordinary zip."
        )


def _base(paths: list[PurePosixPath]) -> PurePosixPath:
    """The folder that holds nice and real: the archive itself, or one that was wrapped around them."""
    holds: dict[PurePosixPath, set[str]] = {}
    for path in paths:
        for depth, part in enumerate(path.parts[:-1]):
            if part.casefold() in NAMES:
                holds.setdefault(PurePosixPath(*path.parts[:depth]), set()).add(part.casefold())
    both = sorted(
        (folder for folder, found in holds.items() if len(found) == 2),
        key=lambda folder: len(folder.parts),
    )
    if not both:
        there = sorted({path.parts[0] + ("/" if len(path.parts) > 1 else "") for path in paths})
        raise DataError(
            f"The zip has no folders nice and real side by side; it holds {', '.join(there[:6])}"
            f"{f' and {len(there) - 6} more' if len(there) > 6 else ''}. {EXPECTED}"
        )
    if len(both) > 1 and len(both[1].parts) == len(both[0].parts):
        raise DataError(
            f"The zip holds nice and real more than once, in {both[0]} and in {both[1]}. Zip one pair at a time."
        )
    return both[0]


def _check_sizes(plan: Plan) -> None:
    for info, path in plan.entries:
        if info.file_size > LARGEST_FILE:
            raise DataError(
                f"{path} in the zip would unpack to {_megabytes(info.file_size)}; up to {_megabytes(LARGEST_FILE)} a picture are read. "
                "Save it smaller, or leave it out."
            )
    packed = sum(info.compress_size for info, _ in plan.entries)
    if plan.size > MOST_BYTES:
        raise DataError(
            f"The zip would unpack to {_megabytes(plan.size)}; up to {_megabytes(MOST_BYTES)} are taken. "
            "Unpack it yourself, and add the two folders by their paths."
        )
    if plan.size > RATIO_FROM and plan.size > HIGHEST_RATIO * packed:
        raise DataError(
            f"The zip would unpack from {_megabytes(packed)} to {_megabytes(plan.size)}, far more than pictures do: it looks like one made to "
            "fill the disk. Nothing of it was taken. If it is yours, unpack it and add the two folders by their paths."
        )


def _check_places(plan: Plan) -> None:
    """No two entries at one place, whatever the case; no file where another entry needs a folder."""
    places = Counter(str(path).casefold() for _, path in plan.entries)
    twice = next((place for place, count in places.items() if count > 1), None)
    if twice is not None:
        raise DataError(
            f"The zip holds two files named {_shown(twice)}, if upper and lower case are one. Rename one of them, and zip again."
        )
    for _, path in plan.entries:
        for parent in path.parents:
            if str(parent).casefold() in places:
                raise DataError(
                    f"In the zip, {_shown(str(parent))} is both a file and a folder. Pack it again from the folders themselves."
                )


def _check_room(size: int, target: Path) -> None:
    there = next(folder for folder in target.parents if folder.exists())
    free = shutil.disk_usage(there).free
    if size + SPARE > free:
        raise DataError(
            f"The zip would unpack to {_megabytes(size)}, and only {_megabytes(free)} are free where data is kept: free some space there, "
            "or name another folder in FRUITLAB_DATA."
        )


def _write(archive: zipfile.ZipFile, plan: Plan, target: Path, progress: Progress | None) -> None:
    target.mkdir(parents=True)
    for number, (info, path) in enumerate(plan.entries):
        if progress and number % 50 == 0:
            progress("Unpacking", number, len(plan.entries))
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as packed, open(place, "xb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    if progress:
        progress("Unpacking", len(plan.entries), len(plan.entries))


def _check_size_of_directory(source: Path) -> None:
    """Refuses a table of contents that would fill the memory: its length stands at the end of the file, before any entry is read."""
    with open(source, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 65_557))
        tail = file.read()
    found = tail.rfind(b"PK\5\6")
    if found < 0 or found + 22 > len(tail):
        return  # zipfile will say that it is none
    length = struct.unpack_from("<I", tail, found + 12)[0]
    locator = found - 20
    if (
        length == 0xFFFFFFFF and locator >= 56 and tail[locator - 56 : locator - 52] == b"PK\6\6"
    ):  # of a large archive, in 64 bits
        length = struct.unpack_from("<Q", tail, locator - 16)[0]
    if LONGEST_DIRECTORY < min(length, end):
        raise DataError(
            f"The zip's table of contents alone takes {_megabytes(length)}: it lists far more files than there can be pictures. "
            "Zip only the folders nice and real."
        )


def _not_a_zip(source: Path, error: Exception) -> str:
    with open(source, "rb") as file:
        head = file.read(16)
    if not head:
        return "The file is empty, not a zip. Was it sent as a whole?"
    for mark, kind in OTHER_KINDS:
        if head.startswith(mark):
            return f"The file is {kind}, not a zip. {EXPECTED}"
    if head.startswith(b"PK"):
        return f"The zip is damaged or cut off ({error}). Nothing of it was taken. Make it again, or send it again."
    return f"The file is not a zip. {EXPECTED}"


def _shown(text: str) -> str:
    """A name from the archive as it can be told: short, and with nothing in it that a terminal or page would obey."""
    return repr(text if len(text) <= 120 else f"{text[:80]} … {text[-30:]}")


def _megabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
