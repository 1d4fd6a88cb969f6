"""Forgetting and what a run costs, against closed forms."""

import math

import pytest
from logged_runs import iterative, mixed, point, run

from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.runs import cost, forgetting, references
from fruitlab.runs.index import Index


@pytest.mark.parametrize(
    ("curve", "lost"),
    [([], None), ([0.4], 0), ([0.2, 0.9, 0.5], 0.4), ([0.1, 0.2, 0.3], 0), ([0.9, 0.3, 0.6], 0.3)],
)
def test_peak_minus_current(curve: list[float], lost: float | None) -> None:
    assert accuracy.peak_minus_current(curve) == (None if lost is None else pytest.approx(lost))


def test_end_minus_final_is_undefined_until_both_are_there() -> None:
    assert accuracy.end_minus_final(0.9, 0.25) == pytest.approx(0.65)
    assert accuracy.end_minus_final(0.5, 0.75) == pytest.approx(-0.25), "later training may help"
    assert accuracy.end_minus_final(None, 0.5) is accuracy.end_minus_final(0.5, None) is None


@pytest.mark.parametrize("life", [3.0, 40.0, 150.0])
def test_half_life_of_an_exponential(life: float) -> None:
    """0.3 + 0.6 exp(-t / life), cut at T: half is lost where exp(-t / life) = (1 + exp(-T / life)) / 2."""
    times = [i / 4 for i in range(4001)]
    curve = [0.3 + 0.6 * math.exp(-t / life) for t in times]
    exact = -life * math.log((1 + math.exp(-1000 / life)) / 2)
    assert accuracy.iterations_to_half(times, curve) == pytest.approx(
        exact, abs=0.01
    )  # linear between points a quarter of an iteration apart


def test_half_of_a_straight_line_and_between_points() -> None:
    assert accuracy.iterations_to_half([0, 100], [0.9, 0.1]) == pytest.approx(50)
    assert accuracy.iterations_to_half([0, 10, 30], [1.0, 0.8, 0.0]) == pytest.approx(
        10 + 20 * 0.3 / 0.8
    )


@pytest.mark.parametrize("curve", [[], [0.5], [0.5, 0.5], [0.5, 0.2, 0.6]])
def test_half_is_undefined_where_nothing_is_lost(curve: list[float]) -> None:
    assert accuracy.iterations_to_half(list(range(len(curve))), curve) is None


def test_measures_of_a_finished_run() -> None:
    run("one", iterative(100), method="iterative", iterations=100)
    m = forgetting.measures(Index().get("one"), 1)
    assert (m.nice, m.real, m.nice_before, m.real_before) == pytest.approx((0.5, 0.3, 0.9, 0.1))
    assert (m.peak_minus_current, m.end_minus_final, m.half) == pytest.approx((0.4, 0.4, 25))


def test_while_it_trains_the_end_is_not_known() -> None:
    run("one", iterative(100)[:-2], status=None, method="iterative", iterations=100)
    m = forgetting.measures(Index().get("one"), 1)
    assert m.end_minus_final is None and m.half is None and m.nice_before == pytest.approx(0.9)
    # The current point is a live one, so the peak is a live one too: 0.82 at 10 restricted iterations, not the full 0.9.
    assert m.peak_minus_current == pytest.approx(0.82 - 0.66)


def test_before_the_switch_nothing_is_defined() -> None:
    run("one", iterative(100)[:3], status=None, method="iterative", iterations=100)
    m = forgetting.measures(Index().get("one"), 1)
    assert m.nice == pytest.approx(0.36) and {
        m.nice_before,
        m.peak_minus_current,
        m.end_minus_final,
        m.half,
    } == {None}
    assert len(forgetting.curve(Index().get("one"), 1).iteration) == 0


def test_references_are_of_the_same_data_and_budget() -> None:
    run("it", iterative(100), method="iterative", iterations=100)
    run("mixed-50", mixed(100), iterations=100, ratio=50)
    run(
        "mixed-60-better",
        [*mixed(100)[:-1], point(100, 0.95, 0.6, full=True)],
        iterations=100,
        ratio=60,
    )
    run("longer", mixed(200), iterations=200, ratio=50)
    run(
        "other-data",
        [*mixed(100)[:-1], point(100, 1, 1, full=True)],
        iterations=100,
        fingerprint="f" * 16,
    )
    run("unfinished", mixed(100), status="stopped", iterations=100)
    run(
        "mixed-50-other-pictures", mixed(100), iterations=100, ratio=50, seed=1
    )  # newer, but of another choice of pictures
    entries = Index().entries()
    it = next(entry for entry in entries if entry.id == "it")
    assert references.joint(entries, it, forgetting.budget(it)).id == "mixed-50"
    best, value = references.best_mixed(entries, it, 1)
    assert best.id == "mixed-60-better" and value == pytest.approx(math.sqrt(0.95 * 0.6))
    alone = [entry for entry in entries if entry.id in ("it", "other-data", "unfinished")]
    assert (
        references.best_mixed(alone, it, 1) is None and references.joint(alone, it, 10_000) is None
    )


def test_budget_before_the_end_is_told_from_the_phases() -> None:
    run("it", iterative(100)[:3], status=None, method="iterative", iterations=100, batch_size=0)
    entry = Index().get("it")
    assert (
        forgetting.budget(entry) == 100 * 500 // 20
    )  # 500 pictures in each phase, a twentieth a batch
    assert forgetting.joint_iterations(entry) == 50, "a joint batch is twice as large"


def test_cost_counts_pictures_as_training_will() -> None:
    """Mixed 60 % of 1,000 + 500 pictures: 600 and 300 train; 40 % of 600 and 60 % of 300 are 420 pictures, 64 a batch at most: 7 batches of 60."""
    config = configure(
        "mixed",
        preset="quick",
        ratio=60,
        iterations=100,
        batch_size=64,
        live_every=50,
        live_pictures=30,
        full_evaluations=2,
    )
    pictures, work = cost.workload(config, 1000, 500)
    assert pictures == 100 * 60
    assert work == pytest.approx(6000 + (2 * 60 + 2 * 600) / 3)


def test_frozen_restricted_training_costs_its_features_only() -> None:
    config = configure(
        "iterative",
        preset="quick",
        iterations=100,
        split=50,
        batch_size=64,
        live_every=1000,
        live_pictures=1,
        full_evaluations=1,
    )
    pictures, work = cost.workload(
        config, 1000, 1000
    )  # 600 of each train: 300 nice in 5 batches of 60, then 300 real once; 400 + 400 test pictures
    assert pictures == 100 * 60
    assert work == pytest.approx(50 * 60 + (2 * 50 / 1000 + 800 * 0.5) / 3 + (300 + 800) / 3)


def test_speed_is_measured_on_earlier_runs_of_that_width() -> None:
    run("one", mixed(100), iterations=100)
    entry = Index().get("one")
    scored = 9 * 200 + 2000  # ten points after the first, the last one full
    assert cost.run_speed(entry) == pytest.approx((10_000 + scored / 3) / 200)
    assert (
        cost.measured_speed([entry], 1.0) == cost.run_speed(entry)
        and cost.measured_speed([entry], 0.25) is None
    )
    assert cost.seconds_left(entry) == 0 and cost.pictures_per_second(entry) == pytest.approx(50)


def test_time_left_goes_by_the_phase_it_is_in() -> None:
    points = [point(i, 0.5, 0.5, phase="initial", seconds=10.0 * i) for i in range(0, 50, 10)]
    points += [
        point(50 + i, 0.5, 0.5, phase="restricted", phase_iteration=i, seconds=500 + 0.5 * i)
        for i in range(0, 30, 10)
    ]
    run("one", points, status=None, method="iterative", iterations=100)
    assert cost.seconds_left(Index().get("one")) == pytest.approx(0.5 * 30)
