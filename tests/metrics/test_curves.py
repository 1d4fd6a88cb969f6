"""Curves and comparisons of runs, checked against closed forms and plain Python."""

import math
import statistics

import numpy as np
import pytest

from fruitlab.methods.registry import configure
from fruitlab.metrics.curves import (
    Curve,
    band,
    curve,
    distinguishing,
    groups,
    mean_and_deviation,
    run_scores,
    side_by_side,
    smoothed,
)
from fruitlab.metrics.series import Steps


def log(*lines: tuple[int, int, int, float | None]):
    """Columns of a log: (iteration, correct nice, correct real, loss), 100 test pictures each."""
    iteration, nice, real, loss = (
        (np.array(column, dtype=np.float64) for column in zip(*lines, strict=True))
        if lines
        else [np.empty(0)] * 4
    )
    columns = {
        "iteration": iteration,
        "seconds": 2 * iteration,
        "seen_nice": 10 * iteration,
        "seen_real": 20 * iteration,
        "loss": loss,
        "nice_pictures": 0 * nice + 100,
        "real_pictures": 0 * real + 100,
        "nice_1": nice,
        "nice_3": nice + 5,
        "real_1": real,
        "real_3": real + 10,
    }
    return columns.__getitem__


LINES = ((0, 4, 9, None), (1, 16, 25, 3.0), (5, 49, 36, 2.0))


def test_a_curve_is_one_quantity_over_each_axis() -> None:
    over = {
        axis: curve(log(*LINES), axis=axis, metric="top1", score="nice")
        for axis in ("iterations", "pictures", "time")
    }
    assert over["iterations"].x.tolist() == [0, 1, 5]
    assert over["pictures"].x.tolist() == [0, 30, 150]
    assert over["time"].x.tolist() == [0, 2, 10]
    assert over["time"].y.tolist() == [0.04, 0.16, 0.49]
    np.testing.assert_allclose(curve(log(*LINES), axis="time", metric="top1").y, [0.06, 0.2, 0.42])
    np.testing.assert_allclose(
        curve(log(*LINES), axis="time", metric="top3", score="real").y, [0.19, 0.35, 0.46]
    )
    loss = curve(log(*LINES), axis="iterations", metric="loss")
    assert (loss.x.tolist(), loss.y.tolist()) == ([1, 5], [3, 2])


def test_a_curve_leaves_out_evaluations_that_go_back() -> None:
    lines = log(*LINES, (3, 0, 0, 1.0), (6, 1, 1, 1.0))
    assert curve(lines, axis="iterations", metric="top1", score="nice").y.tolist() == [
        0.04,
        0.16,
        0.49,
        0.01,
    ]
    assert len(curve(log(), axis="time", metric="top1").x) == 0


def test_of_two_evaluations_at_one_iteration_the_later_counts() -> None:
    """An end action changes the weights, and the network is evaluated again."""
    found = curve(log(*LINES, (5, 99, 99, 2.0)), axis="iterations", metric="top1", score="nice")
    assert (found.x.tolist(), found.y.tolist()) == ([0, 1, 5], [0.04, 0.16, 0.99])


def test_every_iteration_is_drawn_where_it_was_logged() -> None:
    rising = np.arange(1.0, 6)
    steps = Steps(np.arange(1, 6), rising, rising / 10, rising / 100)
    column = log(*LINES)
    loss = curve(column, axis="iterations", metric="loss", steps=steps)
    assert (loss.x.tolist(), loss.y.tolist()) == ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    # 30 pictures at iteration 1 and 150 at iteration 5.
    rate = curve(column, axis="pictures", metric="learning_rate", steps=steps)
    assert rate.x.tolist() == [30, 60, 90, 120, 150] and rate.y[-1] == 0.5
    # Accuracies are known at evaluations only.
    assert len(curve(column, axis="iterations", metric="top1", steps=steps).x) == 3


def test_smoothing_evenly_spaced_points_is_the_usual_debiased_average() -> None:
    rng = np.random.default_rng(1)
    y, factor, average, expected = rng.normal(size=50), 0.8, 0.0, []
    for n, value in enumerate(y, 1):  # as in Adam and in TensorBoard
        average = factor * average + (1 - factor) * value
        expected.append(average / (1 - factor**n))
    found = smoothed(Curve(7.0 * np.arange(50), y), -7 / math.log(factor))
    np.testing.assert_allclose(found.y, expected, rtol=1e-12)


def test_smoothing_unevenly_spaced_points_follows_its_definition() -> None:
    rng = np.random.default_rng(2)
    x, y, constant = np.cumsum(rng.uniform(0.1, 30, 40)), rng.uniform(size=40), 25.0
    weights = np.tril(np.exp(-(x[:, None] - x[None, :]).clip(0) / constant))
    np.testing.assert_allclose(
        smoothed(Curve(x, y), constant).y, (weights @ y) / weights.sum(1), rtol=1e-12
    )


def test_smoothing_keeps_constants_and_zero_is_no_smoothing() -> None:
    flat = Curve(np.array([0.0, 1, 2, 5, 300]), np.full(5, 0.37))
    np.testing.assert_allclose(smoothed(flat, 50).y, 0.37, rtol=1e-14)
    rough = Curve(flat.x, np.arange(5.0))
    assert smoothed(rough, 0) is rough
    assert smoothed(rough, 50).y[0] == 0 and smoothed(rough, 1e-3).y[-1] == pytest.approx(4)
    assert len(smoothed(Curve(np.empty(0), np.empty(0)), 3).y) == 0


def test_the_mean_over_seeds_on_the_same_axis() -> None:
    x, values = np.array([0.0, 10, 20]), [[0.1, 0.5, 0.7], [0.2, 0.5, 0.9], [0.3, 0.2, 0.8]]
    found = band([Curve(x, np.array(y)) for y in values])
    assert found.runs == 3 and found.x.tolist() == [0, 10, 20]
    for i in range(3):
        column = [y[i] for y in values]
        assert found.mean[i] == pytest.approx(statistics.fmean(column))
        assert found.deviation[i] == pytest.approx(statistics.stdev(column))


def test_seeds_evaluated_at_different_times_are_interpolated_on_their_common_range() -> None:
    slow, quick = (
        Curve(np.array([1.0, 11.0]), np.array([0.0, 1.0])),
        Curve(np.array([0.0, 6.0, 100.0]), np.array([0.0, 0.6, 0.9])),
    )
    found = band([slow, quick])
    assert found.x.tolist() == [1, 6, 11]
    np.testing.assert_allclose(
        found.mean, [(0 + 0.1) / 2, (0.5 + 0.6) / 2, (1 + 0.6 + 0.3 * 5 / 94) / 2]
    )


def test_one_run_or_none_has_no_deviation() -> None:
    alone = band([Curve(np.array([0.0, 1]), np.array([0.5, 0.6])), Curve(np.empty(0), np.empty(0))])
    assert (alone.runs, alone.deviation.tolist(), alone.mean.tolist()) == (1, [0, 0], [0.5, 0.6])
    assert band([]).runs == 0
    assert (
        len(
            band([Curve(np.array([0.0, 1]), np.zeros(2)), Curve(np.array([5.0, 6]), np.zeros(2))]).x
        )
        == 0
    )  # no common range


def test_mean_and_deviation() -> None:
    values = [0.1, 0.7, 0.4]
    assert mean_and_deviation(values) == (
        pytest.approx(statistics.fmean(values)),
        pytest.approx(statistics.stdev(values)),
    )
    assert mean_and_deviation([0.3, None]) == (0.3, None)
    assert mean_and_deviation([None]) == (None, None)


def test_runs_group_by_experiment() -> None:
    seeds = {f"s{seed}": configure("mixed", ratio=30, seed=seed).experiment() for seed in range(3)}
    other = configure("mixed", ratio=40).experiment()
    assert list(
        groups(
            [("s0", seeds["s0"]), ("x", other), ("s1", seeds["s1"]), ("s2", seeds["s2"])]
        ).values()
    ) == [["s0", "s1", "s2"], ["x"]]


def test_last_is_the_last_iteration_and_best_is_each_score_on_its_own() -> None:
    summary = {
        "nice": {"top1": 0.9, "top3": 0.95},
        "real": {"top1": 0.4, "top3": 0.5},
        "combined": {"top1": 0.6, "top3": 0.69},
        "best": {"top1": {"nice": 0.97, "real": 0.41, "combined": 0.61}},
    }
    assert run_scores(summary, which="last", metric="top1") == {
        "nice": 0.9,
        "real": 0.4,
        "combined": 0.6,
    }
    assert run_scores(summary, which="best", metric="top1") == {
        "nice": 0.97,
        "real": 0.41,
        "combined": 0.61,
    }
    assert run_scores(summary, which="best", metric="top3") == dict.fromkeys(
        ("nice", "real", "combined")
    )
    assert run_scores({"iteration": 0}, which="last", metric="top1") == dict.fromkeys(
        ("nice", "real", "combined")
    )


def test_differing_settings_are_marked() -> None:
    first, second = (
        configure("mixed", ratio=30, learning_rate=0.0123),
        configure("mixed", ratio=30, seed=1),
    )
    rows = {row.name: row for row in side_by_side([first.settings(), second.settings()])}
    assert {name for name, row in rows.items() if row.differs} == {"learning_rate", "seed"}
    assert rows["learning_rate"].values == (0.0123, second.learning_rate)
    assert "split" not in rows  # does not apply to mixed training

    third = configure("iterative", split=70)
    rows = {row.name: row for row in side_by_side([first.settings(), third.settings()])}
    assert (
        rows["ratio"].values == (30, None)
        and rows["ratio"].differs
        and rows["split"].values == (None, 70)
    )


def test_settings_that_tell_runs_apart() -> None:
    configs = [
        configure("mixed", ratio=30),
        configure("mixed", ratio=60, seed=4),
        configure("iterative", split=70),
    ]
    names = distinguishing([config.settings() for config in configs])
    assert names == [
        {"method": "mixed", "ratio": 30},
        {"method": "mixed", "ratio": 60},
        {"method": "iterative", "split": 70},
    ]
    assert distinguishing([configs[0].settings()]) == [{}]


def test_no_more_settings_than_it_takes() -> None:
    configs = [
        configure("mixed", ratio=30, data="photos", width=2),
        configure("mixed", ratio=30, data="photos", width=0.5, mirror=False),
        configure("mixed", ratio=60, data="photos", iterations=50),
        configure("mixed", ratio=60, data="nuts"),
    ]
    names = distinguishing([config.settings() for config in configs])
    assert len({tuple(settings.items()) for settings in names}) == 4
    assert (
        names[3] == {"ratio": 60, "data": "nuts", "mirror": True}
        and "width" not in names[0]
        and "iterations" not in names[0]
    )
