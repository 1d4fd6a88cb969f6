"""Measures of forgetting and estimates of a run's cost, compared with closed forms."""

import math

import pytest
from logged_runs import iterative, mixed, point, run

from fruitlab.config import text
from fruitlab.methods.mixed import Mixed
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.runs import cost, forgetting, references
from fruitlab.runs.index import Index
from fruitlab.worker import messages


@pytest.mark.parametrize(
    ("curve", "lost"),
    [([], None), ([0.4], 0), ([0.2, 0.9, 0.5], 0.4), ([0.1, 0.2, 0.3], 0), ([0.9, 0.3, 0.6], 0.3)],
)
def test_peak_minus_current(curve: list[float], lost: float | None) -> None:
    assert accuracy.peak_minus_current(curve) == (None if lost is None else pytest.approx(lost))


def test_end_minus_final_needs_both_values() -> None:
    assert accuracy.end_minus_final(0.9, 0.25) == pytest.approx(0.65)
    assert accuracy.end_minus_final(0.5, 0.75) == pytest.approx(-0.25), "later training may help"
    assert accuracy.end_minus_final(None, 0.5) is accuracy.end_minus_final(0.5, None) is None


@pytest.mark.parametrize("life", [3.0, 40.0, 150.0])
def test_iterations_to_half_of_an_exponential(life: float) -> None:
    """Half of 0.3 + 0.6 exp(-t / life) is lost where exp(-t / life) = (1 + exp(-T / life)) / 2."""
    times = [i / 4 for i in range(4001)]
    curve = [0.3 + 0.6 * math.exp(-t / life) for t in times]
    exact = -life * math.log((1 + math.exp(-1000 / life)) / 2)
    # Interpolated linearly between points that are a quarter of an iteration apart.
    assert accuracy.iterations_to_half(times, curve) == pytest.approx(exact, abs=0.01)


def test_iterations_to_half_interpolates_between_points() -> None:
    assert accuracy.iterations_to_half([0, 100], [0.9, 0.1]) == pytest.approx(50)
    assert accuracy.iterations_to_half([0, 10, 30], [1.0, 0.8, 0.0]) == pytest.approx(
        10 + 20 * 0.3 / 0.8
    )


@pytest.mark.parametrize("curve", [[], [0.5], [0.5, 0.5], [0.5, 0.2, 0.6]])
def test_iterations_to_half_is_undefined_if_nothing_is_lost(curve: list[float]) -> None:
    assert accuracy.iterations_to_half(list(range(len(curve))), curve) is None


def test_measures_of_a_finished_run() -> None:
    run("one", iterative(100), method="iterative", iterations=100)
    m = forgetting.measures(Index().get("one"), 1)
    assert (m.nice, m.real, m.nice_before, m.real_before) == pytest.approx((0.5, 0.3, 0.9, 0.1))
    assert (m.peak_minus_current, m.end_minus_final, m.half) == pytest.approx((0.4, 0.4, 25))


def test_measures_of_a_running_run() -> None:
    run("one", iterative(100)[:-2], status=None, method="iterative", iterations=100)
    m = forgetting.measures(Index().get("one"), 1)
    assert m.end_minus_final is None and m.half is None and m.nice_before == pytest.approx(0.9)
    # The current evaluation is a live one, so the peak is too: 0.82 after 10 restricted
    # iterations, not 0.9 from the full evaluation.
    assert m.peak_minus_current == pytest.approx(0.82 - 0.66)


def test_measures_before_the_switch_are_undefined() -> None:
    run("one", iterative(100)[:3], status=None, method="iterative", iterations=100)
    m = forgetting.measures(Index().get("one"), 1)
    assert m.nice == pytest.approx(0.36)
    assert {
        m.nice_before,
        m.peak_minus_current,
        m.end_minus_final,
        m.half,
    } == {None}
    assert len(forgetting.curve(Index().get("one"), 1).iteration) == 0


def test_references_have_the_same_data_and_budget() -> None:
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
    # Newer, but with another selection of pictures.
    run("mixed-50-other-pictures", mixed(100), iterations=100, ratio=50, seed=1)
    entries = Index().entries()
    it = next(entry for entry in entries if entry.id == "it")
    assert references.joint(entries, it, forgetting.budget(it)).id == "mixed-50"
    best, value = references.best_mixed(entries, it, 1)
    assert best.id == "mixed-60-better" and value == pytest.approx(math.sqrt(0.95 * 0.6))
    alone = [entry for entry in entries if entry.id in ("it", "other-data", "unfinished")]
    assert references.best_mixed(alone, it, 1) is None
    assert references.joint(alone, it, 10_000) is None


def test_budget_of_an_unfinished_run_comes_from_its_phases() -> None:
    run("it", iterative(100)[:3], status=None, method="iterative", iterations=100, batch_size=0)
    entry = Index().get("it")
    # Each phase has 500 pictures, and a batch is a twentieth of them.
    assert forgetting.budget(entry) == 100 * 500 // 20
    assert forgetting.joint_iterations(entry) == 50, "a joint batch is twice as large"


def test_workload_of_mixed_training() -> None:
    """1,000 nice and 500 real pictures, ratio 60%.

    600 and 300 of them are training pictures. 40% of 600 and 60% of 300 are 420 pictures, which
    make 7 batches of 60 (64 at most).
    """
    config = configure(
        "mixed",
        preset="quick",
        ratio=60,
        iterations=100,
        batch_size=64,
        live_every=50,
        live_pictures=30,
        full_evaluations=2,
        half_size=0,
    )
    pictures, work = cost.workload(config, 1000, 500)
    assert pictures == 100 * 60
    assert work == pytest.approx(6000 + (2 * 60 + 2 * 600) / 3)
    # Half of the training pictures have half the side.
    small = config.model_copy(update={"half_size": 50})
    pictures, less = cost.workload(small, 1000, 500)
    assert pictures == 100 * 60
    assert less == pytest.approx(work - 3000 * (1 - cost.HALF_SIZE))


def test_workload_of_frozen_restricted_training() -> None:
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
    # 600 training pictures per domain: 300 nice ones in 5 batches of 60, then 300 real ones once
    # for their features. 400 + 400 test pictures.
    pictures, work = cost.workload(config, 1000, 1000)
    assert pictures == 100 * 60
    assert work == pytest.approx(50 * 60 + (2 * 50 / 1000 + 800 * 0.5) / 3 + (300 + 800) / 3)


def test_workload_counts_the_pictures_of_every_pool() -> None:
    """A batch of 50: 40 of 600 real training pictures (15 batches), and 10 from a nice buffer."""

    class Rehearsal(Mixed):
        def phases(self) -> list[Phase]:
            pools = (Pool(real=1.0), Pool(nice=0.5, batch_share=0.2))
            return [Phase(name="mixed", pools=pools, iterations=100, horizon=100)]

    config = Rehearsal(batch_size=50, iterations=100, live_every=1000, full_evaluations=1)
    assert cost.workload(config, 1000, 1000)[0] == 100 * 50
    # Without a size, a batch is a twentieth of the first pool, and the buffer is added to it.
    whole = config.model_copy(update={"batch_size": 0})
    assert cost.workload(whole, 1000, 1000)[0] == 100 * 30 / 0.8


def test_speed_is_measured_on_earlier_runs_of_the_same_width() -> None:
    run("one", mixed(100), iterations=100, half_size=0)
    entry = Index().get("one")
    scored = 9 * 200 + 2000  # ten evaluations after the first, the last one full
    assert cost.run_speed(entry) == pytest.approx((10_000 + scored / 3) / 200)
    same = entry.config
    assert cost.measured_speed([entry], same) == cost.run_speed(entry)
    for change in ({"width": 0.25}, {"network": "efficientnet-lite0"}):
        assert cost.measured_speed([entry], same.model_copy(update=change)) is None
    assert cost.seconds_left(entry) == 0 and cost.pictures_per_second(entry) == pytest.approx(50)


def test_pace_counts_pictures_of_half_the_side_for_less() -> None:
    """An iteration is logged as 2 s throughout: at half size, that is a slow machine."""
    points = mixed(100)
    small = run("small", points[:4], iterations=100, half_size=30)
    run("whole", points[:4], iterations=100, half_size=0)
    entry, whole = Index().get("small"), Index().get("whole")
    # 30 iterations were worth less than one each of the 70 that are left.
    assert cost.seconds_left(entry) == pytest.approx(70 * 2 / cost.HALF_SIZE)
    assert cost.seconds_left(whole) == 70 * 2
    scored = 3 * 200 / 3
    assert cost.run_speed(entry) == pytest.approx((3000 * cost.HALF_SIZE + scored) / 60)
    assert cost.run_speed(whole) == pytest.approx((3000 + scored) / 60)
    line = messages.progress(points[3], small.config(), 60.0, 0)
    assert line.endswith(f"{text.duration(140 / cost.HALF_SIZE)} left")


def test_guess_follows_the_size_of_the_network() -> None:
    paper, large = (configure("mixed", preset=preset) for preset in ("quick", "finetune"))
    # 195.9 million multiplications for a picture of 160 pixels against Table 1's 35.8 million
    assert cost.guessed_speed(paper) / cost.guessed_speed(large) == pytest.approx(
        195.9 / 35.8, 0.01
    )
    small = large.model_copy(update={"input_size": 80})
    assert cost.guessed_speed(small) == pytest.approx(4 * cost.guessed_speed(large))


def test_training_the_head_alone_takes_one_pass() -> None:
    config = configure("mixed", preset="finetune", trained_layers="head", ratio=50, batch_size=64)
    # 600 training pictures per domain, of which half are used, and 400 test pictures
    assert cost.workload(config, 1000, 1000)[1] == pytest.approx((600 + 800) / 3)


def test_time_left_uses_the_speed_of_the_current_phase() -> None:
    points = [point(i, 0.5, 0.5, phase="initial", seconds=10.0 * i) for i in range(0, 50, 10)]
    points += [
        point(50 + i, 0.5, 0.5, phase="restricted", phase_iteration=i, seconds=500 + 0.5 * i)
        for i in range(0, 30, 10)
    ]
    run("one", points, status=None, method="iterative", iterations=100)
    assert cost.seconds_left(Index().get("one")) == pytest.approx(0.5 * 30)
