"""Splits against a slow, literal implementation of the rule.

It merges groups repeatedly and computes with exact fractions.
"""

from fractions import Fraction
from hashlib import blake2b

import numpy as np
import pytest
from datasets import Picture, build, distinct_pictures, hashes_in_test

from fruitlab.config.errors import DataError
from fruitlab.data.domains import DOMAINS
from fruitlab.data.splitting import group_pictures

CELLS = [(domain, label) for domain in DOMAINS for label in range(2)]


def slow_components(pictures: list[Picture]) -> list[int]:
    """Returns the group of each picture: those with the same content or key are merged."""
    component = list(range(len(pictures)))
    merged = True
    while merged:
        merged = False
        for i, a in enumerate(pictures):
            for j, b in enumerate(pictures):
                connected = a[2] == b[2] or (a[3] is not None and a[3] == b[3])
                if connected and component[i] != component[j]:
                    low, high = sorted((component[i], component[j]))
                    component = [low if c == high else c for c in component]
                    merged = True
    return component


def slow_test_side(pictures: list[Picture], seed: int) -> list[bool]:
    """Returns whether each picture is a test picture."""
    component = slow_components(pictures)
    members = {c: [i for i in range(len(pictures)) if component[i] == c] for c in set(component)}
    key = {
        c: min(pictures[i][2] if pictures[i][3] is None else pictures[i][3] for i in rows)
        for c, rows in members.items()
    }
    totals: dict[tuple[str, int], int] = {}
    for domain, label, *_ in pictures:
        totals[domain, label] = totals.get((domain, label), 0) + 1
    test = dict.fromkeys(totals, 0)

    def distance(counts):
        return sum(abs(counts[cell] - Fraction(2, 5) * n) for cell, n in totals.items())

    side = [False] * len(pictures)
    for c in sorted(members, key=lambda c: blake2b(f"{seed}:{key[c]}".encode()).digest()):
        after = dict(test)
        for i in members[c]:
            after[pictures[i][:2]] += 1
        if distance(after) < distance(test):
            test = after
            for i in members[c]:
                side[i] = True
    return side


def contents_and_keys(pictures: list[Picture], chosen: list[bool]) -> set[str]:
    """Returns the contents and group keys of the chosen pictures."""
    return {
        mark
        for picture, is_chosen in zip(pictures, chosen, strict=True)
        if is_chosen
        for mark in picture[2:]
        if mark
    }


@pytest.mark.parametrize("seed", range(8))
def test_split_of_random_data_follows_the_rule(seed):
    rng = np.random.default_rng(seed)
    contents = [f"{i:016x}" for i in rng.permutation(70)]  # many copies among 110 pictures
    pictures = [
        (
            str(rng.choice(["nice", "real"])),
            int(rng.integers(3)),
            str(rng.choice(contents)),
            f"product {rng.integers(12)}" if rng.random() < 0.3 else None,
        )
        for _ in range(110)
    ]
    # Enough distinct pictures that no cell is left without training or test pictures.
    pictures += distinct_pictures({(domain, label): 4 for domain in DOMAINS for label in range(3)})
    expected, data = slow_test_side(pictures, seed), build(pictures, 3)
    split = data.split(seed)
    for name in DOMAINS:
        assert hashes_in_test(data, split)[name] == sorted(
            picture[2]
            for picture, test in zip(pictures, expected, strict=True)
            if test and picture[0] == name
        )
        train, test = split.indices(name, "train"), split.indices(name, "test")
        assert train.dtype == test.dtype == np.int64
        assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()
        assert sorted([*train, *test]) == list(range(len(data.domain(name).labels)))

    # No content and no product is on both sides, whatever its domain and category.
    tested = contents_and_keys(pictures, expected)
    trained = contents_and_keys(pictures, [not test for test in expected])
    assert tested and trained and not tested & trained


@pytest.mark.parametrize("n", [2, 3, 4, 5, 7, 20, 21, 22, 23, 24, 166, 420])
def test_distinct_pictures_are_split_at_40_percent_rounded(n):
    counts = {("nice", 0): n, ("real", 0): 50, ("nice", 1): 13, ("real", 1): n}
    data = build(distinct_pictures(counts), 2)
    counts = data.counts(data.split(3))
    expected = {"test": round(0.4 * n), "train": n - round(0.4 * n)}
    assert counts["c0"]["nice"] == counts["c1"]["real"] == expected
    assert counts["c0"]["real"]["test"] == 20 and counts["c1"]["nice"]["test"] == 5


def test_split_depends_on_neither_order_nor_names():
    pictures = [
        *distinct_pictures(dict.fromkeys(CELLS, 30)),
        ("nice", 0, "f" * 16, "p"),
        ("real", 1, "e" * 16, "p"),
    ]
    shuffled = [pictures[i] for i in np.random.default_rng(0).permutation(len(pictures))]
    one, two = build(pictures, 2), build(shuffled, 2)
    assert hashes_in_test(one, one.split(5)) == hashes_in_test(two, two.split(5))


def test_seeds_differ_and_their_splits_never_change():
    data = build(distinct_pictures(dict.fromkeys(CELLS, 10)), 2)
    test = hashes_in_test(data, data.split(0))
    assert test != hashes_in_test(data, data.split(1))
    # A change of these values breaks every link and every published figure.
    assert blake2b(repr(test).encode(), digest_size=8).hexdigest() == "b9a604e6c71c6a09"
    assert data.fingerprint == "fb36bb08807f437d"


def test_one_more_picture_hardly_changes_the_split():
    # Keys are hashed independently, so at most one picture changes sides.
    pictures = distinct_pictures({("nice", 0): 100, ("real", 0): 100})
    one, two = build(pictures, 1), build([("nice", 0, "0" * 16, None), *pictures], 1)
    before, after = (set(hashes_in_test(data, data.split(0))["nice"]) for data in (one, two))
    assert len(before) == len(after) == 40 and len(before & after) >= 39


def test_copies_stay_together_across_domains_and_categories():
    pictures = distinct_pictures(dict.fromkeys(CELLS, 20))
    copies = [("nice", 0, "a" * 16, None), ("real", 1, "a" * 16, None), ("real", 0, "a" * 16, None)]
    data = build(pictures + copies, 2)
    for seed in range(12):
        split = data.split(seed)
        sides = {
            side
            for name in DOMAINS
            for side in ("train", "test")
            for i in split.indices(name, side)
            if data.domain(name).hashes[i] == "a" * 16
        }
        assert len(sides) == 1


def test_group_numbers_and_keys():
    groups, keys = group_pictures(["c", "a", "b", "a", "d"], [None, None, "z", "z", None])
    assert groups.tolist() == [0, 1, 1, 1, 2] and groups.dtype == np.int64
    assert keys == ("c", "a", "d")  # the smallest of a, z and z


def test_a_category_of_one_group_is_reported():
    pictures = [
        *distinct_pictures({("nice", 0): 20, ("real", 0): 20, ("nice", 1): 20}),
        *[("real", 1, "b" * 16, None)] * 20,
    ]
    message = r"c1 has no real test pictures: all its 20 pictures belong to one group"
    with pytest.raises(DataError, match=message):
        build(pictures, 2).split(0)


def test_a_category_without_enough_pictures_is_reported():
    counts = {("nice", 0): 20, ("real", 0): 20, ("nice", 1): 20}
    with pytest.raises(DataError, match=r"c1 has no real .*: it has no real pictures at all"):
        build(distinct_pictures(counts), 2).split(0)
    with pytest.raises(DataError, match=r"c0 has no nice test pictures: it has only one nice"):
        build(distinct_pictures({("nice", 0): 1, ("real", 0): 20}), 1).split(0)


@pytest.mark.parametrize("percent", [10, 25])
def test_validation_pictures_come_from_the_training_pictures(percent):
    pictures = distinct_pictures(dict.fromkeys(CELLS, 40))
    copies = [("nice", 0, "a" * 16, None), ("real", 1, "a" * 16, None)]
    data = build(pictures + copies, 2)
    plain, held = data.split(3), data.split(3, percent)
    for name in DOMAINS:
        before = set(plain.indices(name, "train").tolist())
        train, chosen = (set(held.indices(name, side).tolist()) for side in ("train", "test"))
        assert train | chosen == before and not train & chosen
        labels = data.domain(name).labels[sorted(chosen)]
        assert np.abs(np.bincount(labels, minlength=2) - 24 * percent / 100).max() <= 1
    again = data.split(3, percent)
    assert np.array_equal(held.real_test, again.real_test)
    assert not np.array_equal(held.real_test, data.split(4, percent).real_test)
    copied = [i for i, h in enumerate(data.nice.hashes) if h == "a" * 16]
    twin = [i for i, h in enumerate(data.real.hashes) if h == "a" * 16]
    in_validation = [copied[0] in held.nice_test, twin[0] in held.real_test]
    assert in_validation[0] == in_validation[1]  # copies stay together
