"""The closed-form head against scikit-learn, direct solutions and brute force."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.linear_model import Ridge

from fruitlab.closed_form.leave_one_out import LeaveOneOut, Pictures, choose, probabilities
from fruitlab.closed_form.path import Path, scores, solve_head
from fruitlab.closed_form.statistics import Standardization, Statistics, balanced

CATEGORIES, FEATURES, RIDGE = 4, 12, 0.1
RATIOS = (0.0, 0.1, 0.5, 0.97, 1.0)


@pytest.fixture(scope="module")
def domains() -> tuple[Pictures, Pictures]:
    """Two domains of different size, whose categories lie in different places. Not centred."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(FEATURES, FEATURES))
    made = []
    for count, noise in ((70, 0.6), (45, 1.4)):
        labels = rng.permutation(np.arange(count) % CATEGORIES)
        centres = rng.normal(size=(CATEGORIES, FEATURES))
        features = (centres[labels] + noise * rng.normal(size=(count, FEATURES))) @ mixing + 3
        made.append(Pictures.of(features, labels, CATEGORIES))
    return made[0], made[1]


@pytest.fixture(scope="module")
def sums(domains) -> list[Statistics]:
    return [domain.statistics(CATEGORIES) for domain in domains]


def ridge_regression(domains, ratio: float, standardization: Standardization, without=None):
    """scikit-learn's answer on the weighted pictures of both domains: head for standardized z."""
    x = np.concatenate([domain.features for domain in domains])
    x = (x - standardization.mean) / standardization.scale
    y = np.eye(CATEGORIES)[np.concatenate([domain.labels for domain in domains])]
    weights = np.concatenate(
        [
            share * domain.weights / domain.weights.sum()
            for domain, share in zip(domains, (1 - ratio, ratio), strict=True)
        ]
    )
    if without is not None:
        weights[without] = 0
    model = Ridge(RIDGE, solver="cholesky", tol=0).fit(x, y, sample_weight=weights)
    return model.predict(x)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("balance", [False, True])
def test_every_ratio_equals_scikit_learn_and_the_direct_solution(domains, ratio, balance):
    domains = [Pictures.of(d.features, d.labels, CATEGORIES, balance=balance) for d in domains]
    sums = [domain.statistics(CATEGORIES) for domain in domains]
    path = Path(*sums, RIDGE)
    head = path.head(ratio)
    features = np.concatenate([domain.features for domain in domains])
    expected = ridge_regression(domains, ratio, Standardization.of(*sums))
    np.testing.assert_allclose(scores(features, head), expected, atol=1e-9)
    rotated = path.rotate(features) @ path.rotated_head(ratio)
    np.testing.assert_allclose(rotated, expected, atol=1e-9)
    direct = solve_head(*sums, ratio, RIDGE)
    assert np.abs(head - direct).max() < 1e-10 * np.abs(direct).max()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunks_of_any_size_equal_all_at_once(domains, sums, size):
    """Nice pictures first, then real ones, some at a time: nothing is forgotten."""
    learned = [Statistics.of(np.empty((0, FEATURES)), np.empty(0, int), CATEGORIES)] * 2
    for place, domain in enumerate(domains):
        for at in range(0, len(domain.labels), size):
            chunk = Statistics.of(
                domain.features[at : at + size], domain.labels[at : at + size], CATEGORIES
            )
            learned[place] += chunk
            solve_head(*learned, 0.3 if place else 0.0, RIDGE)  # there is a head at any time
    expected = Path(*sums, RIDGE).head(0.3)
    found = Path(*learned, RIDGE).head(0.3)
    assert np.abs(found - expected).max() < 1e-8 * np.abs(expected).max()


def test_adding_and_removing_a_picture_restores_the_head(domains, sums):
    """Also one far from the others, which moves mean and scale."""
    nice, real = sums
    before = solve_head(nice, real, 0.6, RIDGE)
    odd = Statistics.of(np.full((1, FEATURES), 40.0), np.array([2]), CATEGORIES)
    changed = solve_head(nice, real + odd, 0.6, RIDGE)
    restored = solve_head(nice, real + odd - odd, 0.6, RIDGE)
    assert np.abs(changed - before).max() > 1e-3
    np.testing.assert_allclose(restored, before, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("place", [0, 3, 69, 70, 114])
@pytest.mark.parametrize("ratio", [0.0, 0.4, 1.0])
def test_leave_one_out_equals_a_refit_without_the_picture(domains, sums, ratio, place):
    found = np.concatenate(LeaveOneOut(Path(*sums, RIDGE), *domains).scores(ratio))
    refit = ridge_regression(domains, ratio, Standardization.of(*sums), without=place)
    np.testing.assert_allclose(found[place], refit[place], atol=1e-9)


def test_choice_is_the_best_of_all_ratios_and_ridges(domains):
    chosen = choose(*domains, CATEGORIES)
    assert chosen.ratios == tuple(range(101))
    found = LeaveOneOut(chosen.path, *domains)
    nice, real = found.accuracies(chosen.ratio / 100)
    assert (nice * real) ** 0.5 == pytest.approx(max(chosen.combined))
    assert chosen.by_ridge[chosen.ridge] == max(chosen.by_ridge.values())
    fixed = choose(*domains, CATEGORIES, ratio=30, ridge=0.1)
    assert (fixed.ratio, fixed.ridge, fixed.ratios) == (30, 0.1, (30,))


def test_temperature_minimizes_the_loss_of_the_leave_one_out_scores(domains, sums):
    found = LeaveOneOut(Path(*sums, RIDGE), *domains)

    def loss(temperature: float) -> float:
        return sum(
            -np.log(probabilities(s, temperature)[range(len(s)), d.labels]).mean()
            for s, d in zip(found.scores(0.5), domains, strict=True)
        )

    best = found.temperature(0.5)
    assert best == pytest.approx(minimize_scalar(loss, bounds=(0.01, 2), method="bounded").x, 1e-3)


def test_standardized_features_have_zero_mean_and_unit_variance_in_the_mean_of_both_domains(
    domains, sums
):
    found = Standardization.of(*sums)
    z = [(d.features - found.mean) / found.scale for d in domains]
    np.testing.assert_allclose(sum(part.mean(0) for part in z), 0, atol=1e-12)
    np.testing.assert_allclose(sum((part**2).mean(0) for part in z) / 2, 1)


def test_balanced_weights_give_every_category_the_same_weight():
    labels = np.array([0, 0, 0, 2])
    sums = Statistics.of(np.zeros((4, 1)), labels, 3, balanced(labels, 3))
    np.testing.assert_allclose(sums.counts, [2, 0, 2])
    assert sums.weight == 4


def test_constant_feature_changes_nothing(domains):
    extended = [
        Pictures.of(np.c_[d.features, np.full(len(d.labels), 7.3)], d.labels, CATEGORIES)
        for d in domains
    ]
    expected = Path(*(d.statistics(CATEGORIES) for d in domains), RIDGE).head(0.5)
    head = Path(*(d.statistics(CATEGORIES) for d in extended), RIDGE).head(0.5)
    for d, e in zip(domains, extended, strict=True):
        np.testing.assert_allclose(
            scores(e.features, head), scores(d.features, expected), atol=1e-9
        )


def test_bad_input_is_refused(sums):
    empty = Statistics.of(np.empty((0, FEATURES)), np.empty(0, int), CATEGORIES)
    with pytest.raises(ValueError, match="both domains"):
        Path(sums[0], empty, RIDGE)
    with pytest.raises(ValueError, match="no pictures"):
        solve_head(sums[0], empty, 1.0, RIDGE)
    with pytest.raises(ValueError, match="not a number"):
        Statistics.of(np.array([[np.nan]]), np.array([0]), 1)
