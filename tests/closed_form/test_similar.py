"""Similar pictures against brute force, and groups against a search by hand."""

import numpy as np
import pytest

from fruitlab.closed_form import similar
from fruitlab.closed_form.similar import Pairs, groups, similar_pairs


def test_pairs_are_those_of_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "BLOCK", 7)
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(20, 16)) + 5, 2, axis=0)
    features += 0.15 * rng.normal(size=features.shape)
    features = features.astype(np.float16)
    centred = features.astype(float) - features.astype(float).mean(0)
    expected = {
        (i, j)
        for i in range(40)
        for j in range(i + 1, 40)
        if centred[i] @ centred[j] / np.linalg.norm(centred[i]) / np.linalg.norm(centred[j]) >= 0.9
    }
    found = similar_pairs(features)
    assert len(expected) > 15
    assert sorted(zip(found.first.tolist(), found.second.tolist(), strict=True)) == sorted(expected)
    assert (found.similarity >= 0.9).all()


def test_pictures_that_are_all_the_same_have_no_direction() -> None:
    assert len(similar_pairs(np.ones((5, 4))).first) == 0


def pairs(*found: tuple[int, int, float]) -> Pairs:
    first, second, similarity = map(np.array, zip(*found, strict=True))
    return Pairs(first, second, similarity.astype(np.float32))


def sets(found: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(found == group).tolist()) for group in found}


def test_connected_pictures_are_one_group() -> None:
    labels = np.array([0] * 4 + [1] * 6)
    found = groups(pairs((0, 1, 0.95), (4, 5, 0.91), (5, 6, 0.99)), labels, np.arange(10))
    assert sets(found) == {frozenset(s) for s in ({0, 1}, {2}, {3}, {4, 5, 6}, {7}, {8}, {9})}


def test_group_of_most_of_a_category_is_divided_where_it_is_weakest() -> None:
    chain = [(i, i + 1, 0.99 if i % 4 != 3 else 0.93) for i in range(11)]
    labels = np.zeros(12, np.int64)
    found = groups(pairs(*chain), labels, np.arange(12))
    assert sets(found) == {frozenset(range(s, s + 4)) for s in (0, 4, 8)}


def test_earlier_groups_are_never_divided() -> None:
    labels, together = np.zeros(6, np.int64), np.array([0, 0, 0, 0, 1, 2])
    assert sets(groups(pairs((4, 5, 0.95)), labels, together)) == {
        frozenset({0, 1, 2, 3}),
        frozenset({4, 5}),
    }
