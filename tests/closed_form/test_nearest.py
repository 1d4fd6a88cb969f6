"""Search among vectors: exact, and the category scores are those of ridge regression."""

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from fruitlab.closed_form.nearest import RATIO, RIDGE, Nearest, lowest

RNG = np.random.default_rng(0)
NICE, REAL = RNG.standard_normal((40, 6)), 1 + 2 * RNG.standard_normal((60, 6))
LABELS = RNG.integers(0, 3, 40), RNG.integers(0, 3, 60)
QUERY = RNG.standard_normal((5, 6))


def test_the_nearest_are_those_of_scikit_learn():
    found = Nearest((NICE, LABELS[0]), (REAL, LABELS[1]), 3, weight=0)
    mean = (NICE.mean(0) + REAL.mean(0)) / 2
    square = ((NICE**2).mean(0) + (REAL**2).mean(0)) / 2
    pictures = (np.concatenate([NICE, REAL]) - mean) / np.sqrt(square - mean**2)
    queries = (QUERY - mean) / np.sqrt(square - mean**2)
    oracle = NearestNeighbors(n_neighbors=7, metric="cosine").fit(pictures)
    distances, places = oracle.kneighbors(queries)
    for row, expected, distance in zip(found.distances(QUERY), places, distances, strict=True):
        assert np.array_equal(lowest(row, 7), expected)
        np.testing.assert_allclose(row[expected], distance, atol=1e-5)


def test_scores_are_those_of_ridge_regression():
    """scikit-learn's, with sample weights that give the domains their ratio."""
    both = np.concatenate([NICE, REAL])
    mean = (NICE.mean(0) + REAL.mean(0)) / 2
    square = ((NICE**2).mean(0) + (REAL**2).mean(0)) / 2
    z = (both - mean) / np.sqrt(square - mean**2)
    weights = np.repeat([(1 - RATIO) / 40, RATIO / 60], [40, 60])
    ridge = Ridge(RIDGE).fit(z, np.eye(3)[np.concatenate(LABELS)], sample_weight=weights)
    expected = np.concatenate([normalize(z), normalize(ridge.predict(z) - 1 / 3)], axis=1)
    found = Nearest((NICE, LABELS[0]), (REAL, LABELS[1]), 3)
    assert found.nice == 40
    np.testing.assert_allclose(found.vectors, normalize(expected), atol=1e-5)


def test_a_few_pictures_and_constant_features():
    flat = np.ones((3, 4))
    found = Nearest((flat, np.arange(3)), (flat, np.arange(3)), 3)
    assert np.isfinite(found.vectors).all()
    assert lowest(found.distances(flat[:1])[0], 50).tolist() == list(range(6))
