"""Normalizing a convolution's input at no cost: the statistics become part of kernel and bias."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def fold(
    mean: Tensor,
    inverse_std: Tensor,
    weight: Tensor,
    bias: Tensor,
    *,
    size: int,
    stride: int,
    padding: tuple[int, int],
) -> tuple[Tensor, Tensor]:
    """Fold a normalization into kernel and bias.

    conv(pad((x - mean) / std), W) + b = conv(pad(x), kernel) + shift

    Args:
        mean, inverse_std: float [in].
        weight: float [out, in, k, k].
        bias: float [out].
        size: height and width of x.
        padding: zeros before and after, in both directions.

    Returns:
        kernel, shaped like weight, and shift, float [height * width, out]. The shift is a map
        because the padding is zero *after* the normalization.
    """
    inside = _inside(size, weight.shape[2], stride, padding, weight.dtype)
    return _Fold.apply(mean, inverse_std, weight, bias, inside)


class _Fold(torch.autograd.Function):
    """offset = sum_in(W mean / std), kernel = W / std, shift = b - inside offset^T.

    Autograd would take twice as many operations to go back, each longer than its arithmetic.
    """

    @staticmethod
    def forward(
        ctx, mean: Tensor, inverse_std: Tensor, weight: Tensor, bias: Tensor, inside: Tensor
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(mean, inverse_std, weight, inside)
        kernel = weight * inverse_std.view(-1, 1, 1)
        offset = (kernel * mean.view(-1, 1, 1)).sum(1).flatten(1)
        return kernel, torch.addmm(bias, inside, offset.t(), alpha=-1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_kernel: Tensor, grad_shift: Tensor) -> tuple[Tensor | None, ...]:
        mean, inverse_std, weight, inside = ctx.saved_tensors
        grad_offset = (grad_shift.t() @ inside).neg_().view_as(weight[:, :1])
        through = torch.addcmul(grad_kernel, grad_offset, mean.view(-1, 1, 1))
        grad_mean = grad_inverse_std = None
        if ctx.needs_input_grad[0]:
            grad_mean = (weight * grad_offset).sum((0, 2, 3)) * inverse_std
            grad_inverse_std = (weight * through).sum((0, 2, 3))
        grad_weight = through * inverse_std.view(-1, 1, 1)
        return grad_mean, grad_inverse_std, grad_weight, grad_shift.sum(0), None


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # the result is cached: later calls may need gradients
def _inside(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dtype: torch.dtype
) -> Tensor:
    """[height * width, k * k]: 1 where a kernel element lies on the picture, 0 on its padding."""
    out = (size + sum(padding) - kernel) // stride + 1
    at = torch.arange(out).unsqueeze(1) * stride + torch.arange(kernel) - padding[0]
    on = ((at >= 0) & (at < size)).to(dtype)
    return torch.einsum("yi,xj->yxij", on, on).reshape(out * out, kernel * kernel)
