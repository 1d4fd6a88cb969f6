"""Learning rate, momentum and bn_momentum as functions of the iteration (paper 2.2.1, 3.3, 3.4).

They depend on nothing else, which is why the nine iterative runs of section 5.1 can share one
initial training.
"""

import math

from fruitlab.config.run_config import RunConfig

# Fraction of the iterations in which warmup-stable-decay falls. Hägele et al. 2024, "Scaling laws
# and compute-optimal training beyond fixed training durations", find that a fifth is enough.
COOLDOWN = 0.2


def learning_rate(config: RunConfig, iteration: int, horizon: int) -> float:
    """Learning rate before any halving on a plateau (paper 3.4).

    Args:
        iteration: of the phase's clock, from 0.
        horizon: iterations that a one-cycle schedule spans. The paper's decay has no end.
    """
    if config.schedule == "decay":
        return config.learning_rate * config.decay ** (iteration / config.decay_every)
    progress, rise = (iteration + 0.5) / horizon, config.warmup
    if progress < rise:
        return config.learning_rate * progress / rise
    top = rise if config.schedule == "one-cycle" else max(rise, 1 - COOLDOWN)  # where it ends
    fall = min(1.0, max(0.0, (progress - top) / (1 - top)))
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * fall))


def momentum(config: RunConfig, iteration: int) -> float:
    """Momentum: a logistic rise to its final value (paper 3.3).

    The paper's text lost the constants; ours are RunConfig's defaults.
    """
    if config.momentum_width == 0:
        return config.momentum
    # exp overflows beyond 709, where the result is zero to every digit anyway.
    exponent = min(700.0, (config.momentum_midpoint - iteration) / config.momentum_width)
    return config.momentum / (1 + math.exp(exponent))


def norm_momentum(config: RunConfig, iteration: int) -> float:
    """bn_momentum: the fraction of their value that running statistics keep (paper 2.2.1).

    It rises exponentially; the paper's text lost the formula.

    Args:
        iteration: of the run, from 0. At 0 the running statistics become the batch's.
    """
    if config.norm_rise == 0:
        return config.norm_momentum
    return min(config.norm_momentum, 1 - math.exp(-iteration / config.norm_rise))
