"""Files of earlier versions, in which shortcut projections were called bridges, load as before."""

import numpy as np
import pytest
import small
import torch
from small import config

from fruitlab.config.paths import PROJECT
from fruitlab.inference.predict import load_network
from fruitlab.models.paper_resnet import PaperResNet
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run
from fruitlab.training.loop import train

# Runs of other methods were made by this version.
SHIPPED = sorted(
    path
    for method in ("mixed", "iterative")
    for path in (PROJECT / "checkpoints" / "shipped").glob(f"{method}-*/weights.safetensors")
)


def earlier(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same tensors under the names of earlier versions."""
    return {name.replace(".shortcut.", ".bridge."): value for name, value in tensors.items()}


def test_one_function_maps_the_names() -> None:
    names = ["blocks.3.bridge.weight", "velocity.blocks.7.bridge.bias", "blocks.3.first.bias"]
    assert list(PaperResNet.upgrade_names(dict.fromkeys(names))) == [
        "blocks.3.shortcut.weight",
        "velocity.blocks.7.shortcut.bias",
        "blocks.3.first.bias",
    ]
    today = PaperResNet(3, width=0.25).state_dict()
    assert PaperResNet.upgrade_names(earlier(today)).keys() == today.keys()
    assert PaperResNet.upgrade_names(today).keys() == today.keys()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_weights_load(path) -> None:
    run = Run(path.parent)
    tensors, _ = run.read_tensors("weights")
    assert "blocks.3.bridge.weight" in tensors
    network, _ = load_network(run)
    for name, value in earlier(network.state_dict()).items():
        assert np.array_equal(tensors[name], value.numpy()), name


def test_an_interrupted_run_resumes_to_the_same_bits() -> None:
    data = small.device_dataset()
    cfg = config("mixed", network="paper", batch_size=9, iterations=6)
    whole, _ = small.run(cfg, data)
    state = small.new_state(cfg, data)
    for _ in train(cfg, data, state):
        if state.iteration == 3:
            break
    tensors, numbers = state.save()
    old = earlier(tensors)
    assert {"network.blocks.3.bridge.weight", "velocity.blocks.3.bridge.weight"} <= old.keys()
    again = small.new_state(cfg, data)
    again.load(old, numbers)
    again, _ = small.run(cfg, data, again)
    expected = small.weights(whole)
    for name, value in small.weights(again).items():
        assert np.array_equal(value, expected[name]), name

    run = catalog.create({"device": "cpu", "data": None}, config=cfg, run_id="interrupted")
    run.write_tensors("state", old, {"categories": list(data.categories)})
    network, _ = load_network(run)
    for name, value in network.state_dict().items():
        assert torch.equal(value, state.network.state_dict()[name]), name
