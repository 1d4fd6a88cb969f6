"""Every method trains a network of timm: all its layers, or the head on a frozen backbone."""

import numpy as np
import pytest
import small
from slow import some

from fruitlab.methods.registry import methods
from fruitlab.models.hub import FAMILY
from fruitlab.training.loop import train


@pytest.fixture(scope="module")
def data():
    return small.device_dataset()


@pytest.mark.parametrize("layers", ["all", "head"])
@pytest.mark.parametrize("name", some(methods(), fast=("mixed", "fine-tune", "closed-form")))
def test_moves_the_layers_that_it_should(name, layers, data):
    own = {"layers": "backbone"} if name == "surgical" else {}  # names of groups are the network's
    config = small.config(
        name,
        **own,
        network=f"{FAMILY}test_resnet.r160_in1k",
        pretrained=False,
        input_size=32,
        trained_layers=layers,
        iterations=8,
        batch_size=9,
    )
    state = small.new_state(config, data)
    before = small.weights(state)
    evaluations = [event for event in train(config, data, state) if event is not None]
    losses = [e.loss for e in evaluations if e.loss is not None]  # None right after an end action
    assert evaluations[-1].full and losses and np.isfinite(losses).all()
    moved = {k for k, x in small.weights(state).items() if not np.array_equal(x, before[k])}
    head = {key for key in before if key.startswith(state.network.prefixes("head"))}
    assert head <= moved
    assert (moved == head) == (layers == "head" or name == "closed-form")
