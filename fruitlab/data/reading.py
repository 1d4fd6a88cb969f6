"""Reads the pictures of matched categories into a dataset, decoding in parallel."""

import dataclasses
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fruitlab.config.progress import Progress
from fruitlab.data import decoding
from fruitlab.data.cache_writer import Contents, Writer
from fruitlab.data.domains import DOMAINS, DomainName, TwoDomains, content_hash
from fruitlab.data.matching import Entry, Matches
from fruitlab.data.pictures import BadPicture
from fruitlab.data.record import SourceFile
from fruitlab.data.splitting import group_key_finder

CHUNK = 128  # pictures per progress report; that many are held in memory
BATCH = 16  # pictures that a decoder reads one after the other
EXCLUDED = "excluded after the import"


@dataclass(frozen=True)
class Previous:
    """An earlier import of the same folders, from which unchanged pictures are copied.

    Attributes:
        data: The dataset.
        sources: The files behind it, by domain.
        keys: Content hash -> group key, if similar pictures stay together; None keeps the groups
            of ``data``.
    """

    data: TwoDomains
    sources: dict[DomainName, list[SourceFile]]
    keys: Mapping[str, str] | None = None

    def pictures(self, name: DomainName) -> dict[SourceFile, tuple[np.ndarray, str]]:
        """Returns {file: (picture, content hash)}, with files whose ``outcome`` is None."""
        domain = self.data.domain(name)
        known = {}
        for file in self.sources[name]:
            if isinstance(row := file.outcome, int):
                key = dataclasses.replace(file, outcome=None)
                known[key] = (domain.images[row], domain.hashes[row])
        return known

    def group_keys(self) -> Mapping[str, str]:
        """Returns {content hash: group key}."""
        if self.keys is not None:
            return self.keys
        return {
            content: self.data.group_keys[group]
            for domain in (self.data.nice, self.data.real)
            for content, group in zip(domain.hashes, domain.groups.tolist(), strict=True)
        }


class UsablePicture(NamedTuple):
    """A picture that was written: path within the dataset, content hash and group key."""

    path: str
    content: str
    key: str | None


@dataclass
class CategoryPictures:
    """The pictures of one category in one domain.

    Attributes:
        files: All files, with their outcome.
        usable: The pictures that were written.
        excluded: How many were left out because the user said so.
    """

    files: list[SourceFile]
    usable: list[UsablePicture] = field(default_factory=list)
    excluded: int = 0


class PictureReader:
    """Reads categories into ``writer`` and ``contents``.

    Args:
        roots: The folder of each domain.
        writer: Receives the pictures.
        contents: Receives everything else.
        min_images: Pictures of a category that are needed in each domain.
        group: Regular expression for group keys, see ``importing.import_pictures``.
        similar: Whether the group keys of ``previous`` come before that.
        excluded: Content hashes of pictures to leave out.
        previous: An earlier import of the same folders, if any.
        progress: Called after each chunk.

    Raises:
        DataError: ``group`` is not a regular expression.
    """

    def __init__(
        self,
        roots: dict[DomainName, Path],
        writer: Writer,
        contents: Contents,
        *,
        min_images: int,
        group: str | None = None,
        similar: bool = False,
        excluded: Collection[str] = (),
        previous: Previous | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.roots, self.writer, self.contents = roots, writer, contents
        self.min_images, self.progress = min_images, progress
        self._excluded = frozenset(excluded)
        self._find_key = group_key_finder(group)
        self._keys = previous.group_keys() if previous and similar else {}
        self._known = {name: previous.pictures(name) if previous else {} for name in DOMAINS}
        self._done = self._total = 0

    def read(self, matches: Matches) -> None:
        """Reads all categories. Those with too few usable pictures are left out."""
        counts = [[len(entries) for entries in domains.values()] for domains in matches.values()]
        self._total = sum(sum(pair) for pair in counts if min(pair) >= self.min_images)
        pool = ThreadPoolExecutor(decoding.WORKERS)
        try:
            for category, domains in matches.items():
                self._read_category(category, domains, pool)
        except BaseException:  # an interrupted import must not wait for the pictures at work
            decoding.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _read_category(
        self, category: str, domains: dict[DomainName, list[Entry]], pool: ThreadPoolExecutor
    ) -> None:
        rows_before = dict(self.writer.rows)
        read: dict[DomainName, CategoryPictures]
        if min(map(len, domains.values())) < self.min_images:  # not worth reading
            read = {
                name: CategoryPictures([entry.file for entry in domains[name]]) for name in DOMAINS
            }
            found = ", ".join(f"{len(domains[name]):,} {name}" for name in DOMAINS)
            reason: str | None = f"{found}; {self.min_images:,} needed in each"
        else:
            read = {name: self._read_entries(name, domains[name], pool) for name in DOMAINS}
            reason = self._why_left_out(read)
        for name in DOMAINS:
            self.contents.domains[name].sources += read[name].files
        if reason is None:
            self._accept(category, read)
        else:
            self._leave_out(category, reason, rows_before)

    def _read_entries(
        self, domain: DomainName, entries: list[Entry], pool: ThreadPoolExecutor
    ) -> CategoryPictures:
        known, root = self._known[domain], self.roots[domain]

        def decode(batch: list[Entry]) -> list[tuple[np.ndarray, str] | BadPicture]:
            new = [root / file.path for _, file in batch if file not in known]
            decoded = iter(decoding.read_many(new) if new else ())
            return [known.get(file) or _with_hash(next(decoded)) for _, file in batch]

        read = CategoryPictures([])
        for start in range(0, len(entries), CHUNK):
            chunk = entries[start : start + CHUNK]
            batches = [chunk[first : first + BATCH] for first in range(0, len(chunk), BATCH)]
            results = chain.from_iterable(pool.map(decode, batches))
            for (path, file), result in zip(chunk, results, strict=True):
                full_path = f"{domain}/{path}"
                if isinstance(result, BadPicture):
                    self.contents.refused.append({"file": full_path, "reason": str(result)})
                    read.files.append(dataclasses.replace(file, outcome=str(result)))
                    continue
                image, content = result
                if content in self._excluded:
                    read.files.append(dataclasses.replace(file, outcome=EXCLUDED))
                    read.excluded += 1
                    continue
                read.files.append(dataclasses.replace(file, outcome=self.writer.rows[domain]))
                key = self._keys.get(content) or self._find_key(full_path)
                read.usable.append(UsablePicture(path, content, key))
                self.writer.append(domain, image)
            self._done += len(chunk)
            if self.progress:
                self.progress("Reading pictures", self._done, self._total)
        return read

    def _accept(self, category: str, read: dict[DomainName, CategoryPictures]) -> None:
        label = len(self.contents.categories)
        self.contents.categories.append(category)
        for name in DOMAINS:
            for path, content, key in read[name].usable:
                self.contents.domains[name].add(label=label, path=path, content=content, key=key)

    def _leave_out(self, category: str, reason: str, rows_before: dict[DomainName, int]) -> None:
        self.contents.left_out[category] = reason
        for name, rows in rows_before.items():
            self.writer.truncate(name, rows)
            self.contents.domains[name].forget_rows(rows)

    def _why_left_out(self, read: dict[DomainName, CategoryPictures]) -> str | None:
        # To leave out a picture must not leave out its category.
        if min(len(part.usable) + part.excluded for part in read.values()) < self.min_images:
            found = []
            for name, part in read.items():
                bad = len(part.files) - len(part.usable) - part.excluded
                more = f" ({bad:,} more could not be used)" if bad else ""
                found.append(f"{len(part.usable):,} {name}{more}")
            return f"{', '.join(found)}; {self.min_images:,} needed in each"
        for name, part in read.items():
            if len({content if key is None else key for _, content, key in part.usable}) < 2:
                return (
                    f"all its {len(part.usable):,} {name} pictures are identical or of one group, "
                    "so they cannot be on both sides of a split"
                )
        return None


def _with_hash(image: np.ndarray | BadPicture) -> tuple[np.ndarray, str] | BadPicture:
    return image if isinstance(image, BadPicture) else (image, content_hash(image))
