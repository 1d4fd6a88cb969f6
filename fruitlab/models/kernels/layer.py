"""One layer of the paper's network as one fused operation on a CPU.

folding.py makes the normalization part of the kernel. PyTorch convolves the batch, and one loop
over the result (loops.py) adds bias and skip connection, pools, applies the activation and sums up
the statistics for the next layer. The backward pass has one loop as well. Tests hold values and
gradients to PyTorch's own operations.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fruitlab.models.kernels import loops
from fruitlab.models.kernels.correlation import LAST, Correlation
from fruitlab.models.kernels.folding import border, fold, unfold
from fruitlab.models.kernels.threads import shared

# Mean and biased variance of each channel, float [channels].
Moments = tuple[Tensor, Tensor]


def layer(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    statistics: Moments,
    skip: Tensor | None = None,
    *,
    epsilon: float,
    stride: int = 1,
    padding: tuple[int, int],
    pool: bool = False,
) -> tuple[Tensor, Moments, Tensor]:
    """elu(conv(pad(norm(x)), weight) + bias [+ skip]), alpha 1 (paper 2.1.2), optionally pooled.

    Args:
        x: float32, float64 or bfloat16 [batch, in, size, size], on the CPU.
        weight, bias: float [out, in, k, k] and [out], in float32 if x is bfloat16.
        statistics: normalize x, in the dtype of the weight.
        skip: added before the activation; shaped like the result, in the dtype of x.
        epsilon: added to the variance.
        padding: zeros before and after, in both directions.
        pool: max-pool 2x2, before the activation: the same result for a quarter of the work. The
            convolution's result must have an even height and width.

    Returns:
        y: [batch, out, height, width] in the dtype of x, channels last in memory.
        moments: of y, differentiable, in the dtype of the weight.
        skip: y again, for a skip connection. The two gradients are added up where this operation
            reads the first anyway, and not in another pass over both.
    """
    x = x.contiguous(memory_format=LAST)
    if skip is not None:
        skip = skip.contiguous(memory_format=LAST)
    how = (epsilon, stride, padding, pool)
    y, mean, variance, again = _Layer.apply(x, weight, bias, *statistics, skip, how)
    return y, (mean, variance), again


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor,
        skip: Tensor | None,
        how: tuple[float, int, tuple[int, int], bool],
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        epsilon, stride, padding, pool = how
        outputs, inputs, side, _ = weight.shape
        flat = _flat(weight)
        edge, dtype = border(x.shape[2], side, stride, padding, flat.dtype), flat.dtype.type
        arguments = (_numpy(mean), _numpy(variance), dtype(epsilon), edge.kinds, edge.kind)
        folded, shift = fold(flat, _numpy(bias), *arguments)
        kernel = torch.from_numpy(folded).view(outputs, side, side, inputs).permute(0, 3, 1, 2)
        correlation = Correlation(
            kernel.to(x.dtype), stride=stride, padding=padding, width=x.shape[3]
        )
        z = correlation.forward(x)
        batch, _, size, _ = z.shape
        added, y, chosen = shift.reshape(size, -1), z, None  # y replaces z
        if pool:
            assert size % 2 == 0
            y = _empty(x, (batch, outputs, size // 2, size // 2))
            chosen = torch.empty_like(y, dtype=torch.uint8)

        of_z, of_y, of_chosen, of_skip = map(_rows, (z, y, chosen, skip))

        def work(s: slice) -> np.ndarray:
            to_add = added
            if of_chosen is not None:
                loops.pool(of_z[s], added, (0,) * outputs, of_y[s], of_chosen[s])
                to_add = np.zeros(of_y.shape[1:], dtype)
            sums = np.zeros((2, of_y.shape[2]), dtype)
            loops.activate(of_y[s], to_add, None if of_skip is None else of_skip[s], sums)
            return sums

        moments = _Moments(shared(work, z), y)
        ctx.save_for_backward(x, y)
        ctx.rows, ctx.moments, ctx.correlation, ctx.size = (
            (of_y, of_chosen),
            moments,
            correlation,
            size,
        )
        ctx.folded, ctx.has_skip = (flat, *arguments), skip is not None
        ctx.set_materialize_grads(False)
        return y, *moments.tensors(), y.detach()

    @staticmethod
    @once_differentiable
    def backward(
        ctx,
        grad_y: Tensor | None,
        grad_mean: Tensor | None,
        grad_variance: Tensor | None,
        grad_again: Tensor | None,
    ):
        (x, y), (of_y, of_chosen), (flat, *statistics) = ctx.saved_tensors, ctx.rows, ctx.folded
        outputs, side, size, dtype = y.shape[1], y.shape[2], ctx.size, flat.dtype
        if grad_y is None:
            grad_y, grad_again = grad_again, None
        grad_y = torch.zeros_like(y) if grad_y is None else grad_y.contiguous(memory_format=LAST)
        if grad_again is not None:
            grad_again = grad_again.contiguous(memory_format=LAST)
        constant, slope = (
            np.tile(part, side) for part in ctx.moments.backward(grad_mean, grad_variance)
        )
        through = torch.empty_like(y)
        grad_z = through if of_chosen is None else _empty(y, (len(y), outputs, size, size))
        grad, more, before, of_z = map(_rows, (grad_y, grad_again, through, grad_z))

        def work(s: slice) -> np.ndarray:
            shift, others = (
                np.zeros((side, side * outputs), dtype),
                None if more is None else more[s],
            )
            loops.through_activation(grad[s], others, of_y[s], constant, slope, before[s], shift)
            if of_chosen is not None:
                shift = np.zeros((size, size * outputs), dtype)
                loops.through_pool(before[s], of_chosen[s], (0,) * outputs, of_z[s], shift)
            return shift

        grad_shift = shared(work, grad_z).reshape(-1, outputs)
        needs_x, *needs = ctx.needs_input_grad[:5]
        grad_x, grad_kernel = ctx.correlation.backward(
            grad_z, x, of_x=needs_x, of_kernel=any(needs)
        )
        grads: tuple[Tensor | None, ...] = (None,) * 4
        if grad_kernel is not None:
            like, taken = grad_kernel, _flat(grad_kernel.to(torch.from_numpy(flat).dtype))
            weight, *others = map(torch.from_numpy, unfold(taken, grad_shift, flat, *statistics))
            weight = weight.view(outputs, *like.shape[2:], -1).permute(0, 3, 1, 2)
            grads = tuple(
                grad if needed else None
                for grad, needed in zip((weight, *others), needs, strict=True)
            )
        return grad_x, *grads, through if ctx.has_skip else None, None


class _Moments:
    """The moments of y from sums over it.

    Args:
        sums: float [2, width * channels], of y and of its square.
        y: [batch, channels, height, width].
    """

    def __init__(self, sums: np.ndarray, y: Tensor) -> None:
        self.count = y.numel() // y.shape[1]
        mean, square = sums.reshape(2, -1, y.shape[1]).sum(1, dtype=np.float64) / self.count
        variance = square - mean * mean
        # For a constant channel, rounding can give a value just below zero.
        self.positive = ~(variance < 0)
        self.mean, self.variance = (
            part.astype(sums.dtype) for part in (mean, np.maximum(variance, 0))
        )

    def tensors(self) -> Moments:
        return torch.from_numpy(self.mean), torch.from_numpy(self.variance)

    def backward(self, grad_mean: Tensor | None, grad_variance: Tensor | None) -> Any:
        """The gradient of y is constant + slope * y: both, float [channels]."""
        constant = np.zeros_like(self.mean) if grad_mean is None else _numpy(grad_mean)
        slope = np.zeros_like(constant)
        if grad_variance is not None:
            slope = _numpy(grad_variance) * self.positive * 2
            constant = constant - slope * self.mean
        return constant / self.mean.dtype.type(self.count), slope / self.mean.dtype.type(self.count)


class _MomentsOf(torch.autograd.Function):
    """The moments of a network's input; those of other maps come with the layer that makes them."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Moments:
        dtype = np.float64 if x.dtype == torch.float64 else np.float32
        rows = _rows(x)

        def work(s: slice) -> np.ndarray:
            sums = np.zeros((2, rows.shape[2]), dtype)
            loops.add_up(rows[s], sums)
            return sums

        ctx.moments = _Moments(shared(work, x), x)
        ctx.save_for_backward(x)
        return ctx.moments.tensors()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_mean: Tensor, grad_variance: Tensor) -> Tensor:
        (x,), shape = ctx.saved_tensors, (1, -1, 1, 1)
        constant, slope = map(torch.from_numpy, ctx.moments.backward(grad_mean, grad_variance))
        return torch.addcmul(constant.view(shape), x.to(slope.dtype), slope.view(shape)).to(x.dtype)


def moments(x: Tensor) -> Moments:
    """The moments of x, float [batch, channels, height, width] or [batch, channels]."""
    if x.dim() == 2:
        variance, mean = torch.var_mean(x, 0, correction=0)
        return mean, variance
    return _MomentsOf.apply(x.contiguous(memory_format=LAST))


def _empty(like: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, memory_format=LAST)


def _numpy(x: Tensor) -> np.ndarray:
    return x.detach().numpy()


def _flat(weight: Tensor) -> np.ndarray:
    """[out, in, k, k] -> [out, k * k, in], which is free of copies in channels_last."""
    return _numpy(weight.detach().permute(0, 2, 3, 1).contiguous().flatten(1, 2))


def _rows(x: Tensor | None) -> Any:
    """[batch, c, h, w], channels last in memory -> [batch, h, w * c], the same memory.

    bfloat16 becomes uint16, as loops.py takes it. None stays None.
    """
    if x is None:
        return None
    rows = x.detach().permute(0, 2, 3, 1).flatten(2)
    return (rows.view(torch.uint16) if x.dtype == torch.bfloat16 else rows).numpy()
