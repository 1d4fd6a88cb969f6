"""The built-in pair in the cache: drawn at first use, named "synthetic" or "synthetic:60"."""

import re

import numpy as np

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress, Say
from fruitlab.data import cache, synthetic
from fruitlab.data.cache import DamagedDataError
from fruitlab.data.cache_writer import Contents, writing
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.domains import DOMAINS, TwoDomains, content_hash

NAME = "synthetic"
PER_CATEGORY = 100  # pictures per category and domain: drawn in under a minute on one core
MIN_PER_CATEGORY, MAX_PER_CATEGORY = 5, 5000


def is_built_in(name: str) -> bool:
    """Returns whether a dataset name means the built-in pair."""
    return name.partition(":")[0] == NAME


def parse_count(name: str) -> int:
    """Returns the pictures per category and domain that a name asks for: 60 for "synthetic:60".

    Raises:
        DataError: It is not a whole number, too small or too large.
    """
    _, colon, count = name.partition(":")
    if not colon:
        return PER_CATEGORY
    limits = range(MIN_PER_CATEGORY, MAX_PER_CATEGORY + 1)
    if not re.fullmatch(r"[0-9]{1,9}", count) or int(count) not in limits:
        raise DataError(
            f'{name!r} is not valid: the number after "{NAME}:" is how many pictures to draw for '
            f"each category and domain, a whole number from {MIN_PER_CATEGORY} to "
            f"{MAX_PER_CATEGORY:,}. Example: {NAME}:60"
        )
    return int(count)


def dataset_name(per_category: int) -> str:
    """Returns the name of the pair with that many pictures per category and domain."""
    return NAME if per_category == PER_CATEGORY else f"{NAME}:{per_category}"


def folder_name(per_category: int) -> str:
    """Returns the folder of that pair below the data root."""
    return f"{NAME}-{per_category}"


def name_of_folder(folder: str) -> str | None:
    """Returns the name of the pair in a folder below the data root, None if it holds other data."""
    match = re.fullmatch(rf"{NAME}-(\d+)", folder)
    return dataset_name(int(match[1])) if match else None


def load(per_category: int, progress: Progress | None, say: Say) -> TwoDomains:
    """Loads the pair from the cache. Draws it if it is missing, damaged or outdated.

    Args:
        per_category: Pictures per category and domain.
        progress: Called with (what is being done, done so far, total).
        say: Receives messages.

    Raises:
        DataError: The cache cannot be written.
    """
    if data := _load_cached(per_category):
        return data
    with cache.locked(folder_name(per_category), say):
        if data := _load_cached(per_category):  # another process drew it while this one waited
            return data
        say(f"Drawing the built-in pair once, {per_category:,} pictures per category and domain.")
        return _draw(per_category, progress)


def _origin(per_category: int) -> dict[str, int]:
    return {"per_category": per_category, "version": synthetic.VERSION}


def _load_cached(per_category: int) -> TwoDomains | None:
    folder = folder_name(per_category)
    try:
        record = cache.read_record(folder)
        if record is None or record["origin"] != _origin(per_category):
            return None
        return cache.open_data(folder, record, cache.read_index(folder, record))
    except (DamagedDataError, FileNotFoundError, KeyError):  # drawing it again restores it
        return None


def _draw(per_category: int, progress: Progress | None) -> TwoDomains:
    nice, real, labels = synthetic.draw_pair(per_category, progress=progress)
    contents = Contents("drawn", dict(_origin(per_category)), categories=list(CATEGORIES))
    with writing(dataset_name(per_category), folder_name(per_category)) as writer:
        for domain, images in zip(DOMAINS, (nice, real), strict=True):
            drawn = [0] * len(CATEGORIES)
            for row in np.argsort(labels, kind="stable").tolist():
                label = int(labels[row])
                writer.append(domain, images[row])
                contents.domains[domain].add(
                    label=label,
                    path=f"{CATEGORIES[label]}/{drawn[label]:04d}",
                    content=content_hash(images[row]),
                )
                drawn[label] += 1
        return writer.commit(contents)
