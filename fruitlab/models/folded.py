"""The network as photos are asked of it: everything that does not depend on the picture is computed once, when it is loaded.

Testing normalises by moving statistics, which are numbers by then: a layer's become part of its kernel and of one map that is
added to the result. What is left are PyTorch's plain operations: quick for one picture (3 ms on one core, AMD EPYC, torch
2.14.1; for batches use Network), and known to every ONNX runtime.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fruitlab.data.pictures import SIZE
from fruitlab.models.paper_resnet import Convolution, Dense, Network, Norm, Residual


class FoldedNetwork(nn.Module):
    """What `network` says in testing, up to rounding, of pictures of 100 x 100."""

    @torch.no_grad()
    def __init__(self, network: Network) -> None:
        super().__init__()
        # The features of an average training picture: what an answer is explained against.
        self.register_buffer("average", network.hidden.norm.mean.clone())
        self.stem = FoldedConvolution(network.stem, SIZE)
        blocks, size = [], SIZE // 2  # max pool
        for block in network.blocks:
            blocks.append(FoldedBlock(block, size))
            size = blocks[-1].size
        self.blocks = nn.Sequential(*blocks)
        self.hidden, self.output = folded_dense(network.hidden), folded_dense(network.output)
        self.requires_grad_(False).eval()

    def maps(self, x: Tensor) -> Tensor:
        """Pictures, float [batch, 3, 100, 100] in 0..1 -> the last convolution's output, float [batch, channels, 12, 12]."""
        return self.blocks(F.max_pool2d(self.stem(x), 2))

    def pooled(self, maps: Tensor) -> Tensor:
        """-> features, float [batch, 36 channels], in the order of `Network.features`: row, column, channel."""
        return F.avg_pool2d(maps, 2).permute(0, 2, 3, 1).flatten(1)

    def head(self, features: Tensor) -> Tensor:
        """-> logits, float [batch, categories]."""
        return self.output(torch.tanh(self.hidden(features)))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures, float [batch, 3, 100, 100] in 0..1 -> logits, float [batch, categories]."""
        return self.head(self.pooled(self.maps(x)))


class FoldedConvolution(nn.Module):
    """elu(conv(x) + shift [+ skip])."""

    def __init__(self, layer: Convolution, size: int) -> None:
        super().__init__()
        mean, inverse_std = moving(layer.norm)
        before, after = layer.padding(size)
        self.stride, self.padding = layer.stride, (before, after) * 2
        kernel = layer.weight * inverse_std.view(1, -1, 1, 1)
        # The padding is zeros *after* normalisation, so what the mean takes away is a map, not a number: less along the edges.
        average = mean.view(1, -1, 1, 1).expand(1, -1, size, size)
        shift = layer.bias.view(1, -1, 1, 1) - F.conv2d(
            F.pad(average, self.padding), kernel, None, self.stride
        )
        self.register_buffer("kernel", kernel.contiguous(memory_format=torch.channels_last))
        self.register_buffer("shift", shift.contiguous(memory_format=torch.channels_last))

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        if len(set(self.padding)) == 1:
            x = F.conv2d(x, self.kernel, None, self.stride, self.padding[0])
        else:
            x = F.conv2d(F.pad(x, self.padding), self.kernel, None, self.stride)
        x = x.add_(self.shift)
        return elu(x if skip is None else x.add_(skip))


def elu(z: Tensor) -> Tensor:
    """ELU, alpha 1 (2.1.2)."""
    if torch.compiler.is_exporting():
        return F.elu(z)  # ONNX has an operation of that name
    # PyTorch's own takes seven times as long on a CPU. exp(z) - 1 >= z everywhere, so with 0 in place of a positive z the
    # larger of the two is elu(z).
    return torch.maximum(z, z.clamp(max=0).exp_().sub_(1))


class FoldedBlock(nn.Module):
    """A Residual block in testing."""

    def __init__(self, block: Residual, size: int) -> None:
        super().__init__()
        self.first = FoldedConvolution(block.first, size)
        self.size = self.first.shift.shape[-1]
        self.second = FoldedConvolution(block.second, self.size)
        self.bridge = block.bridge  # nothing to fold: it is not normalised

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x), x if self.bridge is None else self.bridge(x, self.size))


def folded_dense(layer: Dense) -> nn.Linear:
    """norm(x) W + b as a Linear."""
    mean, inverse_std = moving(layer.norm)
    linear = nn.Linear(layer.weight.shape[1], layer.weight.shape[0])
    linear.weight.copy_(layer.weight * inverse_std)
    linear.bias.copy_(layer.bias - linear.weight @ mean)
    return linear


def moving(norm: Norm) -> tuple[Tensor, Tensor]:
    """A norm's moving mean and 1 / standard deviation, float [channels] each."""
    return norm.mean, torch.rsqrt(norm.variance + norm.epsilon)
