"""DDM: silent while errors fall or stay, and quick when they rise."""

import numpy as np

from fruitlab.metrics.drift import drifts


def stream(*rates: tuple[float, int], group: int = 20, seed: int = 0):
    """Groups of pictures with these error rates: (rate, groups)."""
    random = np.random.default_rng(seed)
    right = [group - random.binomial(group, rate) for rate, count in rates for _ in range(count)]
    return [group] * len(right), right


def test_a_rise_of_the_errors_is_noticed_soon():
    found = [drifts(*stream((0.2, 50), (0.7, 20), seed=seed)) for seed in range(20)]
    assert sum(any(50 <= place <= 55 for place in one) for one in found) >= 18
    assert sum(place < 50 for one in found for place in one) <= 2  # false alarms


def test_no_drift_while_errors_fall_or_stay():
    falling = [(rate / 100, 3) for rate in range(90, 5, -5)]
    assert sum(len(drifts(*stream(*falling, seed=seed))) for seed in range(20)) == 0
    steady = sum(len(drifts(*stream((0.3, 50), seed=seed))) for seed in range(50))
    assert steady <= 5  # of 50 streams of 1,000 pictures: DDM is known for a few false alarms


def test_it_starts_again_after_a_drift():
    found = drifts(*stream((0.1, 40), (0.5, 40), (0.95, 40), seed=1))
    assert len(found) == 2 and 40 <= found[0] < 50 and 80 <= found[1] < 95


def test_few_pictures_and_groups_without_any():
    assert drifts([], []) == []
    assert drifts([0, 5, 0], [0, 0, 0]) == []
