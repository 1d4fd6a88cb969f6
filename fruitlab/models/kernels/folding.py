"""Normalizing a convolution's input at no cost: the statistics become part of kernel and bias."""

from functools import lru_cache

import torch
from torch import Tensor


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
    inside = _inside(size, weight.shape[2], stride, padding, weight.dtype, weight.device)
    offset = (weight * (mean * inverse_std).view(1, -1, 1, 1)).sum(1).flatten(1)
    return weight * inverse_std.view(1, -1, 1, 1), torch.addmm(bias, inside, offset.t(), alpha=-1)


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # the result is cached: later calls may need gradients
def _inside(
    size: int,
    kernel: int,
    stride: int,
    padding: tuple[int, int],
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    """[height * width, k * k]: 1 where a kernel element lies on the picture, 0 on its padding."""
    out = (size + sum(padding) - kernel) // stride + 1
    at = (
        torch.arange(out, device=device).unsqueeze(1) * stride
        + torch.arange(kernel, device=device)
        - padding[0]
    )
    on = ((at >= 0) & (at < size)).to(dtype)
    return torch.einsum("yi,xj->yxij", on, on).reshape(out * out, kernel * kernel)
