"""Schedules, compared with closed forms and the paper's description (2.2.1, 3.3, 3.4)."""

import math

import numpy as np
import pytest

from fruitlab.methods.registry import configure
from fruitlab.training import schedules


def test_decay_is_10_percent_every_80_iterations():
    config = configure("mixed", preset="paper")
    rates = [schedules.learning_rate(config, t, 3000) for t in range(3000)]
    np.testing.assert_allclose(rates[::80], 0.004 * 0.9 ** np.arange(len(rates[::80])), rtol=1e-12)
    ratios = np.divide(rates[1:], rates[:-1])
    np.testing.assert_allclose(ratios, 0.9 ** (1 / 80), rtol=1e-12)


def test_decay_does_not_depend_on_the_horizon():
    config = configure("mixed", preset="paper")
    assert schedules.learning_rate(config, 700, 1000) == schedules.learning_rate(config, 700, 9000)


@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.2, 0.5])
def test_one_cycle_rises_to_the_peak_and_falls_to_zero(warmup):
    config = configure("mixed", preset="quick", learning_rate=0.3, warmup=warmup)
    horizon = 1000
    rates = np.array([schedules.learning_rate(config, t, horizon) for t in range(horizon)])
    peak = round(warmup * horizon)
    assert np.all(np.diff(rates[:peak]) > 0) and np.all(np.diff(rates[peak:]) < 0)
    assert rates.max() == pytest.approx(0.3, rel=0.01)
    assert 0 < rates[-1] < 1e-3 * 0.3
    # The rise is linear and the fall half a cosine, so the area is known.
    assert rates.sum() / horizon == pytest.approx(0.3 / 2, rel=1e-3)
    half_way = peak + (horizon - peak) // 2
    assert rates[half_way] == pytest.approx(0.15, rel=0.01)


def test_warmup_stable_decay_holds_its_peak():
    """Up in a tenth, down in the last fifth by half a cosine: the area is known."""
    config = configure("online", preset="quick", learning_rate=0.3)
    rates = np.array([schedules.learning_rate(config, t, 1000) for t in range(1000)])
    assert np.all(np.diff(rates[:100]) > 0) and np.all(np.diff(rates[800:]) < 0)
    assert np.all(rates[100:800] == 0.3) and 0 < rates[-1] < 1e-3 * 0.3
    assert rates.sum() / 1000 == pytest.approx(0.3 * (0.05 + 0.7 + 0.1), rel=1e-3)


def test_one_cycle_scales_with_the_horizon():
    config = configure("mixed", preset="quick")
    short = [schedules.learning_rate(config, t, 200) for t in range(200)]
    # The same times, because a rate is taken at the middle of its step.
    long = [schedules.learning_rate(config, t, 600) for t in range(1, 600, 3)]
    np.testing.assert_allclose(short, long, rtol=1e-9)


def test_one_cycle_is_zero_beyond_its_horizon():
    config = configure("mixed", preset="quick")
    assert schedules.learning_rate(config, 700, 600) == 0


def test_momentum_is_logistic_and_capped():
    config = configure("mixed", preset="paper")
    assert schedules.momentum(config, 10) == pytest.approx(0.3)
    for t in (0, 3, 40, 170, 2000):
        # The logistic function, written with tanh.
        assert schedules.momentum(config, t) == pytest.approx(
            0.3 * (1 + math.tanh((t - 10) / 5)), rel=1e-12
        )
    values = [schedules.momentum(config, t) for t in range(3000)]
    assert max(values) <= 0.6 and np.all(np.diff(values) >= 0)


def test_momentum_with_a_steep_rise_does_not_overflow():
    config = configure("mixed", preset="paper", momentum_midpoint=1e6, momentum_width=0.001)
    assert schedules.momentum(config, 0) == pytest.approx(0, abs=1e-200)


def test_momentum_of_width_zero_is_constant():
    config = configure("mixed", preset="paper", momentum_width=0)
    assert [schedules.momentum(config, t) for t in (0, 1, 500)] == [0.6] * 3


def test_norm_momentum_rises_from_zero_to_its_cap():
    config = configure("mixed", preset="paper")
    assert schedules.norm_momentum(config, 0) == 0
    assert schedules.norm_momentum(config, 30) == pytest.approx(1 - 1 / math.e)
    capped = 30 * math.log(100)  # where 1 - exp(-t / 30) is 0.99
    assert schedules.norm_momentum(config, math.floor(capped)) < 0.99
    assert schedules.norm_momentum(config, math.ceil(capped)) == 0.99
    assert schedules.norm_momentum(config, 10**9) == 0.99


def test_norm_momentum_without_a_rise_is_constant():
    config = configure("mixed", preset="paper", norm_rise=0, norm_momentum=0.9)
    assert schedules.norm_momentum(config, 0) == schedules.norm_momentum(config, 100) == 0.9
