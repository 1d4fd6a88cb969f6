"""How two domains lie on disk: `<data root>/<name>/` holds data.json, an index and two .npy arrays.

data.json is small and names the three others, which carry a token of their own writing. So a change of all four is the
renaming of one file: a reader sees the old data or the new, and an interrupted writer leaves the old as it was.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Say
from fruitlab.data.domains import NAMES, Domain, TwoDomains, fingerprint_of, group_pictures
from fruitlab.data.pictures import SIZE

FORMAT = 1
RECORD = "data.json"
SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?", re.ASCII)
# What a writer may delete: its own files only, as the folder may hold a user's pictures beside them (data/nice/Apple/…).
OURS = re.compile(
    r"(?:(?:nice|real)-[0-9a-f]{8}\.npy|index-[0-9a-f]{8}\.json|data\.json\.[0-9a-f]{8})"
)


@dataclass(frozen=True)
class Source:
    """A picture file behind the data, as it was when it was read."""

    path: str  # from the domain's folder, with /
    size: int  # bytes; -1 if the file could not be looked at
    mtime: int  # nanoseconds
    outcome: int | str | None = (
        None  # row in the array, reason why it was refused, or None: its category takes no part
    )


def _by_domain() -> dict[str, list]:
    return {name: [] for name in NAMES}


@dataclass
class Contents:
    """Everything about the data but the pixels, which `Writer.append` takes: what importing and drawing hand over."""

    kind: str  # photographs or drawn
    origin: dict[
        str, Any
    ]  # how to make it again: what import_pictures was asked, or how many were drawn
    categories: list[str] = field(default_factory=list)
    labels: dict[str, list[int]] = field(
        default_factory=_by_domain
    )  # one a picture, in the order of the arrays; so the next three
    paths: dict[str, list[str]] = field(default_factory=_by_domain)
    hashes: dict[str, list[str]] = field(default_factory=_by_domain)
    keys: dict[str, list[str | None]] = field(default_factory=_by_domain)  # what --group found
    sources: dict[str, list[Source]] = field(default_factory=_by_domain)
    folders: dict[str, dict[str, int]] = field(default_factory=dict)  # see matching.folder_times
    left_out: dict[str, str] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)

    def add(
        self, domain: str, *, label: int, path: str, content: str, key: str | None = None
    ) -> None:
        for column, value in (
            (self.labels, label),
            (self.paths, path),
            (self.hashes, content),
            (self.keys, key),
        ):
            column[domain].append(value)

    def forget_rows(self, domain: str, first: int) -> None:
        """Notes that the rows from `first` on were taken back: their files have no outcome."""
        self.sources[domain] = [
            replace(file, outcome=None)
            if isinstance(file.outcome, int) and file.outcome >= first
            else file
            for file in self.sources[domain]
        ]


class Damaged(DataError):
    """The files of a data set are not as they were written."""


def check_name(name: str) -> str:
    """`name` if it can be a data set's: it becomes a folder and part of links. Raises DataError."""
    if not SLUG.fullmatch(name):
        raise DataError(
            f"{name!r} cannot be a name for data: use up to 64 letters, digits, - _ and . (from A-Z, a-z, 0-9), "
            "beginning with a letter or digit and not ending with a dot."
        )
    if name.casefold().startswith("synthetic"):
        raise DataError(
            f'{name!r} is taken: names that begin with "synthetic" mean the built-in pair. Choose another.'
        )
    return name


def read_record(folder: str) -> dict[str, Any] | None:
    """data.json of a data set, None if there is none. Raises Damaged, or DataError if a newer version wrote it."""
    try:
        text = (data_root() / folder / RECORD).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"its {RECORD} cannot be read ({error})") from error
    try:
        record = json.loads(text)
        version = record["format"]
        if not isinstance(version, int):
            raise TypeError("format")
    except (ValueError, TypeError, KeyError) as error:
        raise Damaged(f"its {RECORD} is not as it was written") from error
    if version > FORMAT:
        raise DataError(
            f"The data {folder!r} was written by a newer FruitLab (format {version}; this one reads up to {FORMAT}): "
            "update FruitLab, or import the pictures again with --replace."
        )
    return record


def read_index(folder: str, record: dict[str, Any]) -> dict[str, Any]:
    """The lists behind a record: one entry a picture and one a source file. Raises Damaged, FileNotFoundError."""
    try:
        return json.loads(
            (data_root() / folder / f"index-{record['token']}.json").read_text(encoding="utf-8")
        )
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"its index cannot be read ({error})") from error


def read_sources(index: dict[str, Any]) -> dict[str, list[Source]]:
    """The source files in an index, by domain. Raises Damaged."""
    try:
        return {name: [Source(*entry) for entry in index["sources"][name]] for name in NAMES}
    except (KeyError, TypeError) as error:
        raise Damaged("its index is not as it was written") from error


def open_data(folder: str, record: dict[str, Any], index: dict[str, Any]) -> TwoDomains:
    """The data behind a record and its index; images stay on disk until used. Raises Damaged, FileNotFoundError."""
    try:
        categories, keys = tuple(record["categories"]), tuple(index["group_keys"])
        domains = {}
        for name in NAMES:
            part = index[name]
            images = np.load(
                data_root() / folder / f"{name}-{record['token']}.npy",
                mmap_mode="r",
                allow_pickle=False,
            )
            domain = Domain(
                name=name,
                images=images,
                labels=np.array(part["labels"], dtype=np.int64),
                paths=tuple(part["paths"]),
                hashes=tuple(part["hashes"]),
                groups=np.array(part["groups"], dtype=np.int64),
            )
            n = len(domain.paths)
            sizes = {len(domain.hashes), len(domain.labels), len(domain.groups), n}
            if (
                images.dtype != np.uint8
                or images.shape != (n, SIZE, SIZE, 3)
                or len(sizes) != 1
                or n == 0
            ):
                raise Damaged(
                    f"its {name} pictures are {images.dtype} {list(images.shape)} where {n:,} were written"
                )
            if not (
                0 <= domain.labels.min()
                and domain.labels.max() < len(categories)
                and 0 <= domain.groups.min()
                and domain.groups.max() < len(keys)
            ):
                raise Damaged("its index names categories or groups that are not there")
            domains[name] = domain
        return TwoDomains(
            name=record["name"],
            fingerprint=record["fingerprint"],
            categories=categories,
            kind=record["kind"],
            group_keys=keys,
            left_out=dict(record["left_out"]),
            refused=list(record["refused"]),
            **domains,
        )
    except (DataError, FileNotFoundError):
        raise
    except (OSError, EOFError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise Damaged(f"its files are not as they were written ({error})") from error


class Writer:
    """Takes the pictures of both domains one after the other, then everything else; nothing is seen before `commit`."""

    def __init__(self, name: str, folder: str) -> None:
        self.name, self.path, self.token = name, data_root() / folder, secrets.token_hex(4)
        self.rows = dict.fromkeys(NAMES, 0)
        self.path.mkdir(parents=True, exist_ok=True)
        self.sweep()
        self.files = {name: open(self.path / f"{name}-{self.token}.npy", "wb") for name in NAMES}
        for name in NAMES:
            self._header(name)
        self.start = {name: file.tell() for name, file in self.files.items()}

    def _header(self, domain: str) -> None:
        shape = (self.rows[domain], SIZE, SIZE, 3)
        np.lib.format.write_array_header_1_0(
            self.files[domain], {"descr": "|u1", "fortran_order": False, "shape": shape}
        )

    def append(self, domain: str, image: np.ndarray) -> None:
        self.files[domain].write(np.ascontiguousarray(image).data)
        self.rows[domain] += 1

    def truncate(self, domain: str, rows: int) -> None:
        """Takes back all pictures after the first `rows`."""
        self.files[domain].truncate(
            self.files[domain].seek(self.start[domain] + rows * SIZE * SIZE * 3)
        )
        self.rows[domain] = rows

    def commit(self, contents: Contents) -> TwoDomains:
        """Makes what was appended the data of this name, and returns it. Raises DataError if it cannot be split."""
        for name, file in self.files.items():
            file.seek(0)
            self._header(name)  # numpy pads headers so that the number of rows can grow in place
            assert file.tell() == self.start[name] and self.rows[name] == len(contents.paths[name])
            file.close()
        groups, keys = group_pictures(
            [h for name in NAMES for h in contents.hashes[name]],
            [k for name in NAMES for k in contents.keys[name]],
        )
        index = {
            "group_keys": keys,
            "folders": contents.folders,
            "sources": {
                name: [[s.path, s.size, s.mtime, s.outcome] for s in contents.sources[name]]
                for name in NAMES
            },
        }
        for name, part in zip(NAMES, np.split(groups, [self.rows["nice"]]), strict=True):
            index[name] = {
                "paths": contents.paths[name],
                "hashes": contents.hashes[name],
                "labels": contents.labels[name],
                "groups": part.tolist(),
            }
        counts = {
            name: np.bincount(contents.labels[name], minlength=len(contents.categories)).tolist()
            for name in NAMES
        }
        record = {
            "format": FORMAT,
            "name": self.name,
            "kind": contents.kind,
            "token": self.token,
            "fingerprint": "",
            "imported": datetime.now(UTC).isoformat(timespec="seconds"),
            "categories": contents.categories,
            "counts": {
                category: {name: counts[name][label] for name in NAMES}
                for label, category in enumerate(contents.categories)
            },
            "origin": contents.origin,
            "left_out": contents.left_out,
            "refused": contents.refused,
        }
        data = open_data(self.path.name, record, index)
        record["fingerprint"] = fingerprint_of(
            data.categories, (data.nice, data.real), data.group_keys
        )
        data.split(0)  # whatever cannot be split should not replace what can
        (self.path / f"index-{self.token}.json").write_text(json.dumps(index), encoding="utf-8")
        temporary = self.path / f"{RECORD}.{self.token}"
        temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")
        os.replace(temporary, self.path / RECORD)
        self.sweep()
        return replace(data, fingerprint=record["fingerprint"])

    def sweep(self) -> None:
        """Deletes what data.json does not name: leftovers of interrupted writers, and what was just replaced."""
        try:
            delete_ours(self.path, keep=(read_record(self.path.name) or {}).get("token"))
        except (
            DataError
        ):  # damaged or of a newer version: nothing of it is deleted before it has been replaced
            delete_ours(self.path, only=self.token)

    def close(self) -> None:
        for file in self.files.values():
            file.close()
        self.sweep()
        with suppress(OSError):  # not empty: as it should be, unless the first import failed
            self.path.rmdir()


def delete_ours(path: Path, *, keep: str | None = None, only: str = "") -> None:
    """Deletes arrays and indices in a data folder: not those with the token to keep. Readers that have them open go on."""
    for file in path.iterdir():
        if OURS.fullmatch(file.name) and only in file.name and not (keep and keep in file.name):
            with suppress(
                OSError
            ):  # Windows keeps files that are in use; the next writer deletes them
                file.unlink()


@contextmanager
def locked(folder: str, say: Say | None = None) -> Iterator[None]:
    """Holds the right to change a data set; waits for another process that does. The system frees it if this one dies."""
    try:
        (data_root() / ".locks").mkdir(parents=True, exist_ok=True)
        lock = FileLock(data_root() / ".locks" / f"{folder}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if say:
                say(f"Another process is writing the data {folder!r}; waiting for it.")
            lock.acquire()
    except OSError as error:
        raise unwritable(error) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def writing(name: str, folder: str) -> Iterator[Writer]:
    """A Writer for a data set whose lock is held. Raises DataError where the disk is full or the folder not writable."""
    try:
        writer = Writer(name, folder)
        try:
            yield writer
        finally:
            writer.close()
    except OSError as error:
        raise unwritable(error) from error


def unwritable(error: OSError) -> DataError:
    return DataError(
        f"The data could not be written to {data_root()} ({error.strerror or error}): free some space there, or name "
        "another folder in FRUITLAB_DATA. What was there before is unchanged."
    )
