"""Configurations that no method can train."""

import pytest

from fruitlab.cli.report import training_pictures
from fruitlab.config.errors import ConfigError
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.methods.registry import configure, parse_stored


def test_every_phase_needs_an_iteration() -> None:
    with pytest.raises(ConfigError, match="2 phases of iterative training need at least one each"):
        configure("iterative", iterations=1)
    assert configure("mixed", iterations=1).iterations == 1
    # A run of an earlier version stays readable.
    stored = configure("iterative", iterations=2).model_dump() | {"iterations": 1}
    assert parse_stored(stored).iterations == 1


def test_the_opening_line_of_a_run_names_its_network(pair) -> None:
    import_pictures(name="small", nice=pair.nice, real=pair.real, min_images=5)
    data = store.load("small")
    line = training_pictures(configure("mixed", data="small"), data, data.split(0))
    assert line.startswith("mixed, 60% real on small, network: The paper's residual network")
