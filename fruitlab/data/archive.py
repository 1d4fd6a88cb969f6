"""Unpacks a zip of ``nice/`` and ``real/`` that a user uploaded.

The whole archive is checked before a byte of it is written, and no name or size in it is trusted:
paths that lead out of the folder, links, zip bombs and nested archives are refused. Sizes can be
checked in advance, because zipfile never unpacks more of an entry than its header says, and entries
that share bytes are refused.
"""

import shutil
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress
from fruitlab.data import archive_checks as checks
from fruitlab.data.cache import unwritable
from fruitlab.data.domains import DOMAINS
from fruitlab.data.walking import is_junk

# Files that are not pictures. An archive with more of them (and more than pictures) is probably
# not of two folders of pictures.
MAX_OTHER_FILES = 1000
PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".mpo", ".heic", ".heif"}
)
ARCHIVE_SUFFIXES = frozenset({".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"})
EXPECTED = (
    "Expected a zip of two folders, nice and real, with one folder for each category in both: "
    "nice/Apple/1.jpg, real/Apple/1.jpg."
)
# First bytes of files that are often mistaken for a zip.
OTHER_KINDS = (
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"<", "a web page"),
)

Entry = tuple[zipfile.ZipInfo, PurePosixPath]


@dataclass(frozen=True)
class Plan:
    """What is unpacked and what is not.

    Attributes:
        entries: Each entry and its target, such as nice/Apple/1.jpg.
        ignored: Path in the zip -> why it is not unpacked.
    """

    entries: list[Entry]
    ignored: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes of the unpacked files."""
        return sum(info.file_size for info, _ in self.entries)


def unpack(source: Path, target: Path, *, progress: Progress | None = None) -> Plan:
    """Unpacks nice/ and real/ of a zip.

    Args:
        source: The zip file.
        target: Folder to unpack into; must not exist yet.
        progress: Called with (what is being done, files done so far, total).

    Returns:
        What was unpacked and what was ignored.

    Raises:
        DataError: Something about the archive is wrong, and nothing was written; or a file is
            damaged or the disk is full, and ``target`` was removed again.
    """
    try:
        checks.check_directory(source)
        with zipfile.ZipFile(source) as archive:
            plan = make_plan(archive)
            checks.check_disk_space(plan.size, target)
            try:
                _write(archive, plan, target, progress)
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
            return plan
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, UnicodeDecodeError) as error:
        raise DataError(_explain_bad_zip(source, error)) from error
    except NotImplementedError as error:
        raise DataError(
            f"The zip uses a compression method that is not supported ({error}). "
            "Create it again as an ordinary zip."
        ) from error
    except OSError as error:
        raise unwritable(error) from error


def make_plan(archive: zipfile.ZipFile) -> Plan:
    """Decides what to unpack, and checks everything that can be checked before.

    Raises:
        DataError: Something is wrong; the message names the first problem.
    """
    checks.check_entry_count(archive)
    checks.check_overlaps(archive)
    # Not `info.is_dir()`, which fails for an empty name.
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    files = [(info, checks.safe_path(info)) for info in infos]
    files = [(info, path) for info, path in files if not any(map(is_junk, path.parts))]
    if not files:
        raise DataError(f"The zip is empty. {EXPECTED}")
    for info, path in files:
        checks.check_entry(info, path)
    base = _find_base([path for _, path in files])
    entries: list[Entry] = []
    ignored: dict[str, str] = {}
    other_files: dict[str, str] = {}
    for info, path in files:
        inside = _path_in_domain(path, base)
        if inside is None:
            ignored[path.as_posix()] = "not in nice or real"
        elif inside.suffix.casefold() in ARCHIVE_SUFFIXES:
            raise DataError(
                f"There is another archive inside the zip: {inside}. "
                "Unpack it, and zip nice and real again with its pictures in them."
            )
        elif inside.suffix and inside.suffix.casefold() not in PICTURE_SUFFIXES:
            other_files[inside.as_posix()] = "not a picture by its name"
        else:
            entries.append((info, inside))
    ignored |= other_files
    if len(ignored) > max(MAX_OTHER_FILES, len(entries)):
        raise DataError(
            f"{len(ignored):,} of the {len(files):,} files in the zip are not pictures in nice or "
            f"real, for example {next(iter(ignored))}. Zip only the folders nice and real."
        )
    for domain in DOMAINS:
        _check_domain(domain, entries)
    checks.check_categories(entries)
    checks.check_sizes(entries)
    checks.check_collisions(entries)
    return Plan(entries, ignored)


def _find_base(paths: list[PurePosixPath]) -> PurePosixPath:
    """Returns the folder that holds nice and real, which may be the archive itself."""
    domains_in: dict[PurePosixPath, set[str]] = {}
    for path in paths:
        for depth, part in enumerate(path.parts[:-1]):
            if part.casefold() in DOMAINS:
                folder = PurePosixPath(*path.parts[:depth])
                domains_in.setdefault(folder, set()).add(part.casefold())
    bases = [folder for folder, domains in domains_in.items() if len(domains) == 2]
    bases.sort(key=lambda folder: len(folder.parts))
    if not bases:
        top = sorted({path.parts[0] + ("/" if len(path.parts) > 1 else "") for path in paths})
        more = f" and {len(top) - 6} more" if len(top) > 6 else ""
        raise DataError(
            "The zip has no folders nice and real side by side. "
            f"It holds {', '.join(top[:6])}{more}. {EXPECTED}"
        )
    if len(bases) > 1 and len(bases[1].parts) == len(bases[0].parts):
        raise DataError(
            f"The zip holds nice and real more than once, in {bases[0]} and in {bases[1]}. "
            "Zip one pair at a time."
        )
    return bases[0]


def _path_in_domain(path: PurePosixPath, base: PurePosixPath) -> PurePosixPath | None:
    """Returns nice/Apple/1.jpg for a file in nice or real, None for any other."""
    if not path.is_relative_to(base):
        return None
    domain, *rest = path.parts[len(base.parts) :]
    return PurePosixPath(domain.casefold(), *rest) if domain.casefold() in DOMAINS else None


def _check_domain(domain: str, entries: list[Entry]) -> None:
    depths = [len(path.parts) for _, path in entries if path.parts[0] == domain]
    if any(depth > 2 for depth in depths):
        return
    why = "its pictures are not in category folders" if depths else "it holds no pictures"
    raise DataError(f"The folder {domain} in the zip cannot be used: {why}. {EXPECTED}")


def _write(archive: zipfile.ZipFile, plan: Plan, target: Path, progress: Progress | None) -> None:
    target.mkdir(parents=True)
    for number, (info, path) in enumerate(plan.entries):
        if progress and number % 50 == 0:
            progress("Unpacking", number, len(plan.entries))
        destination = target / path
        destination.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as packed, open(destination, "xb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    if progress:
        progress("Unpacking", len(plan.entries), len(plan.entries))


def _explain_bad_zip(source: Path, error: Exception) -> str:
    with open(source, "rb") as file:
        head = file.read(16)
    if not head:
        return "The file is empty, not a zip. Check that it was sent completely."
    for signature, kind in OTHER_KINDS:
        if head.startswith(signature):
            return f"The file is {kind}, not a zip. {EXPECTED}"
    if head.startswith(b"PK"):
        return (
            f"The zip is damaged or cut off ({error}), and nothing of it was kept. "
            "Create it again, or send it again."
        )
    return f"The file is not a zip. {EXPECTED}"
