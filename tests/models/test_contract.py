"""Every registered network keeps the contract that training, inference and export rely on."""

from pathlib import Path

import network_contract
import pytest

from fruitlab.models import registry

pytestmark = pytest.mark.parametrize("name", registry.networks())


def test_it_is_what_it_declares(name: str) -> None:
    network_contract.check_declaration(name)


def test_its_layer_groups_partition_its_parameters(name: str) -> None:
    network_contract.check_layer_groups(name)


def test_it_trains_and_resumes_to_the_same_bits(name: str) -> None:
    network_contract.check_training(name)


@pytest.mark.parametrize("running_statistics", ["updated", "frozen"])
def test_restricted_training_moves_its_head_only(name: str, running_statistics: str) -> None:
    network_contract.check_restricted_training(name, running_statistics)


def test_its_run_classifies_and_is_exported(name: str, tmp_path: Path) -> None:
    network_contract.check_run(name, tmp_path)
