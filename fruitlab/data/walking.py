"""Walks folders of pictures by name, in an order that is the same on every machine.

No file is opened here. Whether a file is a picture is decided when it is decoded.
"""

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

SPLITS = frozenset({"training", "train", "test", "testing", "validation", "valid", "val"})
# Files that Windows and macOS leave behind, besides names that begin with a dot.
JUNK = frozenset({"__macosx", "thumbs.db", "desktop.ini", "icon\r"})
MAX_SPLIT_DEPTH = 4  # levels below the given folder to look for Training; published archives need 3


def is_junk(name: str) -> bool:
    """Returns whether a file or folder name is hidden or left behind by an operating system."""
    return name.startswith(".") or name.casefold() in JUNK


def normalise_name(name: str) -> str:
    """Returns a name in lower case with single spaces: "Apple_hit-1" -> "apple hit 1"."""
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFC", name)).strip().casefold()


def natural_key(name: str) -> tuple:
    """Sort key that puts "9.jpg" before "10.jpg" and ignores case."""
    parts = re.split(r"([0-9]+)", unicodedata.normalize("NFC", name).casefold())
    return [(int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts)], name


def subfolders(folder: Path) -> list[Path]:
    """Returns the folders directly inside ``folder``, in natural order."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not is_junk(entry.name) and entry.is_dir()]
    return [folder / name for name in sorted(names, key=natural_key)]


def has_files(folder: Path) -> bool:
    """Returns whether there are files directly inside ``folder``."""
    with os.scandir(folder) as entries:
        return any(not is_junk(entry.name) and not entry.is_dir() for entry in entries)


def files_below(folder: Path) -> list[Path]:
    """Returns all files at any level below ``folder``, in natural order of their relative paths.

    Raises:
        OSError: A folder cannot be listed.
    """

    def fail(error: OSError) -> None:
        raise error

    files = []
    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not is_junk(name)]
        files += [Path(parent, name) for name in names if not is_junk(name)]
    return sorted(files, key=lambda file: natural_key(relative(file, folder)))


def leaves(folder: Path) -> list[Path]:
    """Returns ``folder`` if it holds files, else the nearest folders below it that do.

    Some releases of Fruits-360 nest class folders: "Training/Apple/Apple Red 2".
    """
    if has_files(folder):
        return [folder]
    return [leaf for child in subfolders(folder) for leaf in leaves(child)]


def unwrap(root: Path) -> Path:
    """Steps into the folder that unpacking an archive wraps around everything.

    For nice/fruits/Apple and nice/fruits/Pear, nice becomes nice/fruits.
    """
    while True:
        inner = subfolders(root)
        if len(inner) != 1 or has_files(root) or has_files(inner[0]) or not subfolders(inner[0]):
            return root
        root = inner[0]


def find_splits(folder: Path, depth: int = MAX_SPLIT_DEPTH) -> Iterator[Path]:
    """Yields folders named Training, Test or Validation (or similar) that hold folders.

    Args:
        folder: Where to look.
        depth: Number of levels to look at.
    """
    for child in subfolders(folder):
        if normalise_name(child.name) in SPLITS and subfolders(child):
            yield child
        elif depth > 1:
            yield from find_splits(child, depth - 1)


def outside_splits(folder: Path, splits: list[Path]) -> list[Path]:
    """Returns the topmost folders below ``folder`` that are not and do not contain a split."""
    ancestors = {parent for split in splits for parent in (split, *split.parents)}
    outside = []
    for child in subfolders(folder):
        if child not in ancestors:
            outside.append(child)
        elif child not in splits:
            outside += outside_splits(child, splits)
    return outside


def relative(path: Path, root: Path) -> str:
    """Returns ``path`` relative to ``root``, with forward slashes."""
    return path.relative_to(root).as_posix()
