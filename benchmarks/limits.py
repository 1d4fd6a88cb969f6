"""Two upper limits of training speed, as contenders: the convolutions alone, and multiply-adds."""

from pathlib import Path

from fruitlab.training.runtime import prepare

prepare()

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

# (inputs, outputs, kernel, stride, padding, input size). Shortcut projections are left out because
# they cost little.
LAYERS = (
    [(3, 8, 5, 1, 2, 100)]
    + [(8, 8, 3, 1, 1, 50)] * 6
    + [(8, 16, 3, 2, 0, 51), (16, 16, 3, 1, 1, 25)]
    + [(16, 16, 3, 1, 1, 25)] * 6
    + [(16, 32, 3, 2, 0, 25), (32, 32, 3, 1, 1, 12)]
    + [(32, 32, 3, 1, 1, 12)] * 6
)


class Convolutions:
    """The convolutions, forward and backward, without normalization, activation or pooling."""

    def __init__(self, batch: int, device: str, dtype: torch.dtype) -> None:
        self.device, self.batch, self.dtype = torch.device(device), batch, dtype
        self.threads = str(torch.get_num_threads())
        self.layers = [
            nn.Conv2d(i, o, k, stride, padding, bias=False).to(
                self.device, dtype, memory_format=torch.channels_last
            )
            for i, o, k, stride, padding, _ in LAYERS
        ]
        # Each has its own input, as in a network; a shared one would stay in the cache. The input
        # of the first convolution, the pictures, needs no gradient.
        self.inputs = [
            self._random(i, size).requires_grad_(i != 3) for i, _, _, _, _, size in LAYERS
        ]
        self.gradients = [
            self._random(*layer(x).shape[1:3])
            for layer, x in zip(self.layers, self.inputs, strict=True)
        ]

    def step(self) -> int:
        for layer, x, gradient in zip(self.layers, self.inputs, self.gradients, strict=True):
            layer(x).backward(gradient)
            x.grad = layer.weight.grad = None
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return self.batch

    def _random(self, channels: int, size: int) -> Tensor:
        shape = (self.batch, channels, size, size)
        x = torch.randn(shape, device=self.device, dtype=self.dtype)
        return x.contiguous(memory_format=torch.channels_last)


class Peak:
    """The product of two large matrices. One "picture" is one multiply-add."""

    SIZE = 2048

    def __init__(self, device: str, dtype: torch.dtype) -> None:
        self.device, self.threads = torch.device(device), str(torch.get_num_threads())
        shape = (self.SIZE, self.SIZE)
        self.a, self.b = (torch.randn(shape, device=self.device, dtype=dtype) for _ in range(2))

    def step(self) -> int:
        self.a @ self.b
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return self.SIZE**3


def multiply_adds() -> int:
    """Multiply-adds of the convolutions for one picture, forward and backward.

    The backward pass computes the gradients of weights and inputs, except of the first input.
    """
    total = 0
    for number, (i, o, k, stride, padding, size) in enumerate(LAYERS):
        out = (size + 2 * padding - k) // stride + 1
        total += (3 if number else 2) * i * o * k * k * out * out
    return total


class Contender:
    """Creates the contender of `benchmarks.limits:convolutions` or `benchmarks.limits:peak`."""

    def __new__(
        cls, data: Path, batch: int, device: str, *, preset: str, precision: str
    ) -> Convolutions | Peak:
        dtype = getattr(torch, precision)
        if preset == "convolutions":
            return Convolutions(batch, device, dtype)
        return Peak(device, dtype)
