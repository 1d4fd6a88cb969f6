"""A whole training step on a pretend GPU: tensors that have a device, shape and type but no numbers.

The device is PyTorch's "meta": autograd has no engine for CUDA where there is none, but takes that one. A watcher sees every
operation, forward, backward and update, and objects to one that mixes devices; whatever would have to wait for the device
(`item`, a shape that depends on values) fails for want of numbers. It does not say that a GPU computes the right ones.
"""

from collections.abc import Iterator

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from fruitlab.methods.registry import configure
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.loop import Batches, step
from fruitlab.training.state import State

GPU = torch.device("meta")
AUGMENTED = dict(
    mirror=True, shift=0.1, zoom=0.2, turn=15, light=0.3, colour=0.3, erase=0.4, label_smoothing=0.1
)


class OneDevice(TorchDispatchMode):
    """Raises at an operation whose tensors lie on two devices. A CPU scalar may come along: it is passed by value."""

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
def pretend() -> Iterator[None]:
    with OneDevice():
        yield


def device_dataset() -> DeviceDataset:
    """12 nice and 12 real pictures, two of each domain and category for testing."""
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


@pytest.mark.slow
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("preset", ["paper", "quick"])
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
def test_a_step_stays_on_the_device(
    pretend: None,
    preset: str,
    method: str,
    phase_number: int,
    changes: dict,
    precision: torch.dtype,
) -> None:
    config = configure(
        method, preset=preset, width=0.25, **{"batch_size": 5, "plateau": 10} | changes
    )
    data, state = device_dataset(), State(config, categories=3, device=GPU, precision=precision)
    phase = config.phases()[phase_number]
    if phase_number:
        state.enter(phase_number, fresh_clock=phase.fresh_clock)
    batches = Batches(config, phase, data, state)
    state.trains(phase)
    for iteration in (
        0,
        batches.per_epoch - 1,
    ):  # the last one ends an epoch, with its plateau counter
        step(config, phase, state, *batches.at(iteration))
    for name, tensor in (
        state.trained | state.velocity | state.counters | dict(state.network.named_buffers())
    ).items():
        assert tensor.device == GPU, name
    assert phase.inputs == (
        "features" if changes.get("running_statistics") == "frozen" else "pictures"
    )
    assert len(state.trained) == (4 if phase_number else 54)


def test_the_pretend_device_finds_what_it_is_for(pretend: None) -> None:
    there = torch.ones((3, 3), device=GPU)
    for mixed in (
        lambda: there @ torch.ones(3, 3),
        lambda: there[torch.arange(2)],
        lambda: there.copy_(torch.ones(3, 3)),
    ):
        with pytest.raises(RuntimeError, match="cpu"):
            mixed()
    for waits in (
        lambda: there.sum().item(),
        lambda: there[there > 0],
        lambda: there.cpu(),
        lambda: bool(there.sum() > 0),
    ):
        with pytest.raises((RuntimeError, NotImplementedError)):
            waits()
