"""Initial weights and running statistics, common to all layers of the paper's network."""

import math

import torch
from torch import Tensor, nn

BIAS = 0.1  # 2.1.1: "they could not be initialised at 0"


class Layer(nn.Module):
    """A layer with a weight, float [outputs, inputs, ...], and a bias, float [outputs] (2.1.1).

    Args:
        shape: of the weight.
        init: see `truncated_normal`.
    """

    def __init__(self, *shape: int, init: str) -> None:
        super().__init__()
        weight = truncated_normal(shape, init)
        if len(shape) == 4:
            weight = weight.contiguous(memory_format=torch.channels_last)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.full((shape[0],), BIAS))


def truncated_normal(shape: tuple[int, ...], init: str) -> Tensor:
    """Normal with standard deviation 1/sqrt(inputs), cut at two standard deviations (2.1.1).

    `inputs` is the input depth ("in-depth", the paper), or that times the kernel's area ("fan-in").
    Drawn on the CPU, so that a run starts from the same weights on every device.
    """
    std = 1 / math.sqrt(shape[1] if init == "in-depth" else math.prod(shape[1:]))
    return nn.init.trunc_normal_(torch.empty(shape), std=std, a=-2 * std, b=2 * std)


class RunningNorm(nn.Module):
    """Normalizes each channel by running statistics, without a learned scale or shift (2.2.1).

    In training it first updates them with the batch.

    Args:
        statistics: what normalizes a training batch. "moving": the updated running statistics,
            through which no gradient flows (the paper). "before": those before the update, with
            which training is slower. "batch": the batch's own, with gradient, as in
            `nn.BatchNorm2d`. Evaluation mode uses the running statistics in all three cases.
        epsilon: added to a variance before its square root.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int, *, statistics: str = "moving", epsilon: float = 1e-3) -> None:
        super().__init__()
        self.statistics, self.epsilon = statistics, epsilon
        # Fraction of their old value that the statistics keep; set before each training iteration.
        self.momentum: float | Tensor = 0.0
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Float [batch, channels, ...], normalized."""
        mean, variance = self.mean, self.variance
        if self.training:
            batch = (x if self.statistics == "batch" else x.detach()).to(self.mean.dtype)
            axes = [axis for axis in range(x.dim()) if axis != 1]
            variance, mean = torch.var_mean(batch, axes, correction=0)
            mean, variance = self.update(mean, variance)
        shape = (-1, *[1] * (x.dim() - 2))
        return (x - mean.view(shape)) * torch.rsqrt(variance + self.epsilon).view(shape)

    def update(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Update the running statistics with a batch's; returns those that normalize the batch."""
        if self.statistics == "before":
            used = self.mean.clone(), self.variance.clone()
        self.mean.lerp_(mean.detach(), 1 - self.momentum)
        self.variance.lerp_(variance.detach(), 1 - self.momentum)
        if self.statistics == "moving":
            # Copies: the next update must not change what this step's backward pass still needs.
            used = self.mean.clone(), self.variance.clone()
        return (mean, variance) if self.statistics == "batch" else used
