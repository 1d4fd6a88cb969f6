"""Forgetting and transfer, compared with the libraries that define them."""

import numpy as np
import pytest

from fruitlab.metrics.transfer import transfer


def mammoth(results: list[list[float]], random: list[float]) -> tuple[float, float, float]:
    """Mammoth's utils/metrics.py: forgetting, backward_transfer, forward_transfer.

    Task i is learned in phase i.
    """
    tasks = len(results)
    best = np.max(np.array(results), axis=0)
    forgetting = np.mean([best[i] - results[-1][i] for i in range(tasks - 1)])
    backward = np.mean([results[-1][i] - results[i][i] for i in range(tasks - 1)])
    forward = np.mean([results[i - 1][i] - random[i] for i in range(1, tasks)])
    return forgetting, backward, forward


@pytest.mark.parametrize("tasks", [2, 3, 5])
def test_one_domain_for_each_phase_is_as_in_mammoth(tasks: int) -> None:
    rng = np.random.default_rng(tasks)
    for _ in range(20):
        matrix, untrained = rng.random((tasks, tasks)), rng.random(tasks)
        found = transfer(matrix, untrained, range(tasks))
        expected = mammoth(matrix.tolist(), untrained.tolist())
        assert (found.most_forgetting, found.backward, found.forward) == pytest.approx(expected)
        # Avalanche's StreamForgetting and StreamBWT differ in the sign alone.
        assert found.forgetting == pytest.approx(-expected[1])


def test_iterative_training_forgets_nice_pictures() -> None:
    matrix = np.array([[0.9, 0.2], [0.5, 0.4]])  # after initial, after restricted training
    found = transfer(matrix, np.array([0.05, 0.05]), [0, 1])
    assert found.forgetting == found.most_forgetting == pytest.approx(0.4)
    assert found.backward == pytest.approx(-0.4) and found.forward == pytest.approx(0.15)


def test_a_domain_that_gets_better_is_not_forgotten() -> None:
    found = transfer(np.array([[0.5, 0.2], [0.6, 0.4]]), np.zeros(2), [0, 1])
    assert found.forgetting == pytest.approx(-0.1) and found.most_forgetting == 0


def test_both_at_once_have_neither_forgetting_nor_transfer() -> None:
    found = transfer(np.array([[0.9, 0.5]]), np.zeros(2), [0, 0])
    assert vars(found) == dict.fromkeys(vars(found))
