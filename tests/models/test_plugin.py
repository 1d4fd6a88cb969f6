"""A network that only this file defines: two layers, unlike the paper's."""

from pathlib import Path

import network_contract
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fruitlab.app import demo_answers
from fruitlab.config.errors import ConfigError, RunError
from fruitlab.inference.heatmap import Explanation
from fruitlab.inference.predict import load_network
from fruitlab.models import registry
from fruitlab.models.model import Model
from fruitlab.models.registry import register
from fruitlab.runs import catalog


@register
class TwoLayers(Model):
    """A convolution with plain batch norm, and a linear head on its averaged output."""

    name = "two-layers"
    title = "Two layers"
    description = "For 32 x 32 pixels."
    input_size = 32
    normalization = (0.5, 0.4, 0.3), (0.25, 0.2, 0.3)
    feature_size = 8

    def __init__(self, categories: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, self.feature_size, 5, stride=2)
        self.norm = nn.BatchNorm2d(self.feature_size)
        self.classifier = nn.Linear(self.feature_size, categories)

    def features(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.convolution(x))).mean((2, 3))

    def head(self, features: Tensor) -> Tensor:
        return self.classifier(features)

    def layer_groups(self) -> dict[str, list[nn.Module]]:
        return {"stem": [self.convolution, self.norm], "head": [self.classifier]}


NAME = TwoLayers.name


def test_matches_its_declaration() -> None:
    network_contract.check_declaration(NAME)


def test_layer_groups_partition_the_parameters() -> None:
    network_contract.check_layer_groups(NAME)


def test_resumes_to_identical_weights() -> None:
    network_contract.check_training(NAME)


@pytest.mark.parametrize("running_statistics", ["updated", "frozen"])
def test_restricted_training_changes_only_the_head(running_statistics: str) -> None:
    network_contract.check_restricted_training(NAME, running_statistics)


def test_run_classifies_and_is_exported(tmp_path: Path) -> None:
    network_contract.check_run(NAME, tmp_path)


def test_pictures_are_resized_and_normalized() -> None:
    network = TwoLayers(3)
    grey = torch.full((2, 100, 100, 3), 102, dtype=torch.uint8)  # 0.4
    x = network.prepare(grey)
    expected = torch.tensor([-0.4, 0.0, 1 / 3]).view(1, 3, 1, 1).expand(2, 3, 32, 32)
    torch.testing.assert_close(x, expected, rtol=0, atol=1e-5)
    assert not {name for name in network.state_dict() if name.startswith("input_")}


def test_penalty_excludes_scales_and_biases() -> None:
    assert TwoLayers(3).decayed() == {"convolution.weight", "classifier.weight"}


def test_demo_shows_no_heat_map_without_a_feature_map() -> None:
    seen = network_contract.pictures(1)[0]
    top = [{"category": "Kiwi", "probability": 1.0}]
    html = demo_answers.pictures(Explanation(top, seen, None), "Kiwi")
    assert "The network's input" in html
    assert "heat map" not in html.lower()


def test_run_whose_network_is_not_installed() -> None:
    config = network_contract.config(NAME)
    run = catalog.create({"device": "cpu", "data": None}, config=config, run_id="one")
    run.write_tensors("weights", {}, {"categories": ["A"]})
    registry.unregister(NAME)
    try:
        with pytest.raises(RunError, match=r"one: There is no network named 'two-layers'.*paper"):
            load_network(run)
        with pytest.raises(ConfigError, match="no network named 'two-layers'"):
            catalog.create({"device": "cpu", "data": None}, config=config, run_id="two")
    finally:
        register(TwoLayers)
