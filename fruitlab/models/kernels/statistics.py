"""Mean and variance of each channel, and the gradients that reach a map through them."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fruitlab.models.kernels import loops
from fruitlab.models.kernels.memory import LAST, numbers, rows
from fruitlab.models.kernels.threads import shared

# Mean and biased variance of each channel, float [channels].
Moments = tuple[Tensor, Tensor]


class Sums:
    """The moments of y from sums over it.

    Args:
        sums: float64 [2, width * channels], of y and of its square.
        y: [batch, channels, height, width].
        dtype: of the moments and their gradients.
    """

    def __init__(self, sums: np.ndarray, y: Tensor, dtype: type) -> None:
        self.count = max(1, y.numel() // y.shape[1])  # an empty batch has the moments of zeros
        mean, square = sums.reshape(2, -1, y.shape[1]).sum(1) / self.count
        variance = square - mean * mean
        # For a constant channel, rounding can give a value just below zero.
        self.positive = ~(variance < 0)
        self.mean, self.variance = (part.astype(dtype) for part in (mean, np.maximum(variance, 0)))

    def moments(self) -> Moments:
        """Mean and variance as tensors."""
        return torch.from_numpy(self.mean), torch.from_numpy(self.variance)

    def backward(self, grad_mean: Tensor | None, grad_variance: Tensor | None) -> Any:
        """The gradient of y is constant + slope * y: both, float [channels]."""
        constant = np.zeros_like(self.mean) if grad_mean is None else numbers(grad_mean)
        slope = np.zeros_like(constant)
        if grad_variance is not None:
            slope = numbers(grad_variance) * self.positive * 2
            constant = constant - slope * self.mean
        count = self.mean.dtype.type(self.count)
        return constant / count, slope / count


class _MomentsOf(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Moments:
        dtype = np.float64 if x.dtype == torch.float64 else np.float32
        x_rows = rows(x)

        def work(s: slice) -> np.ndarray:
            part, sums = np.empty((2, x_rows.shape[2]), dtype), np.zeros((2, x_rows.shape[2]))
            loops.add_up(x_rows[s], part, sums)
            return sums

        ctx.sums = Sums(shared(work, x), x, dtype)
        ctx.save_for_backward(x)
        return ctx.sums.moments()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_mean: Tensor, grad_variance: Tensor) -> Tensor:
        (x,), shape = ctx.saved_tensors, (1, -1, 1, 1)
        constant, slope = map(torch.from_numpy, ctx.sums.backward(grad_mean, grad_variance))
        return torch.addcmul(constant.view(shape), x.to(slope.dtype), slope.view(shape)).to(x.dtype)


def moments(x: Tensor) -> Moments:
    """The moments of x, float [batch, channels, height, width].

    Only a network's input needs this: a layer's result comes with its moments.
    """
    return _MomentsOf.apply(x.contiguous(memory_format=LAST))
