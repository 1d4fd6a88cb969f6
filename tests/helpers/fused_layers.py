"""The fused layer and its definition by PyTorch's operations, for the tests of the kernels."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.models.kernels import layer, statistics

EPSILON = 1e-3


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(
        shape, dtype=dtype, generator=torch.Generator().manual_seed(seed)
    ).requires_grad_()


def plain(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor,
    bias: Tensor,
    skip: Tensor | None,
    *,
    stride: int,
    padding: tuple[int, int],
    pool: bool,
) -> Tensor:
    """The definition: normalize, pad with zeros, convolve, pool, add, ELU."""
    mean, variance = (part.view(1, -1, 1, 1) for part in (mean, variance))
    normalized = (x - mean) / (variance + EPSILON).sqrt()
    z = F.conv2d(F.pad(normalized, padding * 2), weight, bias, stride)
    z = F.max_pool2d(z, 2) if pool else z
    return F.elu(z if skip is None else z + skip)


def fast(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor,
    bias: Tensor,
    skip: Tensor | None = None,
    *,
    stride: int = 1,
    padding: tuple[int, int],
    pool: bool = False,
) -> tuple[Tensor, statistics.Moments, Tensor]:
    return layer.layer(
        x,
        weight,
        bias,
        (mean, variance),
        skip,
        epsilon=EPSILON,
        stride=stride,
        padding=padding,
        pool=pool,
    )


def unnormalized(x: Tensor, kernel: int, **how: Any) -> tuple[Tensor, statistics.Moments, Tensor]:
    """The layer of a kernel of ones, without bias, of pictures with one channel."""
    weight = torch.ones(1, 1, kernel, kernel, dtype=x.dtype)
    none, one = torch.zeros(1, dtype=x.dtype), torch.full((1,), 1 - EPSILON, dtype=x.dtype)
    return fast(x, none, one, weight, none, **how)


# The layers of the paper's network, and others: one channel, many channels, odd sizes.
KINDS = [  # in, out, kernel, size, stride, padding, pool
    (3, 8, 5, 12, 1, (2, 2), True),
    (8, 8, 3, 10, 1, (1, 1), False),
    (8, 16, 3, 10, 2, (0, 1), False),
    (16, 16, 3, 5, 1, (1, 1), False),
    (4, 6, 3, 9, 2, (0, 0), False),
    (1, 1, 3, 6, 1, (1, 1), False),
    (2, 8, 5, 8, 1, (2, 2), True),
    (9, 20, 3, 6, 1, (1, 1), False),
]
