"""`accelerate(network)`: the fastest available forward pass of a network.

An execution holds no parameters: it reads, and in training updates, those of the network, so the
two can be used alternately. For `PaperResNet` each layer is one fused operation (layer.py), which
normalizes by folding the statistics into its kernel, and the statistics of a layer's output are
computed with it, for the next layer. Any other network executes itself. Outputs, gradients and
running statistics agree to rounding (tests/models/test_execution.py).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.models.kernels import folding, layer
from fruitlab.models.kernels.layer import Moments
from fruitlab.models.model import Model
from fruitlab.models.paper_resnet import (
    Convolution,
    Dense,
    PaperResNet,
    ResidualBlock,
    RunningNorm,
    ShortcutProjection,
)

FUSED_DTYPES = (torch.float32, torch.float64, torch.bfloat16)


class Execution:
    """A network's forward pass, by the network's own modules.

    Args:
        precision: the dtype that the backbone computes in. Anything but float32 runs under
            autocast. Parameters, statistics, features and head keep the network's dtype.
    """

    def __init__(self, network: Model, precision: torch.dtype = torch.float32) -> None:
        self.network, self.precision = network, precision

    def features(self, x: Tensor) -> Tensor:
        """Input as `Model.prepare` returns it -> features, float [batch, feature_size]."""
        if self.precision == torch.float32:
            return self.network.features(x)
        with torch.autocast(x.device.type, self.precision):
            return self.network.features(x).float()

    def head(self, features: Tensor) -> Tensor:
        """Features -> logits, float [batch, categories]."""
        return self.network.head(features)

    def __call__(self, x: Tensor) -> Tensor:
        """Input -> logits, float [batch, categories]."""
        return self.head(self.features(x))


class FusedExecution(Execution):
    """The forward pass of the paper's network by fused operations."""

    network: PaperResNet

    def features(self, x: Tensor) -> Tensor:
        return fused_features(
            self.network, x if self.precision == torch.float32 else x.to(self.precision)
        )

    def head(self, features: Tensor) -> Tensor:
        return fused_head(self.network, features)


def accelerate(network: Model, precision: torch.dtype = torch.float32) -> Execution:
    """The fastest execution of this network in this precision."""
    if type(network) is PaperResNet and precision in FUSED_DTYPES:
        return FusedExecution(network, precision)
    return Execution(network, precision)


def fused_features(network: PaperResNet, x: Tensor) -> Tensor:
    """`network.features(x)`. x may be bfloat16: then so are the maps; the features are float32."""
    x, moments, _ = _convolution(network.stem, x, pool=True)
    for block in network.blocks:
        assert isinstance(block, ResidualBlock)
        y, moments, x = _convolution(block.first, x, moments)
        skip = x if block.shortcut is None else _projection(block.shortcut, x, y.shape[-1])
        x, moments, _ = _convolution(block.second, y, moments, skip)
    features = network.pool(x)  # free of copies: the memory is in this order already
    return features.float() if features.dtype == torch.bfloat16 else features


def fused_head(network: PaperResNet, features: Tensor) -> Tensor:
    """`network.head(features)`."""
    return _dense(network.output, torch.tanh(_dense(network.hidden, features)))


def _convolution(
    module: Convolution,
    x: Tensor,
    moments: Moments | None = None,
    skip: Tensor | None = None,
    *,
    pool: bool = False,
) -> tuple[Tensor, Moments | None, Tensor]:
    """The layer on x, whose moments may be known; in training also the result's moments.

    The third result is x, for a second use (see `layer.layer`).
    """
    mean, inverse_std = _normalization(module.norm, x, moments)
    padding = module.padding(x.shape[-1])
    kernel, shift = folding.fold(
        mean,
        inverse_std,
        module.weight,
        module.bias,
        size=x.shape[-1],
        stride=module.stride,
        padding=padding,
    )
    return layer.layer(
        x,
        kernel,
        shift,
        skip,
        stride=module.stride,
        padding=padding,
        pool=pool,
        take_moments=module.norm.training,
    )


def _projection(module: ShortcutProjection, x: Tensor, size: int) -> Tensor:
    """The module on x in x's dtype."""
    every_second = x.permute(0, 2, 3, 1)[:, : 2 * size : 2, : 2 * size : 2]
    weight, bias = module.weight.to(x.dtype), module.bias.to(x.dtype)
    return F.linear(every_second, weight, bias).permute(0, 3, 1, 2)


def _dense(module: Dense, x: Tensor) -> Tensor:
    mean, inverse_std = _normalization(module.norm, x)
    return F.linear((x - mean) * inverse_std, module.weight, module.bias)


def _normalization(
    norm: RunningNorm, x: Tensor, moments: Moments | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and 1 / standard deviation that normalize x, float [channels] each."""
    mean, variance = norm.mean, norm.variance
    if norm.training:
        with torch.set_grad_enabled(torch.is_grad_enabled() and norm.statistics == "batch"):
            if moments is None:
                moments = layer.moments(x.to(norm.mean.dtype))
        mean, variance = norm.update(*moments)
    return mean, torch.rsqrt(variance + norm.epsilon)
