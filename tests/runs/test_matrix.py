"""The accuracy matrix of a run, from its log."""

from logged_runs import iterative, mixed, run

from fruitlab.runs.index import Index
from fruitlab.runs.matrix import accuracy_matrix


def test_rows_are_the_beginning_and_the_ends_of_the_phases() -> None:
    run("one", iterative(100), method="iterative", iterations=100)
    found = accuracy_matrix(Index().get("one"))
    assert found.rows == ("before training", "after initial", "after restricted")
    assert found.values.tolist() == [[0.0, 0.1], [0.9, 0.1], [0.5, 0.3]]
    assert found.pictures.tolist() == [[100, 100], [1000, 1000], [1000, 1000]]
    assert round(found.transfer.forgetting, 6) == 0.4 and found.transfer.forward == 0


def test_other_runs_have_none() -> None:
    run("mixed", mixed(100), iterations=100)
    run("half", iterative(100)[:7], status="stopped", method="iterative", iterations=100)
    assert not any(accuracy_matrix(entry) for entry in Index().entries())
