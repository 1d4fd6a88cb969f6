"""Every registered network fulfils the contract of training, inference and export."""

from pathlib import Path

import network_contract
import pytest

from fruitlab.models import registry

LARGE = ("efficientnet-lite0",)  # a network of timm like test_resnet, which is quick to train
NAMES = dict.fromkeys([*registry._built_in(), *network_contract.SMALL])

pytestmark = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])
        for name in NAMES
        if not name.endswith(":")  # a family
    ],
)


def test_matches_its_declaration(name: str) -> None:
    network_contract.check_declaration(name)


def test_layer_groups_partition_the_parameters(name: str) -> None:
    network_contract.check_layer_groups(name)


def test_resumes_to_identical_weights(name: str) -> None:
    network_contract.check_training(name)


@pytest.mark.parametrize("running_statistics", ["updated", "frozen"])
def test_restricted_training_changes_only_the_head(name: str, running_statistics: str) -> None:
    network_contract.check_restricted_training(name, running_statistics)


def test_run_classifies_and_is_exported(name: str, tmp_path: Path) -> None:
    network_contract.check_run(name, tmp_path)
