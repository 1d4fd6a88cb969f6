"""One layer of the paper's network as one fused operation on a CPU.

folding.py makes the normalization part of the kernel. PyTorch convolves the batch, and one loop
over the result (loops.py) adds bias and skip connection, pools, applies the activation and sums up
the statistics for the next layer. The backward pass has one loop as well. Tests hold values and
gradients to PyTorch's own operations.
"""

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fruitlab.models.kernels import loops
from fruitlab.models.kernels.correlation import Correlation
from fruitlab.models.kernels.folding import border, fold, unfold
from fruitlab.models.kernels.memory import LAST, empty, flat_weight, numbers, rows, weight_like
from fruitlab.models.kernels.statistics import Moments, Sums
from fruitlab.models.kernels.threads import shared


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
        outputs, _, side, _ = weight.shape
        flat = flat_weight(weight)
        dtype, edge = flat.dtype.type, border(x.shape[2], side, stride, padding, flat.dtype)
        statistics = (numbers(mean), numbers(variance), dtype(epsilon), edge.kinds, edge.kind)
        kernel, shift = fold(flat, numbers(bias), *statistics)
        kernel = weight_like(kernel, side).to(x.dtype)
        correlation = Correlation(kernel, stride=stride, padding=padding, width=x.shape[3])
        z = correlation.forward(x)
        batch, _, size, _ = z.shape
        shift, y, chosen = shift.reshape(size, -1), z, None  # y replaces z
        if pool:
            assert size % 2 == 0
            y = empty(x, batch, outputs, size // 2, size // 2)
            chosen = torch.empty_like(y, dtype=torch.uint8)
        of_z, of_y, of_chosen, of_skip = map(rows, (z, y, chosen, skip))

        def work(s: slice) -> np.ndarray:
            added = shift
            if of_chosen is not None:
                loops.pool(of_z[s], shift, (0,) * outputs, of_y[s], of_chosen[s])
                added = np.zeros(of_y.shape[1:], dtype)  # the pool has added it already
            sums = np.zeros((2, of_y.shape[2]), dtype)
            loops.activate(of_y[s], added, None if of_skip is None else of_skip[s], sums)
            return sums

        ctx.sums = Sums(shared(work, z), y)
        ctx.save_for_backward(x, y)
        ctx.correlation, ctx.size, ctx.has_skip = correlation, size, skip is not None
        ctx.rows, ctx.folded, ctx.dtype = (of_y, of_chosen), (flat, *statistics), weight.dtype
        ctx.set_materialize_grads(False)
        return y, *ctx.sums.moments(), y.detach()

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
        of_moments = ctx.sums.backward(grad_mean, grad_variance)
        constant, slope = (np.tile(part, side) for part in of_moments)
        through = torch.empty_like(y)
        grad_z = through if of_chosen is None else empty(y, len(y), outputs, size, size)
        grad, again, before, of_z = map(rows, (grad_y, grad_again, through, grad_z))

        def work(s: slice) -> np.ndarray:
            more = None if again is None else again[s]
            shift = np.zeros((side, side * outputs), dtype)
            loops.through_activation(grad[s], more, of_y[s], constant, slope, before[s], shift)
            if of_chosen is not None:
                shift = np.zeros((size, size * outputs), dtype)
                loops.through_pool(before[s], of_chosen[s], (0,) * outputs, of_z[s], shift)
            return shift

        grad_shift = shared(work, grad_z).reshape(-1, outputs)
        of_x, *needed = ctx.needs_input_grad[:5]
        grad_x, grad_kernel = ctx.correlation.backward(grad_z, x, of_x=of_x, of_kernel=any(needed))
        grads: list[Tensor | None] = [None] * 4
        if grad_kernel is not None:
            of_folded = flat_weight(grad_kernel.to(ctx.dtype))
            weight, *others = unfold(of_folded, grad_shift, flat, *statistics)
            found = [weight_like(weight, grad_kernel.shape[2]), *map(torch.from_numpy, others)]
            grads = [grad if need else None for grad, need in zip(found, needed, strict=True)]
        return grad_x, *grads, through if ctx.has_skip else None, None
