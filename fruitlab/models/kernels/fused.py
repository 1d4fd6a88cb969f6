"""The paper's network by fused operations, one for each layer.

A layer normalizes by folding the statistics into its kernel (folding.py), and the statistics of its
output are computed with it, for the next layer (layer.py).
"""

import torch
from torch import Tensor

from fruitlab.models.kernels.execution import Execution
from fruitlab.models.kernels.layer import layer
from fruitlab.models.kernels.statistics import Moments, moments
from fruitlab.models.paper_resnet import (
    Convolution,
    PaperResNet,
    ResidualBlock,
    RunningNorm,
)


class FusedExecution(Execution):
    """The forward pass of the paper's network on a CPU, in float32, float64 or bfloat16."""

    title = "fused kernels"
    network: PaperResNet

    def features(self, x: Tensor) -> Tensor:
        network, exact = self.network, self.network.stem.weight.dtype
        x = x.to(torch.bfloat16 if self.precision == torch.bfloat16 else exact)
        x, known, skip = _convolution(network.stem, x, pool=True)
        for block in network.blocks:
            assert isinstance(block, ResidualBlock)
            y, between, _ = _convolution(block.first, x, known)
            if block.shortcut is not None:
                skip = block.shortcut(skip, y.shape[-1])
            x, known, skip = _convolution(block.second, y, between, skip)
        return network.pool(x.to(exact))  # free of copies: the memory is in this order already


def _convolution(
    module: Convolution,
    x: Tensor,
    known: Moments | None = None,
    skip: Tensor | None = None,
    *,
    pool: bool = False,
) -> tuple[Tensor, Moments, Tensor]:
    """The result, its moments, and itself again (see `layer`). The moments of x may be known."""
    return layer(
        x,
        module.weight,
        module.bias,
        _statistics(module.norm, x, known),
        skip,
        epsilon=module.norm.epsilon,
        stride=module.stride,
        padding=module.padding(x.shape[-1]),
        pool=pool,
    )


def _statistics(norm: RunningNorm, x: Tensor, known: Moments | None = None) -> Moments:
    """What normalizes x."""
    if not norm.training:
        return norm.mean, norm.variance
    with torch.set_grad_enabled(torch.is_grad_enabled() and norm.statistics == "batch"):
        return norm.update(*(known or moments(x)))


@torch.inference_mode(False)
@torch.enable_grad()
def prepare(*dtypes: torch.dtype) -> None:
    """Compile all loops for maps of these dtypes, or load them from the disk.

    These are the loops of a network of width 1. Other numbers of channels compile the pool again.
    """
    for dtype in dtypes:
        pictures = torch.zeros(1, 3, 4, 4, dtype=dtype)
        wide, small = torch.zeros(8, 3, 5, 5), torch.zeros(8, 8, 3, 3)
        bias = torch.zeros(8, requires_grad=True)
        y, known, skip = layer(
            pictures, wide, bias, moments(pictures), epsilon=1e-3, padding=(2, 2), pool=True
        )
        z, (mean, variance), _ = layer(y, small, bias, known, skip, epsilon=1e-3, padding=(1, 1))
        (z.sum() + mean.sum() + variance.sum()).backward()
