"""A training step stays on its device, tested without a GPU on PyTorch's meta device.

Meta tensors have a device, a shape and a dtype but no values. A dispatch mode sees every operation
(forward, backward and update) and rejects those that mix devices. Operations that wait for the
device, such as `item` or a shape that depends on values, fail because there are no values. Whether
a GPU computes the right values is not tested here.
"""

from collections.abc import Iterator

import pytest
import torch
from slow import some
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from fruitlab.methods.registry import configure
from fruitlab.training.batches import Batches
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.state import State
from fruitlab.training.step import step

GPU = torch.device("meta")
AUGMENTED = {
    "mirror": True,
    "shift": 0.1,
    "zoom": 0.2,
    "turn": 15,
    "light": 0.3,
    "colour": 0.3,
    "erase": 0.4,
    "label_smoothing": 0.1,
}


class OneDevice(TorchDispatchMode):
    """Raises if an operation mixes devices. CPU scalars are allowed: they are passed by value."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        devices = {
            leaf.device.type
            for leaf in tree_leaves((args, kwargs or {}))
            if isinstance(leaf, torch.Tensor) and leaf.dim()
        }
        if len(devices) > 1 and function is not torch.ops.aten._to_copy.default:
            raise RuntimeError(f"{function} on {devices}")
        return function(*args, **(kwargs or {}))


@pytest.fixture
def one_device_only() -> Iterator[None]:
    with OneDevice():
        yield


def device_dataset() -> DeviceDataset:
    """12 nice and 12 real pictures, which are both training and test pictures."""
    count = 24
    index = {"nice": torch.arange(0, 12, device=GPU), "real": torch.arange(12, 24, device=GPU)}
    return DeviceDataset(
        ("a", "b", "c"),
        torch.empty((count, 100, 100, 3), dtype=torch.uint8, device=GPU),
        torch.zeros(count, dtype=torch.int64, device=GPU),
        torch.zeros(count, dtype=torch.bool, device=GPU),
        index,
        index,
    )


@pytest.mark.parametrize("preset", some(("paper", "quick"), fast=("quick",)))
@pytest.mark.parametrize(
    ("method", "phase_number", "changes"),
    [
        ("mixed", 0, {}),
        ("mixed", 0, AUGMENTED),
        ("iterative", 0, {}),
        ("iterative", 1, {"running_statistics": "updated"} | AUGMENTED),
        ("iterative", 1, {"running_statistics": "frozen"}),
    ],
)
def test_step_stays_on_the_device(
    one_device_only: None,
    preset: str,
    method: str,
    phase_number: int,
    changes: dict,
) -> None:
    config = configure(
        method, preset=preset, width=0.25, **{"batch_size": 5, "plateau": 10} | changes
    )
    data, state = device_dataset(), State(config, categories=3, device=GPU)
    phase = config.phases()[phase_number]
    if phase_number:
        state.enter(phase_number, fresh_clock=phase.fresh_clock)
    batches = Batches(config, phase, data, state)
    state.trains(phase)
    # The last iteration ends an epoch, which updates the plateau counters.
    for iteration in (0, batches.per_epoch - 1):
        step(config, phase, state, batches.at(iteration))
    for name, tensor in (
        state.trained | state.velocity | state.counters | dict(state.network.named_buffers())
    ).items():
        assert tensor.device == GPU, name
    assert phase.inputs == (
        "features" if changes.get("running_statistics") == "frozen" else "pictures"
    )
    assert len(state.trained) == (4 if phase_number else 54)


def test_device_check_detects_transfers_and_mixed_devices(one_device_only: None) -> None:
    on_gpu = torch.ones((3, 3), device=GPU)
    for mixed in (
        lambda: on_gpu @ torch.ones(3, 3),
        lambda: on_gpu[torch.arange(2)],
        lambda: on_gpu.copy_(torch.ones(3, 3)),
    ):
        with pytest.raises(RuntimeError, match="cpu"):
            mixed()
    for waits in (
        lambda: on_gpu.sum().item(),
        lambda: on_gpu[on_gpu > 0],
        lambda: on_gpu.cpu(),
        lambda: bool(on_gpu.sum() > 0),
    ):
        with pytest.raises((RuntimeError, NotImplementedError)):
            waits()
