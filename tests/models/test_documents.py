"""docs/models.md lists every built-in network with its number of parameters."""

import re

import pytest

from fruitlab.config.paths import PROJECT
from fruitlab.models import registry

TEXT = (PROJECT / "docs" / "models.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([a-z0-9_-]+)` \|[^|]*\| ([\d,]+) \| (\d+) x", TEXT, re.MULTILINE)


def test_every_built_in_network_is_listed():
    networks = {name for name in registry._built_in() if not name.endswith(":")}  # no families
    missing = networks - {name for name, _, _ in ROWS}
    assert not missing, f"add a row for {missing} to docs/models.md"


@pytest.mark.parametrize(("name", "parameters", "size"), ROWS)
def test_listed_sizes_match_the_network(name, parameters, size):
    from fruitlab.methods.registry import configure

    network = registry.build(configure("mixed", preset="paper", network=name), 26)
    assert f"{sum(p.numel() for p in network.parameters()):,}" == parameters
    assert network.input_size == int(size)
