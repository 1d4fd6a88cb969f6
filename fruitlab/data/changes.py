"""Changes to an imported dataset: pictures that are left out, and pictures that stay together.

Both are kept in its record, so they survive when changed picture files are read again. The picture
files themselves are never touched. A changed dataset has another fingerprint.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, changes
from fruitlab.config.progress import Progress
from fruitlab.data import cache
from fruitlab.data.domains import TwoDomains
from fruitlab.data.importing import reimport
from fruitlab.data.owned import Dataset
from fruitlab.data.reading import Previous


@dataclass(frozen=True)
class Changes:
    """How a dataset differs from its import.

    Attributes:
        excluded: ``content_hash`` of each picture that was left out.
        similar: Whether similar pictures are kept together.
    """

    excluded: tuple[str, ...] = ()
    similar: bool = False


def made(name: str) -> Changes:
    """Returns the changes of a dataset. Raises DataError if it is damaged."""
    origin = (cache.read_record(name) or {}).get("origin", {})
    return Changes(tuple(origin.get("excluded", ())), origin.get("similar", False))


def exclude(name: str, hashes: Collection[str], progress: Progress | None = None) -> TwoDomains:
    """Leaves pictures out of a dataset, in addition to those that are left out already.

    Args:
        name: Name of an imported dataset.
        hashes: ``content_hash`` of each picture.
        progress: Called with (what is being done, done so far, total).

    Raises:
        DataError: It was not imported, its picture folders are gone, or the rest cannot be split.
            The dataset stays as it was.
    """
    return _change(name, progress, excluded=sorted({*made(name).excluded, *hashes}))


def include_all(name: str, progress: Progress | None = None) -> TwoDomains:
    """Takes back every ``exclude``. The fingerprint is the earlier one again.

    Raises:
        DataError: As ``exclude``.
    """
    return _change(name, progress, excluded=[])


def group(name: str, keys: Mapping[str, str], progress: Progress | None = None) -> TwoDomains:
    """Keeps pictures with the same key on one side of every split.

    Args:
        name: Name of an imported dataset.
        keys: Content hash -> key; pictures without one are grouped as in the import.
        progress: Called with (what is being done, done so far, total).

    Raises:
        DataError: As ``exclude``.
    """
    return _change(name, progress, keys, similar=True)


def ungroup(name: str, progress: Progress | None = None) -> TwoDomains:
    """Takes back ``group``. Groups of the import stay.

    Raises:
        DataError: As ``exclude``.
    """
    return _change(name, progress, similar=False)


@changes(Action.CHANGE_DATA, lambda given: Dataset(given["name"]))
def _change(
    name: str, progress: Progress | None, keys: Mapping[str, str] | None = None, **origin: Any
) -> TwoDomains:
    with cache.locked(name):
        record = cache.read_record(name)
        if record is None or "nice" not in record["origin"]:
            raise DataError(f"{name!r} is not an imported dataset, so it cannot be changed.")
        index = cache.read_index(name, record)
        data, sources = cache.open_data(name, record, index), cache.read_sources(index)
        changed = record["origin"] | origin
        return reimport(name, changed, Previous(data, sources, keys), progress)
