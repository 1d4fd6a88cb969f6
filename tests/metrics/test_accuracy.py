"""Scores and their intervals, compared with their definitions and with SciPy."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from fruitlab.metrics import accuracy


@pytest.mark.parametrize(
    ("right", "pictures"), [(0, 10), (1, 10), (5, 10), (10, 10), (37, 168), (3700, 3762)]
)
def test_wilson_bounds_solve_the_score_equation(right, pictures):
    """At the bounds, the observed share is 1.96 standard errors away. Found by bisection."""

    def score(p: float) -> float:
        return (right / pictures - p) ** 2 - 1.959963984540054**2 * p * (1 - p) / pictures

    def root(inside: float, outside: float) -> float:
        for _ in range(200):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if score(middle) < 0 else (inside, middle)
        return inside

    share = right / pictures
    low, high = accuracy.wilson(right, pictures)
    assert low == (0 if right == 0 else pytest.approx(root(share, 0.0), abs=1e-9))
    assert high == (1 if right == pictures else pytest.approx(root(share, 1.0), abs=1e-9))


@pytest.mark.parametrize(("right", "pictures"), [(0, 10), (1, 1), (5, 10), (37, 168), (3700, 3762)])
def test_wilson_matches_scipy(right, pictures):
    theirs = binomtest(right, pictures).proportion_ci(method="wilson")
    assert accuracy.wilson(right, pictures) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_without_pictures_is_the_whole_range():
    assert accuracy.wilson(0, 0) == (0.0, 1.0)


def test_combined_matches_the_paper():
    """The row at 0% of Table 2, whose combined performance is exactly the geometric mean."""
    assert accuracy.combined(0.9648086, 0.22712341) == pytest.approx(0.468113896, abs=1e-6)


def test_combined_interval_has_nominal_coverage():
    rng = np.random.default_rng(1)
    nice, real = 0.95, 0.4
    covered = 0
    for _ in range(1000):
        scores = [
            accuracy.point_scores([n, k, k])
            for n, k in ((300, rng.binomial(300, nice)), (250, rng.binomial(250, real)))
        ]
        low, high = accuracy.combined_scores(*scores)["top1_interval"]
        covered += low <= math.sqrt(nice * real) <= high
    assert 920 <= covered <= 980


def test_table_scores_match_counting():
    rng = np.random.default_rng(2)
    truth, rank, real = rng.integers(0, 4, 500), rng.integers(0, 5, 500), rng.random(500) < 0.3
    table = {
        "truth": truth,
        "rank": rank,
        "real": real,
        "categories": np.array(["a", "b", "c c", "d"]),
    }
    scores = accuracy.table_scores(table)
    for name, rows in (
        ("nice", [i for i in range(500) if not real[i]]),
        ("real", [i for i in range(500) if real[i]]),
    ):
        assert scores[name]["pictures"] == len(rows)
        assert scores[name]["top1"] == sum(rank[i] == 0 for i in rows) / len(rows)
        of_c = [i for i in rows if truth[i] == 2]
        assert scores[name]["per_category"]["c c"]["top3"] == sum(rank[i] <= 2 for i in of_c) / len(
            of_c
        )
        assert scores[name]["per_category"]["c c"]["pictures"] == len(of_c)
    assert scores["combined"]["top3"] == math.sqrt(scores["nice"]["top3"] * scores["real"]["top3"])


def test_best_scores_take_each_column_from_full_evaluations():
    points = [
        {"full": True, "nice": [10, 9, 10], "real": [10, 1, 4]},
        {"full": True, "nice": [10, 5, 6], "real": [10, 4, 9]},
        {"full": False, "nice": [5, 5, 5], "real": [5, 5, 5]},
    ]
    best = accuracy.best_scores(points)
    assert best["top1"] == {"nice": 0.9, "real": 0.4, "combined": math.sqrt(0.5 * 0.4)}
    assert best["top3"] == {"nice": 1.0, "real": 0.9, "combined": math.sqrt(0.6 * 0.9)}
    assert accuracy.best_scores(points[2:]) == {}
