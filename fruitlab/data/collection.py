"""Collections: pictures with the category that a person gave them, when a network was wrong.

`<data root>/collections/<name>/<Category>/<hash>.png`: files to look at, to move to the folder of
another category, and to delete. They hold the pixels that networks see and nothing else of what
was uploaded. The hash is of the pixels, so no picture is there twice.
"""

import hashlib
import io
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fruitlab.config import users
from fruitlab.config.errors import DataError
from fruitlab.config.files import write_whole
from fruitlab.config.modes import Action, Mode, changes, mode
from fruitlab.config.paths import data_root
from fruitlab.data import cache, decoding
from fruitlab.data.domains import content_hash

NAME = "corrections"  # the collection of the pages, unless several people share the server
NO_FRUIT = "no fruit"  # the category of pictures that show none
MOST_PICTURES = 2_000
MOST_BYTES = 100_000_000
FILE = re.compile(r"([0-9a-f]{16})\.png")
LONGEST = 64  # characters of a category's name


@dataclass(frozen=True)
class Collected:
    """A picture of a collection.

    Attributes:
        hash: `content_hash` of its pixels.
        category: the name of its folder.
        path: the file.
    """

    hash: str
    category: str
    path: Path

    def read(self) -> np.ndarray:
        """Its pixels, uint8 [100, 100, 3].

        Raises:
            DataError: the file cannot be used, or was changed.
        """
        pixels = decoding.read(self.path)
        if content_hash(pixels) != self.hash:
            raise DataError(f"{self.path} was changed. Delete it, and add the picture again.")
        return pixels


@dataclass(frozen=True)
class Ownership:
    """Whose a collection is on a shared server.

    Attributes:
        name: of the collection; None for the current user's.
    """

    name: str | None

    @property
    def owner(self) -> str | None:
        """The current user, if it is theirs; otherwise nobody is known."""
        return users.current() if self.name in (None, own()) else None


def of_collection(given: Mapping[str, Any]) -> Ownership:
    """What a change of a collection is about, for `modes.changes`."""
    return Ownership(given["name"])


def own() -> str:
    """The collection of the pages: on a shared server, each user has one of their own."""
    user = users.current() if mode() is Mode.SHARED else None
    if user is None:
        return NAME
    return f"{NAME}-{hashlib.sha256(user.encode()).hexdigest()[:16]}"


def folder(name: str | None = None) -> Path:
    """Where a collection is, the pages' if it is not named. Raises DataError for invalid names."""
    return data_root() / "collections" / cache.check_name(name or own())


def pictures(name: str | None = None) -> list[Collected]:
    """The pictures of a collection, by category, then in the order in which they were added."""
    found = [
        (path.parent.name, path.stat().st_mtime_ns, path)
        for path in folder(name).glob("*/*.png")
        if FILE.fullmatch(path.name) and not path.parent.name.startswith(".")
    ]
    return [Collected(path.stem, category, path) for category, _, path in sorted(found)]


@changes(Action.COLLECT, of_collection)
def add(picture: np.ndarray | bytes | Path, category: str, name: str | None = None) -> Collected:
    """Keep a picture, or move it if it is in the collection under another category.

    Args:
        picture: uint8 [100, 100, 3], or a picture file or its bytes, which are decoded in a child
            process.
        category: a network's, a new one, or `NO_FRUIT`.
        name: of the collection; None for the pages'.

    Raises:
        BadPicture: the picture cannot be used.
        DataError: the category cannot be the name of a folder, the collection is full, or the disk
            is.
    """
    name = name or own()
    pixels = picture if isinstance(picture, np.ndarray) else decoding.read(picture)
    found = content_hash(pixels)
    path = folder(name) / checked_category(category) / f"{found}.png"
    added = Collected(found, path.parent.name, path)
    with _locked(name):
        here = pictures(name)
        before = [one for one in here if one.hash == found]
        if added in before:
            return added
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, "PNG")
        size = sum(one.path.stat().st_size for one in here) + len(content.getvalue())
        if not before and (len(here) >= MOST_PICTURES or size > MOST_BYTES):
            raise DataError(
                f"The collection {name!r} is full: {len(here):,} pictures. Delete some of "
                f"{folder(name)}, or use another --collection."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.getvalue())
        _delete(before)
    return added


@changes(Action.COLLECT, of_collection)
def remove(hashes: Collection[str], name: str | None = None) -> list[Collected]:
    """Delete pictures; returns those that were there.

    What was computed of them is deleted by `corrections.forget`, which calls this.
    """
    with _locked(name or own()):
        found = [one for one in pictures(name) if one.hash in hashes]
        _delete(found)
    return found


def checked_category(category: str) -> str:
    """The name, if it can be a category's and a folder's. Raises DataError."""
    name = unicodedata.normalize("NFC", " ".join(category.split()))
    if not name or len(name) > LONGEST or name[0] == "." or not name.isprintable():
        raise DataError(
            f"{category!r} cannot be a category: use up to {LONGEST} characters, the first not a "
            "dot."
        )
    if "/" in name or "\\" in name:
        raise DataError(f"{category!r} cannot be a category: leave out / and \\.")
    return name


def _delete(found: list[Collected]) -> None:
    for one in found:
        one.path.unlink(missing_ok=True)
        if not any(one.path.parent.iterdir()):
            one.path.parent.rmdir()


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Only this process changes the collection. Raises DataError if the disk does not allow it."""
    try:
        with cache.locked(f"collection-{name}"):
            yield
    except OSError as error:
        raise DataError(
            f"The collection in {folder(name)} cannot be changed ({error.strerror}). Free some "
            "space there, or check its permissions."
        ) from error
