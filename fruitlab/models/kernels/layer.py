"""One layer of the paper's network as one fused operation on a CPU.

folding.py makes the normalization part of the kernel. A slice of the batch is convolved
by PyTorch, and while the result is in cache, one loop (loops.py) adds bias and skip connection,
pools, applies the activation and sums up the statistics for the next layer. The backward pass has
one loop as well. Tests hold values and gradients to PyTorch's own operations.
"""

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fruitlab.models.kernels import loops
from fruitlab.models.kernels.correlation import LAST, Correlation
from fruitlab.models.kernels.threads import shared

# Mean and biased variance of each channel, float [channels].
Moments = tuple[Tensor, Tensor]


def layer(
    x: Tensor,
    kernel: Tensor,
    shift: Tensor,
    skip: Tensor | None = None,
    *,
    stride: int = 1,
    padding: tuple[int, int],
    pool: bool = False,
) -> tuple[Tensor, Moments, Tensor]:
    """elu(conv(pad(x), kernel) + shift [+ skip]) with alpha 1 (paper 2.1.2), optionally max-pooled.

    Args:
        x: float32 or float64 [batch, in, size, size], on the CPU.
        kernel, shift: as `fold` returns them.
        skip: added before the activation; shaped like the result.
        pool: max-pool 2x2, before the activation: the same result for a quarter of the work. The
            convolution's result must have an even height and width.

    Returns:
        y: float [batch, out, height, width], channels last in memory.
        moments: of y, differentiable.
        x: the argument. A skip connection should use this one: its gradient is then added where
            this operation computes its own, and not in another pass over both.
    """
    x = x.contiguous(memory_format=LAST)
    if skip is not None:
        skip = skip.contiguous(memory_format=LAST)
    y, mean, square, x = _Layer.apply(x, kernel, shift, skip, stride, padding, pool)
    return y, _variance(mean, square), x


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx,
        x: Tensor,
        kernel: Tensor,
        shift: Tensor,
        skip: Tensor | None,
        stride: int,
        padding: tuple[int, int],
        pool: bool,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        correlation = Correlation(kernel, stride=stride, padding=padding, width=x.shape[3])
        z = correlation.forward(x)
        batch, outputs, size, _ = z.shape
        bias, y, chosen = shift.detach().reshape(size, -1).numpy(), z, None  # y replaces z
        if pool:
            assert size % 2 == 0
            y = _empty(x, (batch, outputs, size // 2, size // 2))
            chosen = torch.empty_like(y, dtype=torch.uint8)

        def work(s: slice) -> np.ndarray:
            out, added = _rows(y[s]), bias
            if chosen is not None:
                loops.pool(_rows(z[s]), bias, (0,) * outputs, out, _rows(chosen[s]))
                added = np.zeros_like(out[0])
            sums = np.zeros((2, out.shape[2]), out.dtype)
            loops.activate(out, added, None if skip is None else _rows(skip[s]), sums)
            return sums

        sums = torch.from_numpy(shared(work, z)).view(2, -1, outputs).sum(1)
        mean, square = sums / (y.numel() // outputs)
        ctx.save_for_backward(x, y, chosen)
        ctx.correlation, ctx.size, ctx.has_skip = correlation, size, skip is not None
        ctx.set_materialize_grads(False)
        return y, mean, square, x

    @staticmethod
    @once_differentiable
    def backward(
        ctx,
        grad_y: Tensor | None,
        grad_mean: Tensor | None,
        grad_square: Tensor | None,
        grad_alias: Tensor | None,
    ):
        (x, y, chosen), correlation = ctx.saved_tensors, ctx.correlation
        needs_x, needs_kernel = ctx.needs_input_grad[:2]
        outputs, side, size = y.shape[1], y.shape[2], ctx.size
        grad_y = torch.zeros_like(y) if grad_y is None else grad_y.contiguous(memory_format=LAST)
        none, each = y.new_zeros(outputs), y.numel() // outputs
        # Gradient of the mean: the same for all y; of the mean square: in proportion to 2 y.
        constant = (none if grad_mean is None else grad_mean / each).repeat(side).numpy()
        slope = (none if grad_square is None else 2 * grad_square / each).repeat(side).numpy()
        through = torch.empty_like(y)
        grad_z = through if chosen is None else _empty(y, (len(y), outputs, size, size))

        def work(s: slice) -> np.ndarray:
            of_shift = np.zeros((size, size * outputs), constant.dtype)
            pooled_shift = of_shift if chosen is None else np.zeros_like(_rows(y[:1])[0])
            loops.through_activation(
                _rows(grad_y[s]), _rows(y[s]), constant, slope, _rows(through[s]), pooled_shift
            )
            if chosen is not None:
                loops.through_pool(
                    _rows(through[s]), _rows(chosen[s]), (0,) * outputs, _rows(grad_z[s]), of_shift
                )
            return of_shift

        grad_shift = torch.from_numpy(shared(work, grad_z)).view(-1, outputs)
        grad_x, grad_kernel = correlation.backward(grad_z, x, of_x=needs_x, of_kernel=needs_kernel)
        if grad_x is not None and grad_alias is not None:
            grad_x.add_(grad_alias)
        grad_skip = through if ctx.has_skip else None
        return grad_x, grad_kernel, grad_shift, grad_skip, None, None, None


def _empty(like: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, memory_format=LAST)


def _rows(x: Tensor) -> np.ndarray:
    """[batch, c, h, w], channels last in memory -> [batch, h, w * c], the same memory."""
    return x.detach().permute(0, 2, 3, 1).flatten(2).numpy()


class _MeanAndSquare(torch.autograd.Function):
    """Mean and mean square of each channel; its backward is one pass, where autograd makes four."""

    @staticmethod
    def forward(ctx, x: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x)
        if x.dim() == 2:
            return x.mean(0), x.square().mean(0)
        rows = _rows(x.contiguous(memory_format=LAST))

        def work(s: slice) -> np.ndarray:
            sums = np.zeros((2, rows.shape[2]), rows.dtype)
            loops.add_up(rows[s], sums)
            return sums

        sums = torch.from_numpy(shared(work, x)).view(2, -1, x.shape[1]).sum(1)
        mean, square = sums / (x.numel() // x.shape[1])
        return mean, square

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_mean: Tensor, grad_square: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        count, shape = x.numel() // x.shape[1], (1, -1, *[1] * (x.dim() - 2))
        return torch.addcmul(
            (grad_mean / count).view(shape), x, (2 * grad_square / count).view(shape)
        )


def moments(x: Tensor) -> Moments:
    """The moments of x, float [batch, channels, height, width] or [batch, channels]."""
    return _variance(*_MeanAndSquare.apply(x))


def _variance(mean: Tensor, square: Tensor) -> Moments:
    # For a constant channel, rounding can give a value just below zero.
    return mean, (square - mean.square()).clamp(min=0)
