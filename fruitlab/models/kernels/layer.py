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
from fruitlab.models.kernels.folding import border, normalized, shifted, unfold
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
        x: float32, float64 or bfloat16 [batch, in, size, size], on the CPU. In bfloat16, the
            convolution's result is rounded before the means are subtracted. So channels lose
            precision whose mean is several times their standard deviation.
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

    Raises:
        ValueError: maps or a kernel that are not square, a skip connection that is not shaped like
            the result, or a result of odd size to pool.
    """
    size = (x.shape[2] + sum(padding) - weight.shape[2]) // stride + 1
    if x.shape[2] != x.shape[3] or weight.shape[2] != weight.shape[3]:
        raise ValueError(f"maps {tuple(x.shape)} or kernel {tuple(weight.shape)} are not square")
    if pool and size % 2:
        raise ValueError(f"a result of {size} x {size} cannot be pooled: its size is odd")
    shape = (len(x), len(weight), *2 * [size // 2 if pool else size])
    if skip is not None and skip.shape != shape:
        raise ValueError(f"the skip connection is {tuple(skip.shape)}, the result {shape}")
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
        outputs, _, kernel_size, _ = weight.shape
        flat = flat_weight(weight)
        dtype, edge = flat.dtype.type, border(x.shape[2], kernel_size, stride, padding, flat.dtype)
        scaled = normalized(flat, numbers(variance), dtype(epsilon))
        kernel = weight_like(scaled, kernel_size).to(x.dtype)
        as_used = flat_weight(kernel.to(weight.dtype))
        shift = shifted(as_used, numbers(bias), numbers(mean), edge.kinds, edge.kind)
        correlation = Correlation(kernel, stride=stride, padding=padding, width=x.shape[3])
        z = correlation.forward(x)
        batch, _, size, _ = z.shape
        shift, y, chosen = shift.reshape(size, -1), z, None  # y replaces z
        if pool:
            y = empty(x, batch, outputs, size // 2, size // 2)
            chosen = torch.empty_like(y, dtype=torch.uint8)
        z_rows, y_rows, chosen_rows, skip_rows = map(rows, (z, y, chosen, skip))

        def work(s: slice) -> np.ndarray:
            added = shift
            if chosen_rows is not None:
                loops.pool(z_rows[s], shift, (0,) * outputs, y_rows[s], chosen_rows[s])
                added = np.zeros(y_rows.shape[1:], dtype)  # the pool has added it already
            part, sums = np.empty((2, y_rows.shape[2]), dtype), np.zeros((2, y_rows.shape[2]))
            more = None if skip_rows is None else skip_rows[s]
            loops.activate(y_rows[s], added, more, part, sums)
            return sums

        ctx.sums = Sums(shared(work, z), y, dtype)
        ctx.save_for_backward(x, y, weight, mean, variance)
        ctx.correlation, ctx.size, ctx.has_skip = correlation, size, skip is not None
        ctx.chosen_rows, ctx.how = chosen_rows, (dtype(epsilon), edge.kinds, edge.kind)
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
        x, y, weight, mean, variance = ctx.saved_tensors
        flat, y_rows, chosen_rows = flat_weight(weight), rows(y), ctx.chosen_rows
        outputs, side, size, dtype = y.shape[1], y.shape[2], ctx.size, flat.dtype
        if grad_y is None:
            grad_y, grad_again = grad_again, None
        grad_y = torch.zeros_like(y) if grad_y is None else grad_y.contiguous(memory_format=LAST)
        if grad_again is not None:
            grad_again = grad_again.contiguous(memory_format=LAST)
        of_moments = ctx.sums.backward(grad_mean, grad_variance)
        constant, slope = (np.tile(part, side) for part in of_moments)
        # Before the activation, which is also the gradient of the skip connection; before the pool.
        inner = torch.empty_like(y)
        grad_z = inner if chosen_rows is None else empty(y, len(y), outputs, size, size)
        grad, again, inner_rows, z_rows = map(rows, (grad_y, grad_again, inner, grad_z))

        def work(s: slice) -> np.ndarray:
            more = None if again is None else again[s]
            total = np.zeros((side, side * outputs), dtype)
            loops.through_activation(
                grad[s], more, y_rows[s], constant, slope, inner_rows[s], total
            )
            if chosen_rows is not None:
                total = np.zeros((size, size * outputs), dtype)
                loops.through_pool(inner_rows[s], chosen_rows[s], (0,) * outputs, z_rows[s], total)
            return total

        grad_shift = shared(work, grad_z).reshape(-1, outputs)
        need_x, *needed = ctx.needs_input_grad[:5]
        grad_x, grad_kernel = ctx.correlation.backward(
            grad_z, x, need_x=need_x, need_kernel=any(needed)
        )
        grads: list[Tensor | None] = [None] * 4
        if grad_kernel is not None:
            epsilon, *edge = ctx.how
            statistics = numbers(mean), numbers(variance), epsilon
            grad_flat = flat_weight(grad_kernel.to(weight.dtype))
            grad_weight, *others = unfold(grad_flat, grad_shift, flat, *statistics, *edge)
            found = [weight_like(grad_weight, len(weight[0, 0])), *map(torch.from_numpy, others)]
            grads = [grad if need else None for grad, need in zip(found, needed, strict=True)]
        return grad_x, *grads, inner if ctx.has_skip else None, None
