"""One layer of the paper's network as one fused operation.

On a CPU, PyTorch's operations around a convolution cost more than the convolution itself. Measured
on one core, 8 pictures of 8 x 50 x 50, in microseconds (AMD EPYC, AVX-512, torch 2.14.1):
convolution 280; `F.elu` 1950, the same by `exp` 155, by `exp2` 80; `var_mean` 820, sums of the
values and of their squares 26.
folding.py makes the normalization part of the kernel. Bias, skip
connection, pooling, activation and the statistics for the next layer are computed slice by slice
(slices.py), forward and backward, while a slice is in cache. This is tensor code that runs on any
device; tests hold it to PyTorch's own operations.
"""

import math

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from fruitlab.models.kernels.correlation import LAST, Correlation
from fruitlab.models.kernels.slices import over_slices

# Mean and biased variance of each channel, float [channels], in float32 or better.
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
    take_moments: bool = False,
) -> tuple[Tensor, Moments | None, Tensor]:
    """elu(conv(pad(x), kernel) + shift [+ skip]) with alpha 1 (paper 2.1.2), optionally max-pooled.

    Args:
        x: float [batch, in, size, size]. If it is bfloat16, so are the maps and the convolution.
            Moments, kernel and shift stay float32, as does every sum over many numbers.
        kernel, shift: as `fold` returns them.
        skip: added before the activation; shaped like the result.
        pool: max-pool 2x2, before the activation: the same result for a quarter of the work.
        take_moments: also compute the moments of the result.

    Returns:
        y: float [batch, out, height, width], channels last in memory.
        moments: of y, differentiable, or None.
        x: the argument. A skip connection should use this one: its gradient is then added where
            this operation computes its own, and not in another pass over both.
    """
    x = x.contiguous(memory_format=LAST)
    if skip is not None:
        skip = skip.contiguous(memory_format=LAST)
    y, mean, square, x = _Layer.apply(
        x, kernel.to(x.dtype), shift, skip, stride, padding, pool, take_moments
    )
    return y, _variance(mean, square) if take_moments else None, x


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
        take_moments: bool,
    ) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor]:
        batch, outputs = len(x), len(kernel)
        size = (x.shape[2] + sum(padding) - kernel.shape[2]) // stride + 1
        y = _empty(x, (batch, outputs, *[size // 2 if pool else size] * 2))
        chosen = torch.empty_like(y, dtype=torch.int64) if pool else None
        correlation = Correlation(kernel, stride=stride, padding=padding, width=x.shape[3])
        shift = shift.reshape(-1)

        def work(s: slice) -> list[Tensor]:
            z = correlation.forward(x[s])
            _rows(z).add_(shift)
            if chosen is not None:
                z, chosen[s] = F.max_pool2d(z, 2, return_indices=True)
            if skip is not None:
                z.add_(skip[s])
            _elu(z, out=y[s])
            if not take_moments:
                return []
            values = y[s].permute(0, 2, 3, 1).reshape(-1, outputs)
            values = values if values.dtype == shift.dtype else values.to(shift.dtype)
            return [values.sum(0), values.square().sum(0)]

        floats = max(x[0].numel(), outputs * size * size)
        sums = over_slices(work, batch=batch, floats=floats, device=x.device)
        count = y.numel() // outputs
        mean, square = (total / count for total in sums) if take_moments else (None, None)
        ctx.save_for_backward(x, y, chosen)
        ctx.correlation, ctx.size, ctx.floats = correlation, size, floats
        ctx.has_skip, ctx.wide = skip is not None, shift.dtype
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
        grad_y = torch.zeros_like(y) if grad_y is None else grad_y.contiguous(memory_format=LAST)
        grad_x = torch.empty_like(x) if needs_x else None
        grad_skip = torch.empty_like(y) if ctx.has_skip else None
        by_moments = grad_mean is not None or grad_square is not None
        if by_moments:
            # Gradient of the mean: the same for all y; of the mean square: in proportion to 2 y.
            # Expanded to whole rows, since broadcasting 8 numbers is slow.
            repeats, none = y.shape[2] * y.shape[3], torch.zeros_like(y[0, :, 0, 0], dtype=ctx.wide)
            grad_mean, grad_square = (none if of is None else of for of in (grad_mean, grad_square))
            constant, slope = (
                (of / (len(y) * repeats)).repeat(repeats) for of in (grad_mean, 2 * grad_square)
            )

        def work(s: slice) -> list[Tensor]:
            grad, out = grad_y[s], y[s]
            if by_moments:
                grad, direct = torch.empty_like(out), grad
                torch.addcmul(constant, _rows(out), slope, out=_rows(grad))
                grad.add_(direct)
            # elu'(z) = elu(z) + 1 below zero, so the result is all that has to be kept.
            through = grad_skip[s] if grad_skip is not None else torch.empty_like(out)
            torch.ops.aten.elu_backward.grad_input(grad, 1, 1, 1, True, out, grad_input=through)
            if chosen is not None:
                before = _empty(out, (len(out), out.shape[1], ctx.size, ctx.size))
                through = torch.ops.aten.max_pool2d_with_indices_backward(
                    through, before, (2, 2), (2, 2), (0, 0), (1, 1), False, chosen[s]
                ).contiguous(memory_format=LAST)
            of_x, of_kernel = correlation.backward(
                through, x[s], of_x=needs_x, of_kernel=needs_kernel
            )
            if grad_x is not None and of_x is not None:
                if grad_alias is None:
                    grad_x[s].copy_(of_x)
                else:
                    torch.add(of_x, grad_alias[s], out=grad_x[s])
            flat = _rows(through)
            # A product is four times as fast as `sum(0)`, but bfloat16 needs a float32 sum.
            of_shift = (
                flat.new_ones(1, len(flat)) @ flat
                if flat.dtype == ctx.wide
                else flat.sum(0, keepdim=True, dtype=ctx.wide)
            )
            return [of_shift, of_kernel] if needs_kernel else [of_shift]

        of_shift, *of_kernel = over_slices(work, batch=len(x), floats=ctx.floats, device=x.device)
        grad_kernel = correlation.settle(of_kernel[0]) if needs_kernel else None
        return grad_x, grad_kernel, of_shift.view(-1, y.shape[1]), grad_skip, None, None, None, None


def _empty(like: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=LAST)


def _rows(x: Tensor) -> Tensor:
    """[batch, c, h, w], channels last in memory -> [batch, h * w * c], a view."""
    return x.permute(0, 2, 3, 1).view(len(x), -1)


def _elu(z: Tensor, *, out: Tensor) -> Tensor:
    """ELU with alpha 1, as max(z, exp(min(z, 0)) - 1): exp(z) - 1 >= z for every z."""
    if z.device.type != "cpu":
        return torch.ops.aten.elu.out(z, out=out)
    negative = z.clamp(max=0).mul_(math.log2(math.e)).exp2_().sub_(1)
    return torch.maximum(z, negative, out=out)


class _MeanAndSquare(torch.autograd.Function):
    """Mean and mean square of each channel; its backward is one pass, where autograd makes four."""

    @staticmethod
    def forward(ctx, x: Tensor) -> tuple[Tensor, Tensor]:
        axes = (0, 2, 3) if x.dim() == 4 else (0,)
        ctx.save_for_backward(x)
        return x.mean(axes), x.square().mean(axes)

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
