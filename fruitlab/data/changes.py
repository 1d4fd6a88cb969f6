"""Changes to an imported dataset: pictures that are left out, and pictures that stay together.

Both are kept in its record, so they survive when changed picture files are read again. The picture
files themselves are never touched. A changed dataset has another fingerprint.
"""

from collections.abc import Collection, Mapping
from typing import Any

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress
from fruitlab.data import cache
from fruitlab.data.domains import TwoDomains
from fruitlab.data.importing import reimport
from fruitlab.data.reading import SIMILAR, Previous


def excluded(name: str) -> tuple[str, ...]:
    """Returns the content hashes of the pictures that were left out of a dataset."""
    record = cache.read_record(name)
    return tuple(record["origin"].get("excluded", ())) if record else ()


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
    return _change(name, progress, excluded=sorted({*excluded(name), *hashes}))


def include_all(name: str, progress: Progress | None = None) -> TwoDomains:
    """Takes back every ``exclude``. The fingerprint is the earlier one again.

    Raises:
        DataError: As ``exclude``.
    """
    return _change(name, progress, excluded=[])


def group(name: str, keys: Mapping[str, str], progress: Progress | None = None) -> TwoDomains:
    """Keeps pictures with the same key on one side of every split, in place of earlier groups.

    Args:
        name: Name of an imported dataset.
        keys: Content hash -> key; pictures without one are groups of their own.
        progress: Called with (what is being done, done so far, total).

    Raises:
        DataError: As ``exclude``.
    """
    return _change(name, progress, keys, group=SIMILAR)


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
