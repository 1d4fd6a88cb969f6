"""Two folders of category folders -> a data set of one's own: matched, decoded in parallel, written once."""

import dataclasses
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress, Say
from fruitlab.data import cache
from fruitlab.data.cache import Contents, Source, Writer
from fruitlab.data.domains import NAMES, TwoDomains, content_hash
from fruitlab.data.layouts import Layout
from fruitlab.data.matching import Entry, folder_times, look, match
from fruitlab.data.pictures import BadPicture, read

CHUNK = 128  # pictures between two reports of progress; as many wait in memory
# Threads, as Pillow decodes without holding Python's lock: on 2 cores 1.6 s for 4,000 JPEGs of 128x128, where Python's own
# share is largest; processes took 1.3 s, one thread 2.3 s. They need no start-up. Two a core, as some wait for the disk;
# not more than 16, as each may hold a large picture in memory.
WORKERS = min(16, 2 * (os.cpu_count() or 1))


@dataclass(frozen=True)
class ImportReport:
    """What an import made of two folders."""

    name: str
    categories: tuple[str, ...]
    left_out: dict[str, str]  # category: reason
    refused: list[dict[str, str]]  # {file, reason}
    counts: dict[
        str, dict[str, dict[str, int]]
    ]  # category: {nice: {train, test}, real: {train, test}}, by the split of seed 0
    warnings: list[str]
    notes: dict[str, str]  # domain: what its folder was recognised as
    ignored: dict[str, str]  # folder: why none of its files was looked at
    kind: str
    fingerprint: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Previous:
    """An earlier import of the same folders, from which unchanged pictures are copied."""

    data: TwoDomains
    sources: dict[str, list[Source]]

    def pictures(self, domain: str) -> dict[Source, tuple[np.ndarray, str]]:
        """(picture, content hash) by the file as it was, its outcome aside."""
        old: Any = getattr(self.data, domain)
        return {
            dataclasses.replace(file, outcome=None): (
                old.images[file.outcome],
                old.hashes[file.outcome],
            )
            for file in self.sources[domain]
            if isinstance(file.outcome, int)
        }


def import_pictures(
    *,
    name: str,
    nice: Path,
    real: Path,
    min_images: int = 20,
    group: str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
    say: Say | None = None,
) -> ImportReport:
    """Imports two folders of category folders, nice and real, as the data set `name`.

    A category takes part if both folders hold at least `min_images` usable pictures of it; names are matched without regard to
    case, spaces and underscores. `group` is a regular expression searched in each picture's "nice/Apple/file.jpg": pictures for
    which its capture groups (or the whole match) agree, of one product, video or person, stay on one side of every split. An
    existing data set is replaced only with `replace`, and only once the new one is complete. Raises DataError.
    """
    started = time.perf_counter()
    cache.check_name(name)
    if min_images < 2:
        raise DataError(
            f"A category needs at least 2 pictures, one to train and one to test; min_images is {min_images}."
        )
    origin = {
        "nice": str(_folder(nice)),
        "real": str(_folder(real)),
        "min_images": min_images,
        "group": group,
    }
    _check_apart(Path(origin["nice"]), Path(origin["real"]))
    check_free(name, replace)
    folders, layouts = _survey(origin)
    with cache.locked(name, say):
        check_free(name, replace)  # again: another process may have imported it meanwhile
        with cache.writing(name, name) as writer:
            contents = _read_all(origin, folders, layouts, writer, None, progress)
            data = writer.commit(contents)
    split = data.split(0)
    return ImportReport(
        name=name,
        categories=data.categories,
        left_out=data.left_out,
        refused=data.refused,
        counts=data.counts(split),
        warnings=_unmatched(group, contents) + data.small_tests(split),
        kind=data.kind,
        fingerprint=data.fingerprint,
        notes={domain: layout.note for domain, layout in layouts.items()},
        ignored={
            f"{domain}/{folder}": why
            for domain, layout in layouts.items()
            for folder, why in layout.ignored.items()
        },
        seconds=round(time.perf_counter() - started, 3),
    )


def reimport(
    name: str, origin: dict[str, Any], previous: Previous, progress: Progress | None = None
) -> TwoDomains:
    """Imports a data set again as it was before; decodes new and changed pictures only. Its lock must be held. Raises DataError."""
    folders, layouts = _survey(origin)
    with cache.writing(name, name) as writer:
        return writer.commit(_read_all(origin, folders, layouts, writer, previous, progress))


def _survey(origin: dict[str, Any]) -> tuple[dict[str, dict[str, int]], dict[str, Layout]]:
    roots = {domain: Path(origin[domain]) for domain in NAMES}
    return {domain: folder_times(root) for domain, root in roots.items()}, {
        domain: look(root) for domain, root in roots.items()
    }


def _folder(path: Path) -> Path:
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, an unknown ~user
        raise DataError(f"{path} leads nowhere ({error}).") from error


def _check_apart(nice: Path, real: Path) -> None:
    if nice == real:
        raise DataError(
            f"nice and real are the same folder, {nice}: name two, one for each domain."
        )
    for inner, outer in ((nice, real), (real, nice)):
        if inner.is_relative_to(outer):
            raise DataError(
                f"{inner} lies inside {outer}, so its pictures would count for both domains: name two folders side by side."
            )


def check_free(name: str, replace: bool) -> None:
    """Raises DataError if there is data of that name and it is not to be replaced."""
    try:
        taken = cache.read_record(name) is not None
    except DataError:  # damaged, or of a newer version: there is something all the same
        taken = True
    if taken and not replace:
        raise DataError(
            f"There is data named {name!r} already: choose another name, or replace it with --replace."
        )


@dataclass(frozen=True)
class Folder:
    """One category's pictures of one domain after reading."""

    sources: list[Source]
    usable: list[
        tuple[str, str, str | None]
    ]  # (path, content hash, key of --group) of each picture that went into the writer


def _read_all(
    origin: dict[str, Any],
    folders: dict[str, dict[str, int]],
    layouts: dict[str, Layout],
    writer: Writer,
    previous: Previous | None,
    progress: Progress | None,
) -> Contents:
    """Reads every category that may take part into the writer; takes it back if too few of its pictures were usable."""
    roots, needed, key_of = (
        {name: Path(origin[name]) for name in NAMES},
        origin["min_images"],
        _key_finder(origin["group"]),
    )
    matched = match(roots, layouts)
    known = {name: previous.pictures(name) if previous else {} for name in NAMES}
    total = sum(
        sum(counts)
        for domains in matched.values()
        if min(counts := [len(domains[name]) for name in NAMES]) >= needed
    )
    out, dropped = Contents(kind="photographs", origin=origin, folders=folders), 0

    def read_folder(domain: str, entries: list[Entry], pool: ThreadPoolExecutor) -> Folder:
        def decode(entry: Entry) -> tuple[np.ndarray, str] | BadPicture:
            if entry[1] in known[domain]:
                return known[domain][entry[1]]
            try:
                image = read(roots[domain] / entry[1].path)
            except BadPicture as error:
                return error
            return image, content_hash(image)

        folder = Folder([], [])
        for start in range(0, len(entries), CHUNK):
            chunk = entries[start : start + CHUNK]
            for (path, file), result in zip(chunk, pool.map(decode, chunk), strict=True):
                if isinstance(result, BadPicture):
                    out.refused.append({"file": f"{domain}/{path}", "reason": str(result)})
                    folder.sources.append(dataclasses.replace(file, outcome=str(result)))
                    continue
                image, content = result
                folder.sources.append(dataclasses.replace(file, outcome=writer.rows[domain]))
                folder.usable.append((path, content, key_of(f"{domain}/{path}")))
                writer.append(domain, image)
            if progress:
                progress(
                    "Reading pictures",
                    sum(writer.rows.values()) + len(out.refused) + dropped,
                    total,
                )
        return folder

    pool = ThreadPoolExecutor(WORKERS)
    try:
        for category, domains in matched.items():
            before = dict(writer.rows)
            if min(map(len, domains.values())) < needed:  # not worth reading
                found = ", ".join(f"{len(domains[name]):,} {name}" for name in NAMES)
                reason, read_in = (
                    f"{found}; {needed:,} needed in each",
                    {name: Folder([file for _, file in domains[name]], []) for name in NAMES},
                )
            else:
                read_in = {name: read_folder(name, domains[name], pool) for name in NAMES}
                reason = _why_left_out(read_in, needed)
            for name, folder in read_in.items():
                out.sources[name] += folder.sources
            if reason is None:
                for name, folder in read_in.items():
                    for path, content, key in folder.usable:
                        out.add(
                            name, label=len(out.categories), path=path, content=content, key=key
                        )
                out.categories.append(category)
                continue
            out.left_out[category] = reason
            for name in NAMES:
                dropped += writer.rows[name] - before[name]
                writer.truncate(name, before[name])
                out.forget_rows(name, before[name])
    finally:
        pool.shutdown(
            cancel_futures=True
        )  # an interrupted import should not decode what it had queued
    if not out.categories:
        raise DataError(_nothing(out, needed))
    return out


def _key_finder(pattern: str | None) -> Callable[[str], str | None]:
    """Which group a picture's path puts it in; None for a group of its own."""
    try:
        compiled = re.compile(pattern) if pattern else None
    except (re.error, RecursionError, OverflowError) as error:
        raise DataError(
            f"The group {pattern!r} is not a regular expression ({error}). An example: --group '([^/]+)_\\d+\\.jpg'"
        ) from error

    def find(path: str) -> str | None:
        found = compiled.search(path) if compiled else None
        if (
            found is None or not found.group()
        ):  # nothing found, or a pattern like x* that finds nothing anywhere
            return None
        return (
            "\x1f".join(part or "" for part in found.groups()) if compiled.groups else found.group()
        )

    return find


def _unmatched(group: str | None, contents: Contents) -> list[str]:
    if not group or any(key is not None for keys in contents.keys.values() for key in keys):
        return []
    example = f"nice/{contents.paths['nice'][0]}"
    return [
        f"The group {group!r} was found in no picture's name, so each is a group of its own. It is searched in names like {example!r}."
    ]


def _why_left_out(folders: dict[str, Folder], needed: int) -> str | None:
    if min(len(folder.usable) for folder in folders.values()) < needed:
        told = [
            f"{len(folder.usable):,} {name}"
            + (
                f" ({bad:,} more could not be used)"
                if (bad := len(folder.sources) - len(folder.usable))
                else ""
            )
            for name, folder in folders.items()
        ]
        return f"{', '.join(told)}; {needed:,} needed in each"
    for name, folder in folders.items():
        if len({content if key is None else key for _, content, key in folder.usable}) < 2:
            return (
                f"all its {len(folder.usable):,} {name} pictures are identical or of one group, "
                "so they cannot be on both sides of a split"
            )
    return None


def _nothing(out: Contents, needed: int) -> str:
    """The error for two folders without a category in common."""
    sentences = [
        f"No category has {needed:,} usable pictures in both folders. Expected two folders that each hold one folder a category, "
        "with the same names in both: nice/Apple/*.jpg and real/Apple/*.jpg."
    ]
    sentences += [f"{category}: {reason}." for category, reason in list(out.left_out.items())[:8]]
    if len(out.left_out) > 8:
        sentences.append(f"And {len(out.left_out) - 8} more.")
    if out.refused:
        sentences.append(
            f"{len(out.refused):,} pictures could not be used, the first of them {out.refused[0]['file']}: {out.refused[0]['reason']}."
        )
    return " ".join(sentences)
