"""Half of the real pictures against all: an explicit refit for every picture is the oracle."""

import numpy as np
import pytest

from fruitlab.closed_form.learning_curve import half_and_all
from fruitlab.closed_form.leave_one_out import Pictures
from fruitlab.closed_form.path import Path, scores, solve_head

COUNT, RATIO, RIDGE = 3, 0.4, 0.1


def pictures(seed: int, each: int) -> Pictures:
    rng = np.random.default_rng(seed)
    labels = np.arange(COUNT * each) % COUNT
    centres = np.random.default_rng(9).random((COUNT, 6))
    return Pictures.of(centres[labels] + 0.5 * rng.random((len(labels), 6)), labels, COUNT)


def test_halves_are_scored_by_a_head_that_has_not_seen_them() -> None:
    nice, real = pictures(0, 8), pictures(1, 7)
    path = Path(nice.statistics(COUNT), real.statistics(COUNT), RIDGE)
    half, full = half_and_all(path, nice, real, COUNT, RATIO, seed=4)

    def answers(learned: np.ndarray, asked: np.ndarray) -> np.ndarray:
        some = Pictures.of(real.features[learned], real.labels[learned], COUNT)
        head = solve_head(nice.statistics(COUNT), some.statistics(COUNT), RATIO, RIDGE)
        return scores(real.features[asked], head).argmax(1)

    rng, second = np.random.default_rng(4), np.zeros(len(real.labels), bool)
    for label in range(COUNT):
        second[rng.permutation(np.flatnonzero(real.labels == label))[:3]] = True
    found = np.empty(len(real.labels), int)
    found[second], found[~second] = answers(~second, second), answers(second, ~second)
    right = found == real.labels
    assert half == pytest.approx([right[real.labels == label].mean() for label in range(COUNT)])
    assert np.all((full >= 0) & (full <= 1)) and full.mean() > 0.5


def test_more_pictures_of_a_hard_category_help_and_of_an_easy_one_do_not() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 60)
    features = 0.1 * rng.standard_normal((180, 80))
    features[labels == 2, 0] += 5  # plain to see
    features[labels == 1, 1:40] += 0.06  # slight, in many features
    real = Pictures.of(features, labels, COUNT)
    nice = Pictures.of(features[::6], labels[::6], COUNT)
    path = Path(nice.statistics(COUNT), real.statistics(COUNT), 0.01)
    half, full = half_and_all(path, nice, real, COUNT, 0.9)
    assert half[2] == full[2] == 1
    assert full[:2].mean() > half[:2].mean() + 0.03
