"""Counts kernels, bytes and multiply-adds of a training step on a GPU, without a GPU.

    python -m benchmarks.counts [--batch 256] [--categories 23]

The step runs on PyTorch's meta device, whose tensors have shapes but no values, and every operation
is counted. The counts are upper limits: some operations are decomposed only on this device, and a
GPU's libraries fuse others. docs/gpu.md estimates the speed on a GPU from them.
"""

import argparse

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.limits import multiply_adds
from fruitlab.methods.registry import configure
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.loop import Batches, step
from fruitlab.training.state import State

GPU = torch.device("meta")
# Operations that create views or allocate memory, and start no kernel.
FREE = (
    "view",
    "permute",
    "expand",
    "transpose",
    "slice",
    "select",
    "unsqueeze",
    "squeeze",
    "as_strided",
    "detach",
    "alias",
    "empty",
    "unbind",
    "split",
    "chunk",
    "t.default",
    "_unsafe_view",
    "lift_fresh",
    "is_pinned",
    "unflatten",
)


class Counter(TorchDispatchMode):
    """Counts operations that start a kernel, and the bytes that they read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = self.bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        name = function.name().removeprefix("aten::")
        if not name.startswith(FREE):
            self.kernels += 1
            given = [
                leaf
                for leaf in tree_leaves((args, kwargs or {}, result))
                if isinstance(leaf, torch.Tensor)
            ]
            self.bytes += sum(
                tensor.numel() * tensor.element_size()
                for tensor in {id(tensor): tensor for tensor in given}.values()
            )
        return result


def count(preset: str, batch: int, categories: int, precision: torch.dtype) -> tuple[int, int]:
    """Kernels and bytes of one training step, including gathering, augmentation and update."""
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
    state = State(config, categories=categories, device=GPU, precision=precision)
    phase = config.phases()[0]
    batches = Batches(config, phase, data, state)
    state.trains(phase)
    batches.at(0)  # shuffles the epoch, which is not part of a step
    counter = Counter()
    with counter:
        step(config, phase, state, batches.at(0))
    return counter.kernels, counter.bytes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=256, help="pictures in a batch (default: 256)")
    parser.add_argument("--categories", type=int, default=23, help="categories (default: 23)")
    arguments = parser.parse_args()
    print(
        f"One step of {arguments.batch} pictures. "
        f"Convolutions: {multiply_adds() * arguments.batch / 1e9:.0f} billion multiply-adds."
    )
    for preset in ("paper", "quick"):
        for precision in (torch.float32, torch.bfloat16):
            kernels, moved = count(preset, arguments.batch, arguments.categories, precision)
            name = str(precision).removeprefix("torch.")
            print(
                f"{preset:8} {name:9} {kernels:6,} kernels, {moved / 1e9:5.2f} GB read and written"
            )


if __name__ == "__main__":
    main()
