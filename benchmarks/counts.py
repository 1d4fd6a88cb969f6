"""What a training step asks of a GPU, counted without one: kernels, bytes and multiply-adds.

    python -m benchmarks.counts [--batch 256] [--categories 23]

The step runs on PyTorch's "meta" device, whose tensors have shapes but no numbers, and every
operation is counted, in float32: this device has no autocast. Operations that PyTorch splits on
this device alone count more than once, and those that a GPU's libraries fuse count apart, so the
counts are upper limits. `benchmarks/gpu.sh` measures on a GPU.
"""

import argparse

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.limits import multiply_adds
from fruitlab.methods.registry import configure
from fruitlab.training.batches import Batches
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.state import State
from fruitlab.training.step import step

GPU = torch.device("meta")
# Operations that only allocate memory, or say how it is read.
FREE = (
    "view", "permute", "expand", "transpose", "slice", "select", "unsqueeze", "squeeze",
    "as_strided", "detach", "alias", "empty", "unbind", "split", "chunk", "t.default",
    "_unsafe_view", "lift_fresh", "is_pinned", "unflatten",
)  # fmt: skip


class Counter(TorchDispatchMode):
    """Counts the operations that start a kernel, and the bytes of all that they read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = self.bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        name = function.name().removeprefix("aten::")
        if not name.startswith(FREE):
            self.kernels += 1
            leaves = tree_leaves((args, kwargs or {}, result))
            tensors = {id(leaf): leaf for leaf in leaves if isinstance(leaf, torch.Tensor)}
            self.bytes += sum(each.numel() * each.element_size() for each in tensors.values())
        return result


def count(preset: str, batch: int, categories: int) -> tuple[int, int]:
    """Kernels and bytes of one step, from gathering the batch to the update."""
    config = configure("mixed", preset=preset, ratio=60, batch_size=batch)
    pictures = 2 * batch
    index = {
        "nice": torch.arange(0, batch, device=GPU),
        "real": torch.arange(batch, pictures, device=GPU),
    }
    data = DeviceDataset(
        tuple(map(str, range(categories))),
        torch.empty((pictures, 100, 100, 3), dtype=torch.uint8, device=GPU),
        torch.zeros(pictures, dtype=torch.int64, device=GPU),
        torch.zeros(pictures, dtype=torch.bool, device=GPU),
        index,
        index,
    )
    state = State(config, categories=categories, device=GPU)
    phase = config.phases()[0]
    batches = Batches(config, phase, data, state)
    state.trains(phase)
    batches.at(0)  # an epoch's shuffle is not part of a step
    counter = Counter()
    with counter:
        step(config, phase, state, batches.at(0))
    return counter.kernels, counter.bytes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=256, help="pictures in a step (default: 256)")
    parser.add_argument("--categories", type=int, default=23)
    arguments = parser.parse_args()
    arithmetic = multiply_adds() * arguments.batch / 1e9
    print(f"{arguments.batch} pictures; convolutions {arithmetic:.0f} billion multiply-adds")
    for preset in ("paper", "quick"):
        kernels, moved = count(preset, arguments.batch, arguments.categories)
        print(f"{preset:8} {kernels:6,} kernels, {moved / 1e9:5.2f} GB read and written")


if __name__ == "__main__":
    main()
