"""Learning rate, momentum and norm momentum: pure functions of the iteration (paper 2.2.1, 3.3, 3.4).

They depend on nothing else, which is why the nine iterative runs of section 5.1 can share one initial training.
"""

import math

from fruitlab.config.run_config import RunConfig


def learning_rate(config: RunConfig, iteration: int, horizon: int) -> float:
    """Learning rate of a phase's iteration, before any halving on a plateau (paper 3.4).

    Args:
        iteration: from 0, on the phase's clock.
        horizon: iterations over which a one-cycle is laid; the paper's decay knows none.
    """
    if config.schedule == "decay":
        return config.learning_rate * config.decay ** (iteration / config.decay_every)
    at, rise = (iteration + 0.5) / horizon, config.warmup
    if at < rise:
        return config.learning_rate * at / rise
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, (at - rise) / (1 - rise))))


def momentum(config: RunConfig, iteration: int) -> float:
    """The momentum term: a logistic rise, capped (paper 3.3; its constants are lost, ours are RunConfig's)."""
    if config.momentum_width == 0:
        return config.momentum
    # exp overflows beyond 709; there the term is zero to every digit.
    exponent = min(700.0, (config.momentum_midpoint - iteration) / config.momentum_width)
    return config.momentum / (1 + math.exp(exponent))


def norm_momentum(config: RunConfig, iteration: int) -> float:
    """bn_momentum: what the moving statistics keep of themselves, rising exponentially (paper 2.2.1; formula lost).

    Args:
        iteration: from 0, on the run's clock: at 0 the batch's statistics are taken as they are.
    """
    if config.norm_rise == 0:
        return config.norm_momentum
    return min(config.norm_momentum, 1 - math.exp(-iteration / config.norm_rise))
