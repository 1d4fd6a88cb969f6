"""Which device a name means. Machines with GPUs are imitated."""

import pytest
import torch

from fruitlab.config.errors import RunError
from fruitlab.training import devices


@pytest.fixture
def current(monkeypatch: pytest.MonkeyPatch) -> list[torch.device]:
    """What is made the current GPU, on a machine with two."""
    made: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", made.append)
    return made


def test_a_numbered_gpu_becomes_the_current_one(current):
    """Or its steps would be captured on the first one, where they do nothing."""
    assert devices.resolve("cuda:1") == torch.device("cuda:1")
    assert current == [torch.device("cuda:1")]
    assert devices.resolve("cuda") == devices.resolve("auto") == torch.device("cuda")
    assert devices.resolve("cpu") == torch.device("cpu")
    assert len(current) == 1


def test_devices_that_are_not_there_are_refused(current):
    for name, said in (
        ("cuda:2", "2 CUDA devices found"),
        ("gpu", "There is no device"),
        ("meta", "not supported"),
    ):
        with pytest.raises(RunError, match=said):
            devices.resolve(name)
    assert current == []
