"""Every registered network fulfils the contract of training, inference and export."""

from pathlib import Path

import network_contract
import pytest

from fruitlab.models import registry

pytestmark = pytest.mark.parametrize(
    "name",
    # Families have no network of their own name.
    dict.fromkeys([*(n for n in registry._built_in() if n[-1] != ":"), *network_contract.SMALL]),
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


def test_run_classifies_and_is_exported(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if name == "efficientnet-lite0" and not request.config.getoption("--slow"):
        pytest.skip("slow: run with --slow")  # networks of timm are exported alike
    network_contract.check_run(name, tmp_path)
