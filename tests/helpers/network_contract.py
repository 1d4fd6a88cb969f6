"""What every registered network must do. test_contract.py and test_plugin.py call these checks."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import small
import torch
from small import CPU

from fruitlab.config.run_config import RunConfig
from fruitlab.inference.export import export_onnx
from fruitlab.inference.predict import Predictor, load_network
from fruitlab.models import registry
from fruitlab.models.kernels.execution import accelerate
from fruitlab.models.model import Model
from fruitlab.runs import catalog
from fruitlab.training.loop import train
from fruitlab.worker.train import train_into

CATEGORIES = 3
# Random weights and small pictures will do for what is checked here.
SMALL = {"efficientnet-lite0": 32, "timm:test_resnet.r160_in1k": 32}


def config(name: str, method: str = "mixed", **changes: Any) -> RunConfig:
    """A short run of this network."""
    defaults = {"batch_size": 9, "iterations": 6, "pretrained": False}
    defaults["input_size"] = SMALL.get(name, 0)
    return small.config(method, network=name, **(defaults | changes))


def built(name: str) -> Model:
    torch.manual_seed(0)
    return registry.build(config(name), CATEGORIES)


def pictures(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 100, 100, 3), dtype=np.uint8)


def check_declaration(name: str) -> None:
    """The listing is the class's, and shapes are as declared."""
    network = built(name).eval()
    assert network.name == name
    if listing := registry.networks().get(name):  # not of networks of timm before their download
        assert (listing.name, listing.title) == (name, type(network).title) and listing.title
        assert listing.description == type(network).description
    with torch.inference_mode():
        x = network.prepare(torch.from_numpy(pictures(2)))
        assert x.shape == (2, 3, network.input_size, network.input_size)
        features = network.features(x)
        assert features.shape == (2, network.feature_size) and features.dtype == torch.float32
        logits = network.head(features)
        assert logits.shape == (2, CATEGORIES) and torch.equal(network(x), logits)
        exact, x64 = copy.deepcopy(network).double(), x.double()
        torch.testing.assert_close(accelerate(exact)(x64), exact(x64), rtol=1e-8, atol=1e-8)
        if network.spatial:
            feature_map = network.feature_map(x)
            assert feature_map.dim() == 4
            assert torch.equal(network.pool(feature_map), features)
            torch.testing.assert_close(  # linear
                network.pool(2 * feature_map), 2 * features, rtol=1e-5, atol=1e-5
            )


def check_layer_groups(name: str) -> None:
    """Groups partition the parameters, and the head is what comes after the features."""
    network = built(name).eval()
    groups = network.layer_groups()
    assert list(groups)[-1] == "head" and (*network.backbone, "head") == tuple(groups)
    members = [p for group in groups for p in network.parameters_of(group)]
    assert sorted(members) == sorted(name for name, _ in network.named_parameters())
    assert all(network.parameters_of(group) for group in groups)
    assert network.decayed() <= set(members)
    everything = network.running_statistics(*groups)
    assert everything == [m for m in network.modules() if isinstance(m, network.statistics_types)]

    x = network.prepare(torch.from_numpy(pictures(2)))
    features = network.features(x)
    last, inputs = network.last_layer, network.last_inputs(features)
    logits = torch.nn.functional.linear(inputs, last.weight, last.bias)
    torch.testing.assert_close(logits, network.head(features))
    features.sum().backward()
    moved = {name for name, p in network.named_parameters() if p.grad is not None}
    assert moved == network.parameters_of(*network.backbone).keys()
    network.zero_grad(set_to_none=True)
    network.head(features.detach()).sum().backward()
    moved = {name for name, p in network.named_parameters() if p.grad is not None}
    assert moved == network.parameters_of("head").keys()


def check_training(name: str) -> None:
    """A run that is interrupted anywhere goes on to the same bits."""
    data, cfg = small.device_dataset(), config(name)
    whole, points = small.run(cfg, data)
    assert all(np.isfinite(point.loss) for point in points if point.loss is not None)
    first = small.weights(small.new_state(cfg, data))
    expected = small.weights(whole)
    parameters = {name for name, _ in whole.network.named_parameters()}
    assert all(not np.array_equal(first[name], expected[name]) for name in parameters)
    state = small.new_state(cfg, data)
    saved = [state.save() for _ in train(cfg, data, state)]
    for tensors, numbers in saved[1::6]:
        again = small.new_state(cfg, data)
        again.load(tensors, numbers)
        again, _ = small.run(cfg, data, again)
        for name, value in small.weights(again).items():
            assert np.array_equal(value, expected[name]), name


def check_restricted_training(name: str, running_statistics: str) -> None:
    """Only the head learns; running statistics of the backbone move only if they may."""
    data, cfg = (
        small.device_dataset(),
        config(name, "iterative", running_statistics=running_statistics),
    )
    state, before = small.new_state(cfg, data), None
    for _ in train(cfg, data, state):
        if state.phase == 1 and before is None:
            before = small.weights(state)
    head = state.network.prefixes("head")
    parameters = {name for name, _ in state.network.named_parameters()}
    for name, value in small.weights(state).items():
        moved = not np.array_equal(before[name], value)
        statistic = name not in parameters
        assert moved == (
            name.startswith(head) or (statistic and running_statistics == "updated")
        ), name


def check_run(name: str, path: Path) -> None:
    """A run's folder is written, its network is read back, classifies, and is exported."""
    data = small.two_domains()
    run = catalog.create({"device": "cpu", "data": None}, config=config(name), run_id="contract")
    summary = train_into(
        run, data, where=CPU, device="cpu", threads=1, say=lambda line: None, stop=lambda: False
    )
    assert summary["status"] == "finished"
    tensors, metadata = run.read_tensors("weights")
    assert metadata["network"] == name and metadata["categories"] == list(data.categories)
    network, categories = load_network(run)
    assert categories == data.categories
    loaded = network.state_dict()
    assert loaded.keys() == tensors.keys()
    assert all(np.array_equal(tensors[name], loaded[name].numpy()) for name in tensors)

    photos = pictures(3)
    with torch.inference_mode():
        logits = network(network.prepare(torch.from_numpy(photos)))
        expected = torch.softmax(logits, 1).numpy()
    predictor = Predictor(run)
    explanation = predictor.explain(photos[0])
    assert explanation.top == predictor.top3(photos[0])
    assert [answer["category"] for answer in explanation.top] == [
        categories[i] for i in np.argsort(-expected[0])
    ]
    np.testing.assert_allclose(
        [answer["probability"] for answer in explanation.top],
        np.sort(expected[0])[::-1],
        rtol=1e-3,
    )
    assert (explanation.relevance is not None) == network.spatial

    result = export_onnx(run, path / "network.onnx")
    assert result["largest_difference"] < 1e-4
    session = onnxruntime.InferenceSession(result["file"], providers=["CPUExecutionProvider"])
    for batch in (photos, photos[:1]):
        (found,) = session.run(None, {"pictures": batch})
        np.testing.assert_allclose(found, expected[: len(batch)], atol=1e-4)
    noted = session.get_modelmeta().custom_metadata_map
    assert noted["network"] == name and json.loads(noted["categories"]) == list(categories)
