"""Inference models: networks prepared for single photos and for export.

In evaluation mode the paper's network normalizes by constants. They become part of each layer's
kernel and of a map that is added to its result. What remains are plain PyTorch operations, which
are fast for one picture (3 ms on one core, AMD EPYC, torch 2.14.1; use `kernels.execution` for
batches) and which every ONNX runtime knows.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fruitlab.models.gated import Gated
from fruitlab.models.layers import RunningNorm
from fruitlab.models.model import Model
from fruitlab.models.paper_resnet import Convolution, Dense, PaperResNet, ResidualBlock


def inference_model(network: Model) -> Model:
    """The batch-norm-folded form of a network that has one; else itself in evaluation mode."""
    if type(network) is PaperResNet:
        return FoldedPaperResNet(network)
    if isinstance(network, Gated):
        gate = {"gate.weight": network.weight, "gate.bias": network.bias}
        nice, real = inference_model(network.nice), inference_model(network.real)
        network = Gated(nice, real, gate, network.given)
    return network.eval().requires_grad_(False)


class FoldedPaperResNet(Model):
    """Equal, to rounding, to a `PaperResNet` in evaluation mode; the network stays as it is."""

    spatial = True

    @torch.no_grad()
    def __init__(self, network: PaperResNet) -> None:
        super().__init__()
        self.input_size, self.feature_size = network.input_size, network.feature_size
        # The features of an average training picture, which heat maps compare a picture with.
        self.average: Tensor
        self.register_buffer("average", network.hidden.norm.mean.clone())
        self.stem = FoldedConvolution(network.stem, network.input_size)
        blocks, size = [], network.input_size // 2  # after max pooling
        for block in network.blocks:
            assert isinstance(block, ResidualBlock)
            blocks.append(FoldedBlock(block, size))
            size = blocks[-1].size
        self.channels = blocks[-1].channels
        self.blocks = nn.Sequential(*blocks)
        self.hidden, self.output = folded_dense(network.hidden), folded_dense(network.output)
        self.requires_grad_(False).eval()

    def feature_map(self, x: Tensor) -> Tensor:
        return self.blocks(F.max_pool2d(self.stem(x), 2))

    def pool(self, feature_map: Tensor) -> Tensor:
        return F.avg_pool2d(feature_map, 2).permute(0, 2, 3, 1).flatten(1)

    def average_map(self) -> Tensor:
        """A feature map that is pooled to the average features: float [channels, 12, 12]."""
        side = round((self.feature_size / self.channels) ** 0.5)
        pooled = self.average.view(side, side, self.channels).permute(2, 0, 1)
        return pooled.repeat_interleave(2, 1).repeat_interleave(2, 2)

    def head(self, features: Tensor) -> Tensor:
        return self.output(torch.tanh(self.hidden(features)))


class FoldedConvolution(nn.Module):
    """elu(conv(x) + shift [+ skip]), for inputs of one size."""

    def __init__(self, layer: Convolution, size: int) -> None:
        super().__init__()
        mean, inverse_std = normalization(layer.norm)
        before, after = layer.padding(size)
        self.stride, self.padding = layer.stride, (before, after) * 2
        kernel = layer.weight * inverse_std.view(1, -1, 1, 1)
        # The padding is zero *after* the normalization, so the mean that is taken away is a map:
        # it is smaller along the edges.
        average = mean.view(1, -1, 1, 1).expand(1, -1, size, size)
        shift = layer.bias.view(1, -1, 1, 1) - F.conv2d(
            F.pad(average, self.padding), kernel, None, self.stride
        )
        self.kernel: Tensor
        self.shift: Tensor
        self.register_buffer("kernel", kernel.contiguous(memory_format=torch.channels_last))
        self.register_buffer("shift", shift.contiguous(memory_format=torch.channels_last))

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        if len(set(self.padding)) == 1:
            x = F.conv2d(x, self.kernel, None, self.stride, self.padding[0])
        else:
            x = F.conv2d(F.pad(x, self.padding), self.kernel, None, self.stride)
        x = x.add_(self.shift)
        return elu(x if skip is None else x.add_(skip))


class FoldedBlock(nn.Module):
    """A residual block in evaluation mode."""

    def __init__(self, block: ResidualBlock, size: int) -> None:
        super().__init__()
        self.first = FoldedConvolution(block.first, size)
        self.channels, self.size = self.first.shift.shape[1:3]
        self.second = FoldedConvolution(block.second, self.size)
        self.shortcut = copy.deepcopy(block.shortcut)  # it has no norm to fold

    def forward(self, x: Tensor) -> Tensor:
        skip = x if self.shortcut is None else self.shortcut(x, self.size)
        return self.second(self.first(x), skip)


def folded_dense(layer: Dense) -> nn.Linear:
    """norm(x) W + b as a linear layer."""
    mean, inverse_std = normalization(layer.norm)
    linear = nn.Linear(layer.weight.shape[1], layer.weight.shape[0])
    linear.weight.copy_(layer.weight * inverse_std)
    linear.bias.copy_(layer.bias - linear.weight @ mean)
    return linear


def normalization(norm: RunningNorm) -> tuple[Tensor, Tensor]:
    """The mean and 1 / standard deviation that it normalizes by, float [channels] each."""
    return norm.mean, torch.rsqrt(norm.variance + norm.epsilon)


def elu(z: Tensor) -> Tensor:
    """ELU with alpha 1 (2.1.2)."""
    if torch.compiler.is_exporting():
        return F.elu(z)  # an operation of ONNX
    # PyTorch's own takes seven times as long on a CPU. exp(z) - 1 >= z for every z.
    return torch.maximum(z, z.clamp(max=0).exp_().sub_(1))
