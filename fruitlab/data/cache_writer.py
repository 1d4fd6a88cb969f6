"""Writes a dataset to disk, in the format that ``cache`` reads."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

import numpy as np

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data.cache import (
    FORMAT,
    RECORD,
    delete_files,
    open_data,
    read_record,
    unwritable,
)
from fruitlab.data.domains import DOMAINS, DomainName, TwoDomains, fingerprint_of
from fruitlab.data.pictures import SIZE
from fruitlab.data.record import SourceFile
from fruitlab.data.splitting import group_pictures


@dataclass
class DomainContents:
    """What is known about the pictures of one domain, besides their pixels.

    Attributes:
        labels: Label of each picture, in the order of the array. The next three are alike.
        paths: Path of each picture within the dataset.
        hashes: ``content_hash`` of each picture.
        keys: Group key of each picture, None without one.
        sources: The files that were looked at, including those that were refused.
    """

    labels: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)

    def add(self, *, label: int, path: str, content: str, key: str | None = None) -> None:
        """Appends a picture."""
        self.labels.append(label)
        self.paths.append(path)
        self.hashes.append(content)
        self.keys.append(key)

    def forget_rows(self, first: int) -> None:
        """Records that the rows from ``first`` on were removed from the array."""
        self.sources = [
            replace(file, outcome=None)
            if isinstance(file.outcome, int) and file.outcome >= first
            else file
            for file in self.sources
        ]


@dataclass
class Contents:
    """Everything about a dataset besides the pixels, which ``Writer.append`` takes.

    Attributes:
        kind: "photographs" or "drawn".
        origin: How to make it again: the arguments of the import, or how many were drawn.
        categories: Category names, in the order of the labels.
        domains: The pictures of each domain.
        folders: Modification times of the folders, see ``matching.folder_times``.
        left_out: Category -> the reason why it was left out.
        refused: {"file": ..., "reason": ...} for each picture that could not be used.
    """

    kind: str
    origin: dict[str, Any]
    categories: list[str] = field(default_factory=list)
    domains: dict[DomainName, DomainContents] = field(
        default_factory=lambda: {name: DomainContents() for name in DOMAINS}
    )
    folders: dict[DomainName, dict[str, int]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)


class Writer:
    """Writes the pictures of both domains, then everything else.

    Readers see nothing of it before ``commit``. The lock of the dataset must be held.

    Args:
        name: Name of the dataset.
        folder: Its folder below the data root.

    Raises:
        OSError: The disk is full or the folder is not writable; also raised by the methods.
    """

    def __init__(self, name: str, folder: str) -> None:
        self.name, self.path, self.token = name, data_root() / folder, secrets.token_hex(4)
        self.rows: dict[DomainName, int] = dict.fromkeys(DOMAINS, 0)
        self.path.mkdir(parents=True, exist_ok=True)
        self._delete_leftovers()
        self._files: dict[DomainName, BinaryIO] = {
            domain: open(self.path / f"{domain}-{self.token}.npy", "wb")  # noqa: SIM115
            for domain in DOMAINS
        }
        for domain in DOMAINS:
            self._write_header(domain)
        self._start = {domain: file.tell() for domain, file in self._files.items()}

    def append(self, domain: DomainName, image: np.ndarray) -> None:
        """Appends a picture, uint8 [100, 100, 3]."""
        self._files[domain].write(np.ascontiguousarray(image).data)
        self.rows[domain] += 1

    def truncate(self, domain: DomainName, rows: int) -> None:
        """Removes all pictures after the first ``rows``."""
        file = self._files[domain]
        file.truncate(file.seek(self._start[domain] + rows * SIZE * SIZE * 3))
        self.rows[domain] = rows

    def commit(self, contents: Contents) -> TwoDomains:
        """Makes the appended pictures the dataset of this name, and returns it.

        Raises:
            DataError: The dataset cannot be split. The earlier dataset stays.
        """
        for domain, file in self._files.items():
            file.seek(0)
            self._write_header(domain)  # NumPy pads headers, so that the row count fits in place
            assert file.tell() == self._start[domain]
            assert self.rows[domain] == len(contents.domains[domain].paths)
            file.close()
        index, record = self._index(contents), self._record(contents)
        data = open_data(self.path.name, record, index)
        fingerprint = fingerprint_of(data.categories, (data.nice, data.real), data.group_keys)
        record["fingerprint"] = fingerprint
        data.split(0)  # a dataset that cannot be split must not replace one that can
        index_path = self.path / f"index-{self.token}.json"
        index_path.write_text(json.dumps(index), encoding="utf-8")
        temporary = self.path / f"{RECORD}.{self.token}"
        temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")
        os.replace(temporary, self.path / RECORD)
        self._delete_leftovers()
        return replace(data, fingerprint=fingerprint)

    def close(self) -> None:
        """Closes the arrays, and deletes them unless they were committed."""
        for file in self._files.values():
            with suppress(OSError):  # the disk is full
                file.close()
        self._delete_leftovers()
        with suppress(OSError):  # only empty if the first import failed
            self.path.rmdir()

    def _write_header(self, domain: DomainName) -> None:
        shape = (self.rows[domain], SIZE, SIZE, 3)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._files[domain], header)

    def _index(self, contents: Contents) -> dict[str, Any]:
        nice, real = (contents.domains[name] for name in DOMAINS)
        groups, keys = group_pictures(nice.hashes + real.hashes, nice.keys + real.keys)
        sources = {
            name: [[file.path, file.size, file.mtime, file.outcome] for file in part.sources]
            for name, part in contents.domains.items()
        }
        index: dict[str, Any] = {
            "group_keys": keys,
            "folders": contents.folders,
            "sources": sources,
        }
        split_groups = np.split(groups, [len(nice.paths)])
        for (name, part), part_groups in zip(contents.domains.items(), split_groups, strict=True):
            index[name] = {
                "paths": part.paths,
                "hashes": part.hashes,
                "labels": part.labels,
                "groups": part_groups.tolist(),
            }
        return index

    def _record(self, contents: Contents) -> dict[str, Any]:
        categories = contents.categories
        counts = {
            name: np.bincount(part.labels, minlength=len(categories)).tolist()
            for name, part in contents.domains.items()
        }
        return {
            "format": FORMAT,
            "name": self.name,
            "kind": contents.kind,
            "token": self.token,
            "fingerprint": "",
            "imported": datetime.now(UTC).isoformat(timespec="seconds"),
            "categories": categories,
            "counts": {
                category: {name: counts[name][label] for name in DOMAINS}
                for label, category in enumerate(categories)
            },
            "origin": contents.origin,
            "left_out": contents.left_out,
            "refused": contents.refused,
        }

    def _delete_leftovers(self) -> None:
        """Deletes what data.json does not name: of interrupted writers, or just replaced."""
        try:
            delete_files(self.path, keep=(read_record(self.path.name) or {}).get("token"))
        except DataError:
            # Damaged, or written by a newer version: kept until it has been replaced.
            delete_files(self.path, only=self.token)


@contextmanager
def writing(name: str, folder: str) -> Iterator[Writer]:
    """Opens a ``Writer`` for a dataset whose lock is held.

    Args:
        name: Name of the dataset.
        folder: Its folder below the data root.

    Raises:
        DataError: The disk is full or the folder is not writable.
    """
    try:
        writer = Writer(name, folder)
        try:
            yield writer
        finally:
            writer.close()
    except OSError as error:
        raise unwritable(error) from error
