"""Every iteration of a run: written by a worker, read by pages."""

from logged_runs import iterative, mixed, run

from fruitlab.runs import steps
from fruitlab.runs.cost import pictures_per_second, seconds_left
from fruitlab.runs.index import Index


def test_iterations_are_read_in_order_and_repeated_ones_replaced() -> None:
    made = run("one", mixed(20))
    assert len(steps.read(made)) == 0
    steps.append(made, 1, [3.0, 2.0, 1.0], [0.1] * 3, [0.5, 0.6, 0.7])
    steps.append(made, 3, [0.9, 0.8], [0.2] * 2, [0.7, 0.8])  # resumed from iteration 2
    found = steps.read(made)
    assert found.iteration.tolist() == [1, 2, 3, 4]
    assert found.loss.tolist() == [3.0, 2.0, 0.9, 0.8]
    assert found.learning_rate.tolist() == [0.1, 0.1, 0.2, 0.2]
    assert found.momentum.tolist() == [0.5, 0.6, 0.7, 0.8]


def test_half_written_and_foreign_lines_are_left_out() -> None:
    made = run("one", mixed(20))
    steps.append(made, 1, [float("nan"), float("inf"), 1.0], [0.1] * 3, [0.5] * 3)
    with open(made.folder / steps.NAME, "a") as file:
        file.write('[]\n{"iteration": 9}\n{"iteration": 4, "loss": [1')
    found = steps.read(made)
    assert found.iteration.tolist() == [1, 2, 3]
    assert [value == value for value in found.loss] == [False, False, True]


def test_a_branch_gets_the_iterations_up_to_its_snapshot() -> None:
    one, other = run("one", mixed(20)), run("other", mixed(20))
    steps.append(one, 1, [3.0, 2.0, 1.0], [0.1] * 3, [0.5] * 3)
    steps.copy(one, other, 2)
    assert steps.read(other).loss.tolist() == [3.0, 2.0]


def test_between_evaluations_the_activity_says_where_a_run_is() -> None:
    """30 iterations are evaluated, of 2 s and 100 pictures each. Then it trains twice as fast."""
    made = run("one", mixed(30)[:4], status=None, iterations=100, half_size=0)
    with made.lock():
        made.doing("training", iteration=50, pictures=5000, seconds=80.0)
        (entry,) = Index().entries()
        assert entry.iteration == 50
        assert seconds_left(entry) == 80 / 50 * 50
        assert pictures_per_second(entry) == 5000 / 80
        made.doing("training", iteration="many", pictures=0, seconds=0)
        (entry,) = Index().entries()
        assert entry.iteration == 30 and entry.now is None


def test_every_later_phase_has_its_switch() -> None:
    points = iterative(100)
    for point in points[8:]:
        point["phase"] = "third"
    run("one", points, method="iterative", iterations=100)
    (entry,) = Index().entries()
    assert [(one.iteration, one.label) for one in entry.switches] == [
        (50, "restricted"),
        (80, "third"),
    ]
    assert entry.switch == 50
    assert entry.switches[0].about == "restricted training: only the head, on real pictures"
