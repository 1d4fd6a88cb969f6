"""Closed-form iterative training: nothing is lost against joint training."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fruitlab.closed_form.arriving import accuracy, arriving, at_once
from fruitlab.closed_form.leave_one_out import Pictures
from fruitlab.closed_form.path import scores
from fruitlab.closed_form.statistics import Standardization

CATEGORIES, FEATURES, RIDGE = 4, 12, 0.1


def pictures(count: int, seed: int) -> Pictures:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CATEGORIES, count)
    centres = rng.normal(size=(CATEGORIES, FEATURES))
    features = 5 + centres[labels] + rng.normal(size=(count, FEATURES))
    return Pictures.of(features, labels, CATEGORIES)


NICE, REAL, TEST = pictures(70, 0), pictures(45, 1), pictures(200, 0)


@pytest.mark.parametrize("chunk", [1, 7, 45, 100])
def test_the_last_head_is_that_of_joint_training(chunk):
    seen, heads = zip(*arriving(NICE, REAL, CATEGORIES, RIDGE, chunk), strict=True)
    assert seen == (0, *range(chunk, 45, chunk), 45)
    joint = at_once(NICE, REAL, CATEGORIES, RIDGE)
    np.testing.assert_allclose(heads[-1], joint, rtol=1e-8, atol=1e-10)
    assert accuracy(joint, TEST) - accuracy(heads[-1], TEST) == 0

    # scikit-learn on all pictures at once, each with the same weight.
    sums = [domain.statistics(CATEGORIES) for domain in (NICE, REAL)]
    scale = Standardization.of(*sums)
    x = (np.concatenate([NICE.features, REAL.features]) - scale.mean) / scale.scale
    y = np.eye(CATEGORIES)[np.concatenate([NICE.labels, REAL.labels])]
    fitted = Ridge(RIDGE * len(x), solver="cholesky").fit(x, y)
    expected = fitted.predict((TEST.features - scale.mean) / scale.scale)
    np.testing.assert_allclose(scores(TEST.features, heads[-1]), expected, rtol=1e-7, atol=1e-9)


def test_the_first_head_has_seen_nice_pictures_only():
    _, head = next(arriving(NICE, REAL, CATEGORIES, RIDGE, 5))
    other = pictures(45, 9)
    _, same = next(arriving(NICE, other, CATEGORIES, RIDGE, 5))
    np.testing.assert_array_equal(head, same)
    x = (NICE.features - NICE.features.mean(0)) / NICE.features.std(0)
    fitted = Ridge(RIDGE * len(x), solver="cholesky").fit(x, np.eye(CATEGORIES)[NICE.labels])
    np.testing.assert_allclose(scores(NICE.features, head), fitted.predict(x), rtol=1e-7, atol=1e-9)
