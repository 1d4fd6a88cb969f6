"""Pictures that are nearly the same: frames of one video, crops, mirrored and edited copies.

Two pictures are similar if the angle between their features is small. The features are centred
first; without that all pictures of one domain are alike. The threshold of 0.9 was chosen by looking
at 230 pairs of real photos (EfficientNet-Lite0, docs/data-check.md): above it most show one photo
or one shelf twice, from 0.88 to 0.9 about half, and below that most show the same kind of thing.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

THRESHOLD = 0.9
STEP = 0.01
LARGEST = 0.5  # share of a category that one group may have: less than that must be left to test
BLOCK = 1024  # pictures that are compared at a time with as many others


@dataclass(frozen=True, eq=False)
class Pairs:
    """Similar pictures, each pair once.

    Attributes:
        first, second: places of the pictures, int64 [m], first < second.
        similarity: cosine of their centred features, float32 [m].
    """

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray


def directions(features: np.ndarray) -> np.ndarray:
    """Centred features of length 1, float32 [n, features]; zeros where there is no direction."""
    centred = features.astype(np.float32)
    centred -= centred.mean(0)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.where(length > 0, length, 1)


def similar_pairs(features: np.ndarray, threshold: float = THRESHOLD) -> Pairs:
    """All pairs whose cosine is at least the threshold.

    Half of all products are computed, in blocks: 4 seconds for 9,400 pictures on one core (AMD
    EPYC, 1,280 features).

    Args:
        features: of the pictures of one domain, float [n, features].
    """
    unit, found = directions(features), []
    for top in range(0, len(unit), BLOCK):
        for left in range(top, len(unit), BLOCK):
            cosine = unit[top : top + BLOCK] @ unit[left : left + BLOCK].T
            row, column = np.nonzero(cosine >= threshold)
            keep = row + top < column + left
            row, column = row[keep], column[keep]
            found.append((row + top, column + left, cosine[row, column]))
    empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return Pairs(*map(np.concatenate, zip(empty, *found, strict=True)))


def groups(pairs: Pairs, labels: np.ndarray, together: np.ndarray) -> np.ndarray:
    """Groups of similar pictures, int64 [n].

    Pictures that are connected through others are in one group. The frames of one video can make
    up a whole category, which could then not be split. So a group with more than `LARGEST` of a
    category is divided: among its pictures, the threshold rises by `STEP` until it falls apart.

    Args:
        pairs: from `similar_pairs`.
        labels: int [n].
        together: groups that the pictures have already, int [n]; these are never divided.
    """
    count, sizes = len(labels), np.bincount(labels)
    chain = np.argsort(together, kind="stable")
    linked = together[chain[1:]] == together[chain[:-1]]
    fixed = chain[:-1][linked], chain[1:][linked]
    needed = np.full(count, -1.0)  # similarity that a picture's pairs must have
    while True:
        strong = pairs.similarity >= np.maximum(needed[pairs.first], needed[pairs.second])
        row = np.concatenate([pairs.first[strong], fixed[0]])
        column = np.concatenate([pairs.second[strong], fixed[1]])
        edges = coo_array((np.ones(len(row)), (row, column)), shape=(count, count))
        number, found = connected_components(edges, directed=False)
        shares = np.zeros((number, len(sizes)))
        np.add.at(shares, (found, labels), 1)
        too_large = np.any(shares > LARGEST * np.maximum(sizes, 1), axis=1)
        large = np.asarray(too_large)[found] & (needed <= 1)
        if not large.any():
            return found.astype(np.int64)
        low = pairs.similarity.min(initial=1)
        needed[large] = np.where(needed[large] < 0, low, needed[large]) + STEP
