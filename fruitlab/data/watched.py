"""A watched folder: one folder per category, and files beside them that wait for a label."""

import os
from hashlib import blake2b
from pathlib import Path

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Say
from fruitlab.data.domains import DomainName
from fruitlab.data.walking import files_below, is_junk, normalise_name, subfolders

NEW_CATEGORY = 5  # files in a folder that make it a category: fewer may be a name misspelt
LONGEST = 80  # characters of a category's name


def new_files(
    domain: DomainName, root: Path, names: dict[str, str], seen: set[str], say: Say
) -> list[tuple[Path, str, str]]:
    """(file, category, mark) of the files that were not taken yet, in the order they came.

    Args:
        names: categories by their normalised names. Those of new folders are added.
        seen: marks of the files that were taken or passed over.

    Raises:
        DataError: the folder cannot be read.
    """
    found: list[tuple[int, Path, str, str]] = []
    try:
        for folder in subfolders(root):
            files = files_below(folder)
            category = names.get(normalise_name(folder.name)) or _new_category(folder, files, say)
            if category is None:
                continue
            names[normalise_name(folder.name)] = category
            for path in files:
                try:
                    status = path.stat()
                except FileNotFoundError:  # it was moved away a moment ago
                    continue
                name = os.fsencode(f"{domain}/{path.relative_to(root)}")
                state = f"/{status.st_size}/{status.st_mtime_ns}".encode()
                mark = blake2b(name + state, digest_size=12).hexdigest()
                if mark not in seen:
                    found.append((status.st_mtime_ns, path, category, mark))
    except OSError as error:
        raise _unreadable(error) from None
    return [(path, category, mark) for _, path, category, mark in sorted(found)]


def unlabelled(root: Path) -> list[Path]:
    """The files beside the category folders. Raises DataError if the folder cannot be read."""
    try:
        with os.scandir(root) as entries:
            names = [one.name for one in entries if not is_junk(one.name) and one.is_file()]
    except OSError as error:
        raise _unreadable(error) from None
    return [root / name for name in sorted(names)]


def checked(category: str) -> str:
    """The name itself, if it is valid for a category. Raises DataError."""
    hidden = is_junk(category) or not category.isprintable()
    if hidden or len(category) > LONGEST or {"/", "\\"} & set(category):
        raise DataError(f"{category[:LONGEST]!r} is not a valid name of a category.")
    return category


def _new_category(folder: Path, files: list[Path], say: Say) -> str | None:
    """The category of a folder that the network does not know; None if it waits."""
    if not files:
        return None
    if len(files) < NEW_CATEGORY:
        say(
            f"{folder}: the network does not know the category {folder.name!r}. It learns it from "
            f"{NEW_CATEGORY} files on; the {len(files)} that are there wait."
        )
        return None
    try:
        category = checked(folder.name)
    except DataError as error:
        say(f"{folder}: {error} Rename it.")
        return None
    say(f"{folder}: {category} is a new category. The network gets an output for it.")
    return category


def _unreadable(error: OSError) -> DataError:
    return DataError(f"{error.filename} cannot be read: {error.strerror}.")
