"""All data sets by name: loaded from disk, read again when their pictures changed, drawn when they are the built-in ones."""

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Progress, Say
from fruitlab.data import cache, synthetic
from fruitlab.data.cache import Contents, Damaged, Source
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.domains import NAMES, TwoDomains, content_hash
from fruitlab.data.importing import Previous, reimport
from fruitlab.data.matching import look, scan, untouched

__all__ = ["available", "data_root", "here", "load", "opened", "remove"]

BUILT_IN = "synthetic"
PER_CATEGORY, FEWEST, MOST = (
    100,
    5,
    5000,
)  # built-in pictures a category and domain: drawn in under a minute on one core; limits


def load(name: str, *, progress: Progress | None = None, say: Say | None = None) -> TwoDomains:
    """The data set of that name, images as read-only memmaps: under a second for 18,000 pictures.

    "synthetic" and "synthetic:60" are the built-in pair with 100 or 60 pictures a category and domain, drawn at first use. An
    imported one whose picture files were added, removed or changed since is imported again, decoding only those; where its folders
    are gone it is used as it is. `progress` gets (what, done, in all), `say` a sentence on anything out of the ordinary.
    Raises DataError: no such data, damaged, written by a newer version.
    """
    say = say or (lambda sentence: None)
    if name.partition(":")[0] == BUILT_IN:
        return _load_drawn(_drawn_count(name), progress, say)
    for attempts_left in (2, 1, 0):
        try:
            return _load_imported(name, progress, say)
        except FileNotFoundError as error:  # replaced just between our reading data.json and the files it names: look again
            if not attempts_left:
                raise _damaged(name, f"a file is missing ({Path(error.filename).name})") from error
        except Damaged as error:
            raise _damaged(name, str(error)) from error
    raise AssertionError("unreachable")


def opened(name: str) -> TwoDomains | None:
    """The data as it lies on this machine, for looking at: nothing is drawn, and no picture file is asked whether it changed.

    None where it is not here. Raises DataError: damaged, written by a newer version, or a count that cannot be drawn.
    """
    folder = _drawn_folder(_drawn_count(name)) if name.partition(":")[0] == BUILT_IN else name
    if not _exists(folder):
        return None
    try:
        record = cache.read_record(folder)
        return (
            None
            if record is None
            else cache.open_data(folder, record, cache.read_index(folder, record))
        )
    except FileNotFoundError as error:
        raise _damaged(name, f"a file is missing ({Path(error.filename).name})") from error
    except Damaged as error:
        raise _damaged(name, str(error)) from error


def here(name: str) -> bool:
    """Whether a run on that data can start on this machine; the built-in pair always can, as it is drawn when needed."""
    return name.partition(":")[0] in {pair["name"] for pair in available() if not pair["problem"]}


def available() -> list[dict[str, Any]]:
    """Every data set, the built-in pair first: name, kind, categories, counts {category: {nice, real}}, fingerprint, imported (UTC time,
    None while the built-in pair has not been drawn), nice and real (its folders, None for drawn ones), folders_there, and
    problem: None, or the sentence that says why it cannot be loaded."""
    found = {
        BUILT_IN: {
            "name": BUILT_IN,
            "kind": "drawn",
            "categories": list(CATEGORIES),
            "fingerprint": None,
            "imported": None,
            "counts": {category: dict.fromkeys(NAMES, PER_CATEGORY) for category in CATEGORIES},
            "nice": None,
            "real": None,
            "folders_there": None,
            "problem": None,
        }
    }
    for path in sorted(data_root().glob(f"*/{cache.RECORD}")):
        folder = path.parent.name
        name = (
            _drawn_name(int(folder.rpartition("-")[2]))
            if re.fullmatch(rf"{BUILT_IN}-\d+", folder)
            else folder
        )
        try:
            record = cache.read_record(folder)
            if record is not None:
                found[name] = _described(record)
        except DataError as error:
            problem = str(_damaged(name, str(error)) if isinstance(error, Damaged) else error)
            found[name] = {
                "name": name,
                "kind": None,
                "categories": [],
                "counts": {},
                "fingerprint": None,
                "imported": None,
                "nice": None,
                "real": None,
                "folders_there": None,
                "problem": problem,
            }
    return list(found.values())


def remove(name: str) -> None:
    """Deletes a data set's arrays (never the picture folders it came from). Raises DataError if there is none of that name."""
    folder = _drawn_folder(_drawn_count(name)) if name.partition(":")[0] == BUILT_IN else name
    if not _exists(folder):
        raise _unknown(name)
    with cache.locked(folder):
        try:
            (data_root() / folder / cache.RECORD).unlink(
                missing_ok=True
            )  # first: from here on nobody finds the rest
            cache.delete_ours(data_root() / folder)
            if not any((data_root() / folder).iterdir()):
                (data_root() / folder).rmdir()
        except OSError as error:
            raise DataError(
                f"The data {name!r} could not be removed ({error.strerror}): "
                f"check that {data_root() / folder} may be written."
            ) from error


def _load_imported(name: str, progress: Progress | None, say: Say) -> TwoDomains:
    record = cache.read_record(name) if _exists(name) else None
    if record is None:
        raise _unknown(name)
    index = cache.read_index(name, record)
    data, sources = cache.open_data(name, record, index), cache.read_sources(index)
    change = _change(record, index, sources)
    if change is None:
        return data
    try:
        with cache.locked(name, say):
            now = cache.read_record(name)
            if now is not None and now["token"] == record["token"]:
                say(
                    f"The pictures of {name!r} changed since they were imported ({change}): reading them again."
                )
                return reimport(name, record["origin"], Previous(data, sources), progress)
    except DataError as error:
        say(
            f"The pictures of {name!r} changed ({change}) but could not be read again: {error} Going on with those of {record['imported']}."
        )
        return data
    return _load_imported(name, progress, say)  # another process did it while this one waited


def _change(
    record: dict[str, Any], index: dict[str, Any], sources: dict[str, list[Source]]
) -> str | None:
    """How the picture files differ from those that were imported; None if not at all, or if their folders are gone."""
    new = gone = 0
    for name in NAMES:
        try:
            root = Path(record["origin"][name])
            if untouched(root, index["folders"][name], sources[name]):
                continue
            files = {
                (file.path, file.size, file.mtime)
                for files in scan(root, look(root)).values()
                for file in files
            }
        except DataError:  # no such folder, or an empty one, as when a disk is not mounted
            return None
        except (KeyError, TypeError, AttributeError) as error:
            raise Damaged("it does not say where its pictures are") from error
        before = {(file.path, file.size, file.mtime) for file in sources[name]}
        new += len(files - before)
        gone += len({path for path, *_ in before} - {path for path, *_ in files})
    return f"{new:,} new or changed, {gone:,} gone" if new or gone else None


def _load_drawn(per_category: int, progress: Progress | None, say: Say) -> TwoDomains:
    name, folder = _drawn_name(per_category), _drawn_folder(per_category)
    origin = {"per_category": per_category, "version": synthetic.VERSION}

    def cached() -> TwoDomains | None:
        try:
            record = cache.read_record(folder)
            if record is None or record["origin"] != origin:
                return None
            return cache.open_data(folder, record, cache.read_index(folder, record))
        except (Damaged, FileNotFoundError, KeyError):  # nothing is lost: it is drawn again
            return None

    if data := cached():
        return data
    with cache.locked(folder, say):
        if data := cached():  # another process drew it while this one waited
            return data
        say(
            f"Drawing the built-in pictures, {per_category:,} a category and domain; this is done once."
        )
        nice, real, labels = synthetic.draw_pair(per_category, progress=progress)
        with cache.writing(name, folder) as writer:
            contents = Contents(kind="drawn", origin=origin, categories=list(CATEGORIES))
            for domain, images in zip(NAMES, (nice, real), strict=True):
                number = dict.fromkeys(range(len(CATEGORIES)), 0)
                for row in np.argsort(labels, kind="stable").tolist():
                    label = int(labels[row])
                    writer.append(domain, images[row])
                    contents.add(
                        domain,
                        label=label,
                        path=f"{CATEGORIES[label]}/{number[label]:04d}",
                        content=content_hash(images[row]),
                    )
                    number[label] += 1
            return writer.commit(contents)


def _drawn_count(name: str) -> int:
    head, colon, count = name.partition(":")
    if not colon:
        return PER_CATEGORY
    if not re.fullmatch(r"[0-9]{1,9}", count) or not FEWEST <= int(count) <= MOST:
        raise DataError(
            f'{name!r}: after "{head}:" comes how many pictures to draw for each category and domain, '
            f"a whole number from {FEWEST} to {MOST:,}; {head}:60 for example."
        )
    return int(count)


def _drawn_name(per_category: int) -> str:
    return BUILT_IN if per_category == PER_CATEGORY else f"{BUILT_IN}:{per_category}"


def _drawn_folder(per_category: int) -> str:
    return f"{BUILT_IN}-{per_category}"


def _exists(folder: str) -> bool:
    """Whether there is such data. Anything but a slug never reaches the file system."""
    return bool(cache.SLUG.fullmatch(folder)) and (data_root() / folder / cache.RECORD).is_file()


def _described(record: dict[str, Any]) -> dict[str, Any]:
    try:
        origin = record["origin"]
        nice, real = origin.get("nice"), origin.get("real")
        return {
            "name": record["name"],
            "kind": record["kind"],
            "categories": list(record["categories"]),
            "counts": record["counts"],
            "fingerprint": record["fingerprint"],
            "imported": record["imported"],
            "nice": nice,
            "real": real,
            "folders_there": Path(nice).is_dir() and Path(real).is_dir() if nice else None,
            "problem": None,
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"its {cache.RECORD} is not as it was written") from error


def _damaged(name: str, what: str) -> DataError:
    folders = {"nice": "DIR", "real": "DIR"}
    try:
        folders |= {
            domain: shlex.quote(cache.read_record(name)["origin"][domain]) for domain in NAMES
        }
    except (DataError, KeyError, TypeError, AttributeError):
        pass
    return DataError(
        f"The data {name!r} is damaged: {what}. Import its pictures again: python -m fruitlab data import --name {name} "
        f"--nice {folders['nice']} --real {folders['real']} --replace"
    )


def _unknown(name: str) -> DataError:
    there = ", ".join(entry["name"] for entry in available())
    return DataError(
        f"There is no data named {name!r}. There is: {there}. Bring your own with: "
        "python -m fruitlab data import --name NAME --nice DIR --real DIR"
    )
