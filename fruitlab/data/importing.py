"""Imports two folders of category folders as a dataset."""

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fruitlab.config import users
from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, changes
from fruitlab.config.progress import Progress, Say
from fruitlab.data import cache
from fruitlab.data.cache_writer import Contents, Writer, writing
from fruitlab.data.domains import DOMAINS, Counts, DomainName, TwoDomains
from fruitlab.data.matching import find_layout, folder_times, match
from fruitlab.data.reading import PictureReader, Previous
from fruitlab.data.sources.base import Layout

MOST_NAMED = 8  # categories named in the error for folders without a category in common


@dataclass(frozen=True)
class ImportReport:
    """The result of an import.

    Attributes:
        name: Name of the dataset.
        categories: Its categories.
        left_out: Category -> the reason why it was left out.
        refused: {"file": ..., "reason": ...} for each picture that could not be used.
        counts: Pictures in the split of seed 0, see ``TwoDomains.counts``.
        warnings: Warnings about small test sets and about ``group``.
        notes: Domain -> what its folder was recognised as.
        ignored: Folder -> why its files were not looked at.
        kind: "photographs".
        fingerprint: See ``domains.fingerprint_of``.
        seconds: Duration of the import.
    """

    name: str
    categories: tuple[str, ...]
    left_out: dict[str, str]
    refused: list[dict[str, str]]
    counts: Counts
    warnings: list[str]
    notes: dict[str, str]
    ignored: dict[str, str]
    kind: str
    fingerprint: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Returns the report as plain values for JSON."""
        return dataclasses.asdict(self)


def import_unpacked(
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
    """Imports two folders of category folders as the dataset ``name``.

    Category names are matched without regard to case, spaces and underscores. An existing dataset
    is replaced only once the new one is complete.

    Args:
        name: Name of the dataset, see ``cache.check_name``.
        nice: Folder of the nice pictures.
        real: Folder of the real photos.
        min_images: Usable pictures that a category needs in each domain, at least 2; categories
            with fewer are left out.
        group: Regular expression that is searched in each picture's "nice/Apple/file.jpg".
            Pictures for which its capture groups (or the whole match) agree, for instance those of
            one product, video or person, stay on one side of every split.
        replace: Whether to replace an existing dataset of that name.
        progress: Called with (what is being done, done so far, total).
        say: Receives messages.

    Raises:
        DataError: An argument is not valid, the folders have no category in common, or the dataset
            cannot be written or split.
    """
    started = time.perf_counter()
    cache.check_name(name)
    if min_images < 2:
        raise DataError(
            f"min_images must be at least 2, not {min_images}: a category needs one picture for "
            "training and one for testing."
        )
    roots: dict[DomainName, Path] = {"nice": _resolve(nice), "real": _resolve(real)}
    _check_apart(roots["nice"], roots["real"])
    check_free(name, replace)
    folders = {domain: str(root) for domain, root in roots.items()}
    origin = folders | {"min_images": min_images, "group": group} | users.ownership()
    survey = _Survey(origin)
    with cache.locked(name, say):
        check_free(name, replace)  # again: another process may have imported it meanwhile
        with writing(name, name) as writer:
            contents = survey.read(writer, None, progress)
            data = writer.commit(contents)
    split = data.split(0)
    return ImportReport(
        name=name,
        categories=data.categories,
        left_out=data.left_out,
        refused=data.refused,
        counts=data.counts(split),
        warnings=_group_warnings(group, contents) + data.small_test_warnings(split),
        notes={domain: layout.note for domain, layout in survey.layouts.items()},
        ignored={
            f"{domain}/{folder}": reason
            for domain, layout in survey.layouts.items()
            for folder, reason in layout.ignored.items()
        },
        kind=data.kind,
        fingerprint=data.fingerprint,
        seconds=round(time.perf_counter() - started, 3),
    )


# For folders that somebody names. FruitLab itself unpacks others.
import_pictures = changes(Action.FOLDERS)(import_unpacked)


def reimport(
    name: str, origin: dict[str, Any], previous: Previous, progress: Progress | None = None
) -> TwoDomains:
    """Imports a dataset again, decoding new and changed pictures only. Its lock must be held.

    Args:
        name: Name of the dataset.
        origin: How it was imported, from its record.
        previous: The earlier import.
        progress: Called with (what is being done, done so far, total).

    Raises:
        DataError: The pictures can no longer be imported. The earlier dataset stays.
    """
    survey = _Survey(origin)
    with writing(name, name) as writer:
        return writer.commit(survey.read(writer, previous, progress))


def check_free(name: str, replace: bool) -> None:
    """Checks that no dataset has that name, unless it is to be replaced.

    Raises:
        DataError: The name is taken.
    """
    try:
        taken = cache.read_record(name) is not None
    except DataError:  # damaged, or of a newer version
        taken = True
    if taken and not replace:
        raise DataError(
            f"There is already a dataset named {name!r}. Choose another name, or replace it with "
            "--replace."
        )


class _Survey:
    """What is in the two folders of an import, given its arguments as in the record."""

    def __init__(self, origin: dict[str, Any]) -> None:
        self.origin = origin
        self.roots: dict[DomainName, Path] = {name: Path(origin[name]) for name in DOMAINS}
        self.folders: dict[DomainName, dict[str, int]] = {
            name: folder_times(root) for name, root in self.roots.items()
        }
        self.layouts: dict[DomainName, Layout] = {
            name: find_layout(root) for name, root in self.roots.items()
        }

    def read(
        self, writer: Writer, previous: Previous | None, progress: Progress | None
    ) -> Contents:
        """Reads the pictures of all categories that both folders have."""
        contents = Contents("photographs", self.origin, folders=self.folders)
        reader = PictureReader(
            self.roots,
            writer,
            contents,
            min_images=self.origin["min_images"],
            group=self.origin["group"],
            similar=self.origin.get("similar", False),
            excluded=self.origin.get("excluded", ()),
            previous=previous,
            progress=progress,
        )
        reader.read(match(self.roots, self.layouts))
        if not contents.categories:
            raise DataError(_no_categories(contents, self.origin["min_images"]))
        return contents


def _resolve(path: Path) -> Path:
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, an unknown ~user
        raise DataError(f"{path} is not a valid path ({error}).") from error


def _check_apart(nice: Path, real: Path) -> None:
    if nice == real:
        raise DataError(
            f"nice and real are the same folder, {nice}. Name two folders, one for each domain."
        )
    for inner, outer in ((nice, real), (real, nice)):
        if inner.is_relative_to(outer):
            raise DataError(
                f"{inner} lies inside {outer}, so its pictures would count for both domains. "
                "Name two separate folders."
            )


def _group_warnings(group: str | None, contents: Contents) -> list[str]:
    if not group or any(key is not None for part in contents.domains.values() for key in part.keys):
        return []
    example = f"nice/{contents.domains['nice'].paths[0]}"
    return [
        f"The group {group!r} matches no picture, so each picture is a group of its own. It is "
        f"searched in names like {example!r}."
    ]


def _no_categories(contents: Contents, needed: int) -> str:
    sentences = [
        f"No category has {needed:,} usable pictures in both folders. Expected two folders that "
        "each hold one folder per category, with the same names in both: nice/Apple/*.jpg and "
        "real/Apple/*.jpg."
    ]
    left_out = list(contents.left_out.items())
    sentences += [f"{category}: {reason}." for category, reason in left_out[:MOST_NAMED]]
    if len(left_out) > MOST_NAMED:
        sentences.append(f"And {len(left_out) - MOST_NAMED} more.")
    if contents.refused:
        first = contents.refused[0]
        sentences.append(
            f"{len(contents.refused):,} pictures could not be used, the first of them "
            f"{first['file']}: {first['reason']}."
        )
    return " ".join(sentences)
