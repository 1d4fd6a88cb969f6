"""Mixed training (paper 4.4.1): x % of the real training set with (100 - x) % of the nice one, all layers, one phase."""

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.phase import Phase


def phases(config: RunConfig) -> list[Phase]:
    return [
        Phase(
            name="mixed",
            nice=1 - config.ratio / 100,
            real=config.ratio / 100,
            iterations=config.iterations,
            horizon=config.iterations,
        )
    ]
