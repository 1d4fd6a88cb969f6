"""Corrections of a solved head against ridge regression on all pictures from the beginning."""

import numpy as np
import pytest

from fruitlab.closed_form.corrections import STEP, Solution
from fruitlab.closed_form.leave_one_out import Pictures
from fruitlab.closed_form.path import Path, scores

RATIO, RIDGE, CATEGORIES, SIZE = 0.7, 0.05, 4, 12


@pytest.fixture(scope="module")
def domains():
    rng = np.random.default_rng(0)
    made = []
    for count, shift in ((60, 0.0), (45, 3.0)):
        labels = rng.integers(0, CATEGORIES, count)
        centres = np.random.default_rng(5).normal(size=(CATEGORIES, SIZE))
        features = shift + centres[labels] + rng.normal(0, 1.5, (count, SIZE))
        made.append(Pictures.of(features, labels, CATEGORIES))
    return made


@pytest.fixture(scope="module")
def solution(domains):
    return Solution.of(Path(*(d.statistics(CATEGORIES) for d in domains), RIDGE), RATIO)


@pytest.fixture(scope="module")
def corrections():
    rng = np.random.default_rng(1)
    return rng.normal(2, 2, (7, SIZE)), rng.integers(0, CATEGORIES + 2, 7)


def solved_at_once(domains, features, labels, categories):
    """Ridge regression as weighted least squares with the penalty as rows: no formula of ours.

    The standardization is that of the training pictures, and a correction alone moves its own
    scores half of the way: its weight is found by bisection.
    """
    mean = np.mean([d.features.mean(0) for d in domains], axis=0)
    square = np.mean([(d.features**2).mean(0) for d in domains], axis=0)
    scale = np.sqrt(square - mean**2)

    def z(x):
        return np.column_stack([(x - mean) / scale, np.ones(len(x))])

    rows, targets, weights = [], [], []
    for domain, share in zip(domains, (1 - RATIO, RATIO), strict=True):
        rows.append(z(domain.features))
        targets.append(np.eye(categories)[domain.labels])
        weights.append(np.full(len(domain.labels), share / len(domain.labels)))
    penalty = np.eye(SIZE + 1)[:-1]
    rows.append(penalty)
    targets.append(np.zeros((SIZE, categories)))
    weights.append(np.full(SIZE, RIDGE))

    def fit(more, labels, found):
        a = np.concatenate([*rows, z(more)])
        y = np.concatenate([*targets, np.eye(categories)[labels]])
        root = np.sqrt(np.concatenate([*weights, found]))[:, None]
        return np.linalg.lstsq(root * a, root * y, rcond=None)[0]

    before = fit(features[:0], labels[:0], [])

    def weight_of(i):
        one, low, high = slice(i, i + 1), 0.0, 1e3
        start = (z(features[one]) @ before)[0]
        goal = start + STEP * (np.eye(categories)[labels[i]] - start)
        for _ in range(200):
            middle = (low + high) / 2
            moved = (z(features[one]) @ fit(features[one], labels[one], [middle]))[0]
            far = np.abs(moved - start).sum() > np.abs(goal - start).sum()
            low, high = (low, middle) if far else (middle, high)
        return low

    head = fit(features, labels, [weight_of(i) for i in range(len(labels))])
    return lambda x: z(x) @ head


def test_learning_is_solving_with_the_pictures_from_the_beginning(domains, solution, corrections):
    features, labels = corrections
    expected = solved_at_once(domains, features, labels, CATEGORIES + 2)
    head = solution.corrected(features, labels, CATEGORIES + 2)
    probe = np.concatenate([features, domains[1].features])
    np.testing.assert_allclose(scores(probe, head), expected(probe), rtol=1e-8, atol=1e-10)


def test_leaving_a_picture_out_is_never_having_learned_it(domains, solution, corrections):
    features, labels = corrections
    kept = np.arange(len(labels)) != 3
    expected = solved_at_once(domains, features[kept], labels[kept], CATEGORIES + 2)
    head = solution.corrected(features[kept], labels[kept], CATEGORIES + 2)
    np.testing.assert_allclose(scores(features, head), expected(features), rtol=1e-8, atol=1e-10)
    nothing = solution.corrected(features[:0], labels[:0], CATEGORIES)
    np.testing.assert_array_equal(nothing, solution.head)


def test_one_correction_goes_half_of_the_way(solution, corrections):
    features, labels = corrections
    for i in range(len(labels)):
        one = features[i : i + 1]
        before = np.append(scores(one, solution.head)[0], [0.0, 0.0])  # new categories: nothing
        after = scores(one, solution.corrected(one, labels[i : i + 1], CATEGORIES + 2))[0]
        goal = np.eye(CATEGORIES + 2)[labels[i]]
        np.testing.assert_allclose(after, before + STEP * (goal - before), rtol=1e-9, atol=1e-12)
