"""The benchmarks run: each is imported, and those of training do a step on a few pictures."""

import importlib
import pkgutil
from pathlib import Path

import numpy as np
import pytest
import torch

import benchmarks
from benchmarks import counts, limits, ours
from benchmarks.peers import plain

MODULES = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """What `training.write_pictures` writes, but for the JPEG files."""
    rng = np.random.default_rng(0)
    np.save(tmp_path / "images.npy", rng.integers(0, 256, (6, 100, 100, 3), dtype=np.uint8))
    np.save(tmp_path / "labels.npy", np.arange(6) % 3)
    return tmp_path


@pytest.mark.parametrize("name", MODULES)
def test_it_can_be_imported(name: str) -> None:
    importlib.import_module(f"benchmarks.{name}")


@pytest.mark.parametrize("preset", ["paper", "quick"])
def test_fruitlab_does_a_step_and_an_epoch(pictures: Path, preset: str) -> None:
    contender = ours.Contender(pictures, 4, "cpu", preset=preset)
    assert 0 < contender.step() <= 6 and contender.epoch() == 6


def test_the_limits_do_a_step(pictures: Path) -> None:
    assert limits.Convolutions(pictures, 2, "cpu").step() == 2
    assert limits.multiply_adds() > 10**7


def test_a_step_is_counted() -> None:
    kernels, moved = counts.count("quick", 4, 3, torch.float32)
    assert kernels > 1000 and moved > 10**7


def test_the_plain_network_is_table_1() -> None:
    network = plain.network(26)
    assert sum(parameter.numel() for parameter in network.parameters()) == 327_410
