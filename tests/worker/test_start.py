"""Starting from another run's weights, whose categories may be others."""

import made_runs
import pytest
import torch

from fruitlab.config.errors import RunError
from fruitlab.inference.predict import load_network
from fruitlab.models import registry
from fruitlab.worker.start import load_start


@pytest.fixture
def start():
    return made_runs.run("one", categories=("Apple", "Kiwi", "Pear"), seed=3)


def new_network(start, categories, **changes):
    config = start.config().model_copy(update=changes)
    return registry.build(config, len(categories)).eval()


def test_the_same_categories_give_the_same_network(start):
    network = new_network(start, ("Apple", "Kiwi", "Pear"))
    load_start(network, start, ("Apple", "Kiwi", "Pear"))
    x = torch.rand(2, 3, 100, 100)
    with torch.no_grad():
        assert torch.equal(network(x), load_network(start)[0](x))


def test_categories_are_matched_by_name_and_a_new_one_is_an_average_one(start):
    categories = ("Pear", "Quince", "Apple", "Kiwi")
    network = new_network(start, categories)
    known = load_network(start)[0]
    load_start(network, start, categories)
    x = torch.rand(2, 3, 100, 100)
    with torch.no_grad():
        before, after = known(x), network(x)
    assert torch.allclose(after[:, [0, 2, 3]], before[:, [2, 0, 1]], atol=1e-6)
    assert torch.allclose(after[:, 1], known.output.bias.mean().expand(2))


def test_another_shape_is_refused(start):
    network = new_network(start, ("Apple", "Kiwi", "Pear"), width=0.5)
    with pytest.raises(RunError, match="do not fit"):
        load_start(network, start, ("Apple", "Kiwi", "Pear"))
