"""Describes every dataset on this machine, whether it can be loaded or not."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import built_in, cache
from fruitlab.data.cache import DamagedDataError
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.domains import DOMAINS


def available() -> list[dict[str, Any]]:
    """Describes every dataset on this machine, the built-in pair first.

    Returns:
        Dictionaries with these keys:
            name: Name of the dataset.
            kind: "photographs" or "drawn".
            categories: Category names.
            counts: {category: {"nice": pictures, "real": pictures}}.
            fingerprint: See ``domains.fingerprint_of``.
            imported: Time of the import in UTC; None if the built-in pair is not drawn yet.
            nice, real: Folders that it was imported from, None if it was drawn.
            folders_there: Whether these folders still exist, None if it was drawn.
            problem: Why it cannot be loaded, None if it can.
    """
    built_in_counts = {
        category: dict.fromkeys(DOMAINS, built_in.PER_CATEGORY) for category in CATEGORIES
    }
    found = {
        built_in.NAME: _description(
            built_in.NAME, kind="drawn", categories=list(CATEGORIES), counts=built_in_counts
        )
    }
    for path in sorted(data_root().glob(f"*/{cache.RECORD}")):
        folder = path.parent.name
        if not cache.SLUG.fullmatch(folder):  # no dataset of ours
            continue
        name = built_in.name_of_folder(folder) or folder
        try:
            record = cache.read_record(folder)
            if record is not None and record["name"] != name:
                raise DamagedDataError(f"its {cache.RECORD} is of another dataset")
            if record is not None:
                found[name] = _describe_record(record)
        except DamagedDataError as error:
            found[name] = _description(name, problem=str(damaged_error(name, str(error))))
        except DataError as error:
            found[name] = _description(name, problem=str(error))
    return list(found.values())


def local_name(
    name: str, fingerprint: str | None, known: Mapping[str, str | None] | None = None
) -> str | None:
    """Returns the name on this machine of the data that a run or a link names.

    Args:
        name: The name where the run was trained.
        fingerprint: The hash of its pictures, if known. Data with this hash is the same data,
            whatever its name.
        known: Hashes of the data on this machine by name; by default they are read.

    Returns:
        The name of the data with this hash. Otherwise the given name, if there is data of that
        name, which may have other pictures, or if it means the built-in pair. Otherwise None.
    """
    if known is None:
        known = {entry["name"]: entry["fingerprint"] for entry in available()}
    same = [other for other in known if fingerprint and known[other] == fingerprint]
    if same and name not in same:
        return same[0]
    return name if name in known or built_in.is_built_in(name) else None


def damaged_error(name: str, what: str) -> DataError:
    """Returns the error for a damaged dataset, with the command that imports it again.

    Args:
        name: Name of the dataset.
        what: What is wrong with it, such as "its index cannot be read".
    """
    folders = {"nice": "DIR", "real": "DIR"}
    try:
        record = cache.read_record(name) or {}
        folders = {domain: shlex.quote(record["origin"][domain]) for domain in DOMAINS}
    except (DataError, KeyError, TypeError, AttributeError):
        pass
    return DataError(
        f"The dataset {name!r} is damaged: {what}. Import its pictures again: "
        f"python -m fruitlab data import --name {name} "
        f"--nice {folders['nice']} --real {folders['real']} --replace"
    )


def _description(name: str, **known: Any) -> dict[str, Any]:
    unknown: dict[str, Any] = {
        "kind": None,
        "categories": [],
        "fingerprint": None,
        "imported": None,
        "counts": {},
        "nice": None,
        "real": None,
        "folders_there": None,
        "problem": None,
    }
    return {"name": name} | unknown | known


def _describe_record(record: dict[str, Any]) -> dict[str, Any]:
    nice, real = record["origin"].get("nice"), record["origin"].get("real")
    return _description(
        record["name"],
        kind=record["kind"],
        categories=list(record["categories"]),
        fingerprint=record["fingerprint"],
        imported=record["imported"],
        counts=record["counts"],
        nice=nice,
        real=real,
        folders_there=_is_folder(nice) and _is_folder(real) if nice and real else None,
    )


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # too long, or with a null byte
        return False
