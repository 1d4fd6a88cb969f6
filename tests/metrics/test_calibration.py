import math

import made_runs
import numpy as np
import pytest

from fruitlab.metrics import calibration
from fruitlab.metrics.accuracy import wilson
from fruitlab.metrics.calibration import Answers


def drawn(count: int, seed: int = 0, decimals: int = 6) -> Answers:
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0, 1, count).round(decimals)
    return Answers(confidence, rng.uniform(size=count) < confidence**2)


@pytest.mark.parametrize("decimals", [6, 2])  # with many ties as well
@pytest.mark.parametrize("count", [1, 29, 150, 3000])
def test_similar_answers_are_the_nearest_in_confidence(count, decimals):
    test = drawn(count, decimals=decimals)
    for confidence in (0.0, 0.313, 0.5, 0.99, 1.0):
        wanted = min(count, max(30, min(200, count // 10)))
        farthest = sorted(abs(c - confidence) for c in test.confidence.tolist())[wanted - 1]
        near = [i for i in range(count) if abs(float(test.confidence[i]) - confidence) <= farthest]
        found = calibration.similar(test, confidence)
        assert found.pictures == len(near) >= wanted
        assert found.right == sum(bool(test.right[i]) for i in near)
        assert found.interval == wilson(found.right, found.pictures)
        assert found.confidence == (min(test.confidence[near]), max(test.confidence[near]))


def test_of_no_answers_nothing_is_similar_and_nothing_sure():
    empty = Answers(np.empty(0), np.empty(0, dtype=bool))
    assert calibration.similar(empty, 0.5) is None
    assert calibration.sure_from(empty) == math.inf


@pytest.mark.parametrize("decimals", [6, 1])
@pytest.mark.parametrize("seed", range(4))
def test_isotonic_fit_is_the_max_min_of_averages(seed, decimals):
    """The closed form: the maximum over starts of the minimum over ends of the mean between."""
    test = drawn(60, seed, decimals)
    values, fitted = calibration.isotonic(test)
    assert values.tolist() == sorted(set(test.confidence.tolist()))
    groups = [test.right[test.confidence == value] for value in values]
    for i in range(len(values)):
        expected = max(
            min(np.concatenate(groups[a : b + 1]).mean() for b in range(i, len(values)))
            for a in range(i + 1)
        )
        assert fitted[i] == pytest.approx(expected)


def test_sure_from_where_right_is_as_likely_as_wrong():
    confidence = np.linspace(0, 1, 20001)
    right = np.random.default_rng(0).uniform(size=20001) < confidence**2  # one half at 0.707
    assert calibration.sure_from(Answers(confidence, right)) == pytest.approx(0.5**0.5, abs=0.03)
    assert calibration.sure_from(Answers(confidence, np.zeros(20001, dtype=bool))) == math.inf
    assert calibration.sure_from(Answers(confidence, np.ones(20001, dtype=bool))) == 0


def test_right_exactly_as_often_as_wrong_is_sure_whatever_the_rounding():
    # One of three and two of three, pooled to one half.
    confidence = np.array([0.6, 0.6, 0.6, 0.5, 0.5, 0.5])
    right = np.array([True, False, False, True, True, False])
    assert calibration.isotonic(Answers(confidence, right))[1] == pytest.approx([0.5, 0.5])
    assert calibration.sure_from(Answers(confidence, right)) == 0


def test_a_domain_is_judged_by_its_own_answers():
    table = made_runs.table()
    for domain, is_real in (("nice", False), ("real", True)):
        rows = [i for i in range(len(table["real"])) if table["real"][i] == is_real]
        answers = calibration.answers(table, domain)
        assert answers.confidence.tolist() == [float(table["probability"][i][0]) for i in rows]
        assert answers.right.tolist() == [
            bool(table["top3"][i][0] == table["truth"][i]) for i in rows
        ]
