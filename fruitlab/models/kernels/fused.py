"""The paper's network by fused operations, one for each layer.

A layer normalizes by folding the statistics into its kernel (folding.py), and the statistics of its
output are computed with it, for the next layer (layer.py).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.models.kernels.execution import Execution
from fruitlab.models.kernels.folding import fold
from fruitlab.models.kernels.layer import Moments, layer, moments
from fruitlab.models.paper_resnet import (
    Convolution,
    Dense,
    PaperResNet,
    ResidualBlock,
    RunningNorm,
    ShortcutProjection,
)


class FusedExecution(Execution):
    """The forward pass of the paper's network in float32 or float64 on a CPU."""

    title = "fused kernels"
    network: PaperResNet

    def features(self, x: Tensor) -> Tensor:
        network = self.network
        x, known, _ = _convolution(network.stem, x, pool=True)
        for block in network.blocks:
            assert isinstance(block, ResidualBlock)
            y, known, x = _convolution(block.first, x, known)
            skip = x if block.shortcut is None else _projection(block.shortcut, x, y.shape[-1])
            x, known, _ = _convolution(block.second, y, known, skip)
        return network.pool(x)  # free of copies: the memory is in this order already

    def head(self, features: Tensor) -> Tensor:
        return _dense(self.network.output, torch.tanh(_dense(self.network.hidden, features)))


def _convolution(
    module: Convolution,
    x: Tensor,
    known: Moments | None = None,
    skip: Tensor | None = None,
    *,
    pool: bool = False,
) -> tuple[Tensor, Moments, Tensor]:
    """The result, its moments, and x for a second use (see `layer`). x's moments may be known."""
    mean, inverse_std = _normalization(module.norm, x, known)
    padding = module.padding(x.shape[-1])
    kernel, shift = fold(
        mean,
        inverse_std,
        module.weight,
        module.bias,
        size=x.shape[-1],
        stride=module.stride,
        padding=padding,
    )
    return layer(
        x,
        kernel,
        shift,
        skip,
        stride=module.stride,
        padding=padding,
        pool=pool,
    )


def _projection(module: ShortcutProjection, x: Tensor, size: int) -> Tensor:
    every_second = x.permute(0, 2, 3, 1)[:, : 2 * size : 2, : 2 * size : 2]
    return F.linear(every_second, module.weight, module.bias).permute(0, 3, 1, 2)


def _dense(module: Dense, x: Tensor) -> Tensor:
    mean, inverse_std = _normalization(module.norm, x)
    return F.linear((x - mean) * inverse_std, module.weight, module.bias)


def _normalization(
    norm: RunningNorm, x: Tensor, known: Moments | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and 1 / standard deviation that normalize x, float [channels] each."""
    mean, variance = norm.mean, norm.variance
    if norm.training:
        with torch.set_grad_enabled(torch.is_grad_enabled() and norm.statistics == "batch"):
            mean, variance = norm.update(*(known or moments(x)))
    return mean, torch.rsqrt(variance + norm.epsilon)
