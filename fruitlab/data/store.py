"""Loads and removes datasets by name."""

from pathlib import Path
from typing import Any

from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, changes
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Progress, Say
from fruitlab.data import built_in, cache
from fruitlab.data.cache import DamagedDataError
from fruitlab.data.catalogue import available, damaged_error, local_name
from fruitlab.data.domains import DOMAINS, DomainName, TwoDomains
from fruitlab.data.importing import reimport
from fruitlab.data.matching import find_layout, is_unchanged, stat_files
from fruitlab.data.owned import Dataset
from fruitlab.data.reading import Previous
from fruitlab.data.record import SourceFile

__all__ = ["BUILT_IN", "available", "is_available", "load", "load_cached", "local_name", "remove"]

BUILT_IN = built_in.NAME
LOAD_ATTEMPTS = 3  # another process may replace the files while they are being opened


def load(name: str, *, progress: Progress | None = None, say: Say | None = None) -> TwoDomains:
    """Loads a dataset, with its images as read-only memmaps: under a second for 18,000 pictures.

    "synthetic" and "synthetic:60" are the built-in pair with 100 or 60 pictures per category and
    domain, drawn at first use. An imported dataset whose picture files were added, removed or
    changed is imported again, decoding only the changes. If its folders no longer exist, it is
    used as it is.

    Args:
        name: Name of the dataset.
        progress: Called with (what is being done, done so far, total).
        say: Receives messages about anything out of the ordinary.

    Raises:
        DataError: There is no such dataset, it is damaged, or a newer version wrote it.
    """
    say = say or (lambda message: None)
    if built_in.is_built_in(name):
        return built_in.load(built_in.parse_count(name), progress, say)
    for attempt in range(LOAD_ATTEMPTS):
        try:
            return _load_imported(name, progress, say)
        except FileNotFoundError as error:
            if attempt == LOAD_ATTEMPTS - 1:
                raise _missing_file_error(name, error) from error
        except DamagedDataError as error:
            raise damaged_error(name, str(error)) from error
    raise AssertionError("unreachable")


def load_cached(name: str) -> TwoDomains | None:
    """Loads a dataset as it is on this machine, to look at it.

    Nothing is drawn, and picture files are not checked for changes.

    Returns:
        The dataset, None if it is not on this machine.

    Raises:
        DataError: It is damaged, a newer version wrote it, or the name asks for a number of
            pictures that cannot be drawn.
    """
    folder = _folder_of(name)
    if not _exists(folder):
        return None
    try:
        record = cache.read_record(folder)
        if record is None:
            return None
        return cache.open_data(folder, record, cache.read_index(folder, record))
    except FileNotFoundError as error:
        raise _missing_file_error(name, error) from error
    except DamagedDataError as error:
        raise damaged_error(name, str(error)) from error


def is_available(name: str) -> bool:
    """Returns whether a run can train on a dataset on this machine.

    The built-in pair is always available, because it is drawn when it is needed.
    """
    usable = {entry["name"] for entry in available() if not entry["problem"]}
    return name.partition(":")[0] in usable


@changes(Action.REMOVE_DATA, lambda given: Dataset(given["name"]))
def remove(name: str) -> None:
    """Deletes the arrays of a dataset, never the picture folders that it was imported from.

    Raises:
        DataError: There is no dataset of that name, or it cannot be deleted.
    """
    folder = _folder_of(name)
    if not _exists(folder):
        raise _unknown_error(name)
    path = data_root() / folder
    with cache.locked(folder):
        try:
            # The record first: without it, nobody finds the other files.
            (path / cache.RECORD).unlink(missing_ok=True)
            cache.delete_files(path)
            if not any(path.iterdir()):
                path.rmdir()
        except OSError as error:
            raise DataError(
                f"The dataset {name!r} could not be removed ({error.strerror}). "
                f"Check the permissions of {path}."
            ) from error


def _load_imported(name: str, progress: Progress | None, say: Say) -> TwoDomains:
    record = cache.read_record(name) if _exists(name) else None
    if record is None:
        raise _unknown_error(name)
    index = cache.read_index(name, record)
    data, sources = cache.open_data(name, record, index), cache.read_sources(index)
    change = _describe_change(record, index, sources)
    if change is None:
        return data
    try:
        with cache.locked(name, say):
            current = cache.read_record(name)
            if current is not None and current["token"] == record["token"]:
                say(
                    f"The pictures of {name!r} changed since they were imported ({change}). "
                    "Reading them again."
                )
                return reimport(name, record["origin"], Previous(data, sources), progress)
    except DataError as error:
        say(
            f"The pictures of {name!r} changed ({change}) but could not be read again: {error} "
            f"Going on with those of {record['imported']}."
        )
        return data
    return _load_imported(name, progress, say)  # another process imported it meanwhile


def _describe_change(
    record: dict[str, Any], index: dict[str, Any], sources: dict[DomainName, list[SourceFile]]
) -> str | None:
    """Says how the picture files differ from the imported ones.

    Returns:
        None if they do not differ, or if their folders no longer exist.
    """
    new = gone = 0
    for name in DOMAINS:
        try:
            root = Path(record["origin"][name])
            if is_unchanged(root, index["folders"][name], sources[name]):
                continue
            by_category = stat_files(root, find_layout(root))
        except DataError:  # no such folder, or an empty one, as when a disk is not mounted
            return None
        except (KeyError, TypeError, AttributeError) as error:
            raise DamagedDataError("it does not say where its pictures are") from error
        now = {
            (file.path, file.size, file.mtime) for files in by_category.values() for file in files
        }
        before = {(file.path, file.size, file.mtime) for file in sources[name]}
        new += len(now - before)
        gone += len({path for path, *_ in before} - {path for path, *_ in now})
    return f"{new:,} new or changed, {gone:,} gone" if new or gone else None


def _folder_of(name: str) -> str:
    if built_in.is_built_in(name):
        return built_in.folder_name(built_in.parse_count(name))
    return name


def _exists(folder: str) -> bool:
    """Returns whether there is such a dataset. Only slugs ever reach the file system."""
    return bool(cache.SLUG.fullmatch(folder)) and (data_root() / folder / cache.RECORD).is_file()


def _missing_file_error(name: str, error: FileNotFoundError) -> DataError:
    return damaged_error(name, f"the file {Path(error.filename).name} is missing")


def _unknown_error(name: str) -> DataError:
    names = ", ".join(entry["name"] for entry in available())
    return DataError(
        f"There is no dataset named {name!r}. Available datasets: {names}. Import your own with: "
        "python -m fruitlab data import --name NAME --nice DIR --real DIR"
    )
