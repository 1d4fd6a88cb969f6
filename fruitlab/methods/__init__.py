"""Ways to train over two domains: each a file here, each a list of phases."""

from fruitlab.config.run_config import RunConfig
from fruitlab.methods import iterative, mixed
from fruitlab.methods.phase import Phase

METHODS = {"mixed": mixed.phases, "iterative": iterative.phases}


def phases(config: RunConfig) -> list[Phase]:
    """The run's phases in order; their iterations add up to the run's."""
    return METHODS[config.method](config)
