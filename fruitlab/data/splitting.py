"""Which pictures must stay together, and which of these groups are set aside for testing."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np

from fruitlab.config.errors import DataError


def group_pictures(
    hashes: Sequence[str], keys: Sequence[str | None]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Groups n pictures that must be on the same side of a split.

    Pictures with the same content or the same key are in one group, and so are pictures that are
    connected through others. The key of a picture is the given one, or else its content hash. The
    key of a group is the smallest key of its pictures. A split therefore depends neither on file
    names nor on the order of the pictures.

    Args:
        hashes: ``content_hash`` of each picture.
        keys: Group key of each picture, None for pictures without one.

    Returns:
        The group of each picture, int64 [n], numbered by first appearance; and the key of each
        group.
    """
    parent = list(range(len(hashes)))  # a union-find forest

    def find_root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]  # path halving
            i = parent[i]
        return i

    first_with: dict[tuple[str, str], int] = {}
    for i, (content, key) in enumerate(zip(hashes, keys, strict=True)):
        marks = [("content", content)] if key is None else [("content", content), ("key", key)]
        for mark in marks:
            parent[find_root(i)] = find_root(first_with.setdefault(mark, i))

    number_of: dict[int, int] = {}
    groups = [number_of.setdefault(find_root(i), len(number_of)) for i in range(len(hashes))]
    group_key: dict[int, str] = {}
    for group, content, key in zip(groups, hashes, keys, strict=True):
        picture_key = content if key is None else key
        group_key[group] = min(picture_key, group_key.get(group, picture_key))
    group_keys = tuple(group_key[group] for group in range(len(number_of)))
    return np.array(groups, dtype=np.int64), group_keys


def choose_test_groups(
    cells: np.ndarray,
    groups: np.ndarray,
    group_keys: Sequence[str],
    seed: int | str,
    percent: int = 40,
) -> np.ndarray:
    """Chooses the groups that form the test set, 40% of each cell (paper section 4.3).

    A cell is one category of one domain. The groups are visited in the order of a hash of (seed,
    key). A group becomes part of the test set if that brings the test counts of its cells closer
    to their percentage in total. If every picture is its own group, this yields round(0.4 * n) test
    pictures.

    Args:
        cells: Cell of each picture, int64 [n].
        groups: Group of each picture, int64 [n], indices into ``group_keys``.
        group_keys: Key of each group.
        seed: Seed of the visiting order; with a text, another order.
        percent: Share of each cell that is set aside.

    Returns:
        bool [number of groups], True for test groups.
    """
    members: list[list[int]] = [[] for _ in group_keys]
    for group, cell in zip(groups.tolist(), cells.tolist(), strict=True):
        members[group].append(cell)

    # Counted in hundredths of a picture, so that these are whole numbers: what each cell lacks.
    missing = [percent * size for size in np.bincount(cells).tolist()]
    tested = np.zeros(len(group_keys), dtype=bool)
    order = sorted(
        (blake2b(f"{seed}:{key}".encode()).digest(), group) for group, key in enumerate(group_keys)
    )
    for _, group in order:
        added = {cell: 100 * count for cell, count in Counter(members[group]).items()}
        if sum(abs(missing[cell] - n) - abs(missing[cell]) for cell, n in added.items()) < 0:
            tested[group] = True
            for cell, n in added.items():
                missing[cell] -= n
    return tested


def group_key_finder(pattern: str | None) -> Callable[[str], str | None]:
    """Returns a function from the path of a picture to its group key, None without one.

    Args:
        pattern: Regular expression; its capture groups, or else the whole match, form the key.

    Raises:
        DataError: ``pattern`` is not a regular expression.
    """
    if not pattern:
        return lambda path: None
    try:
        regex = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise DataError(
            f"The group {pattern!r} is not a regular expression ({error}). "
            r"Example: --group '([^/]+)_\d+\.jpg'"
        ) from error

    def find_key(path: str) -> str | None:
        match = regex.search(path)
        if match is None or not match.group():  # a pattern like x* matches nothing everywhere
            return None
        if regex.groups:
            return "\x1f".join(part or "" for part in match.groups())
        return match.group()

    return find_key
