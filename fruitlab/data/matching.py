"""Matches the categories of two folders, in an order that is the same on every machine."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from fruitlab.config.errors import DataError
from fruitlab.data.domains import DOMAINS, DomainName, path_order
from fruitlab.data.layouts import find_pictures
from fruitlab.data.record import SourceFile
from fruitlab.data.sources.base import Layout


class Entry(NamedTuple):
    """A picture file that belongs to a category.

    Attributes:
        path: Path within the dataset, such as "Apple/x.jpg".
        file: The file behind it.
    """

    path: str
    file: SourceFile


Matches = dict[str, dict[DomainName, list[Entry]]]  # category -> domain -> entries


def find_layout(root: Path) -> Layout:
    """Finds the pictures below ``root``, see ``layouts.find_pictures``.

    Raises:
        DataError: There is nothing to use, or the folder cannot be read.
    """
    try:
        return find_pictures(root)
    except OSError as error:  # no permission, a failing disk
        raise DataError(
            f"{root} cannot be read ({error.strerror or error}, {error.filename}). "
            "Check its permissions, or choose another folder."
        ) from error


def stat_files(root: Path, layout: Layout) -> dict[str, list[SourceFile]]:
    """Returns the current size and time of the picture files of a layout, by category."""
    prefix = len(os.path.join(root, ""))
    found: dict[str, list[SourceFile]] = {}
    for category, paths in layout.pictures.items():
        found[category] = []
        for path in map(os.fspath, paths):
            try:
                status = os.stat(path)
                size, mtime = status.st_size, status.st_mtime_ns
            except OSError:
                size, mtime = -1, 0  # reading the file will say what is wrong with it
            found[category].append(SourceFile(path[prefix:].replace(os.sep, "/"), size, mtime))
    return found


def folder_times(root: Path) -> dict[str, int]:
    """Returns when each folder at and below ``root`` last gained or lost an entry.

    Call this before listing the folders, so that later changes are noticed.

    Returns:
        Path relative to ``root`` -> time of the last modification in nanoseconds.
    """
    prefix, times = len(os.path.join(root, "")), {}
    for folder, _, _ in os.walk(root):
        with suppress(OSError):
            times[folder[prefix:].replace(os.sep, "/")] = os.stat(folder).st_mtime_ns
    return times


def is_unchanged(root: Path, times: Mapping[str, int], files: Sequence[SourceFile]) -> bool:
    """Returns True only if certainly nothing changed below ``root``: 60 ms for 18,000 files.

    Otherwise ``find_layout`` and ``stat_files`` tell what changed.

    Args:
        root: The folder of a domain.
        times: ``folder_times`` as of the import.
        files: The picture files as of the import.
    """
    prefix = os.path.join(root, "")
    try:
        if any(os.stat(prefix + folder).st_mtime_ns != time for folder, time in times.items()):
            return False
        parents = {file.path.rpartition("/")[0] for file in files}
        if not parents <= times.keys():  # behind a link, which folder_times does not follow
            return False
        for file in files:
            status = os.stat(prefix + file.path)
            if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime):
                return False
        return True
    except OSError:
        return False


def match(roots: Mapping[DomainName, Path], layouts: Mapping[DomainName, Layout]) -> Matches:
    """Matches the category folders of both domains by name.

    Folders whose names differ only in case, spaces, underscores or Unicode form are one category.
    It is spelled as in the nice folder.

    Returns:
        {category: {domain: entries}}, categories and entries ordered by ``path_order``.
    """
    spelling: dict[str, str] = {}
    matches: Matches = {}
    for domain in DOMAINS:
        taken: set[str] = set()
        for folder, files in sorted(stat_files(roots[domain], layouts[domain]).items()):
            name = _to_text(folder)
            category = spelling.setdefault(_match_key(name), name)
            entries = matches.setdefault(category, {name: [] for name in DOMAINS})[domain]
            for file in sorted(files, key=lambda file: file.path):
                full_path = _to_text(file.path)
                first, _, rest = full_path.partition("/")
                is_category = bool(rest) and _match_key(first) == _match_key(category)
                path = f"{category}/{rest if is_category else full_path}"
                if path in taken:  # "Apple/1.jpg" beside "apple/1.jpg"
                    path = f"{category}/{full_path}"
                taken.add(path)
                entries.append(Entry(path, file))
    for domains in matches.values():
        for entries in domains.values():
            entries.sort(key=lambda entry: path_order(entry.path))
    return {category: matches[category] for category in sorted(matches, key=path_order)}


def _to_text(name: str) -> str:
    """Returns a file name in composed form (NFC), with bytes that are not UTF-8 spelled out."""
    if os.name == "posix":
        name = os.fsencode(name).decode("utf-8", "backslashreplace")
    return normalize("NFC", name)


def _match_key(name: str) -> str:
    """Returns what the names of two folders have in common if they mean the same category."""
    return " ".join(re.sub(r"[\s_]+", " ", normalize("NFC", name.casefold())).split())
