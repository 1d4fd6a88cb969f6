"""The paper's network: Table 1 (section 2), and nothing else.

Every layer is act(norm(x) W + b): it is the *input* that is normalised, by moving statistics, in training as in testing
(2.2.1), with no learned scale or shift.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fruitlab.models.kernels import layer
from fruitlab.models.kernels.layer import Moments

BIAS = 0.1  # 2.1.1: "they could not be initialised at 0"


class Norm(nn.Module):
    """Statistics of a layer's input (2.2.1): called in training it first takes the batch into them.

    With `statistics` *moving* the updated moving statistics normalise the training batch too, and no gradient flows
    through them: the paper's reading. With *before* they do as they were before the update, which learns more slowly. With
    *batch* the batch's own do, with their gradient, as is usual today; testing uses the moving ones whatever it is.
    """

    def __init__(self, channels: int, *, statistics: str, epsilon: float) -> None:
        super().__init__()
        self.statistics, self.epsilon = statistics, epsilon
        self.momentum = (
            0.0  # bn_momentum, a function of the iteration: training sets it before each step
        )
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor, moments: Moments | None = None) -> tuple[Tensor, Tensor]:
        """float [batch, channels, ...] and its moments, if they are known -> mean and 1 / standard deviation, float [channels] each."""
        mean, variance = self.mean, self.variance
        if self.training:
            with torch.set_grad_enabled(torch.is_grad_enabled() and self.statistics == "batch"):
                mean, variance = (
                    layer.moments(x.to(self.mean.dtype)) if moments is None else moments
                )
            before = (
                (self.mean.clone(), self.variance.clone()) if self.statistics == "before" else None
            )
            self.mean.lerp_(mean.detach(), 1 - self.momentum)
            self.variance.lerp_(variance.detach(), 1 - self.momentum)
            if before is not None:
                mean, variance = before
            elif self.statistics == "moving":
                # A copy: the next step's update must not reach into what this step's backward pass still needs.
                mean, variance = self.mean.clone(), self.variance.clone()
        return mean, torch.rsqrt(variance + self.epsilon)


class Convolution(nn.Module):
    """act(conv(norm(x)) + b [+ skip]), ELU (2.1.2)."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, init: str, **norm
    ) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.norm = Norm(inputs, **norm)
        self.weight = nn.Parameter(
            truncated_normal((outputs, inputs, kernel, kernel), init).contiguous(
                memory_format=torch.channels_last
            )
        )
        self.bias = nn.Parameter(torch.full((outputs,), BIAS))

    def forward(self, x: Tensor) -> Tensor:
        """float [batch, inputs, size, size] -> float [batch, outputs, size', size']."""
        return self.run(x)[0]

    def run(
        self,
        x: Tensor,
        moments: Moments | None = None,
        skip: Tensor | None = None,
        *,
        pool: bool = False,
    ) -> tuple[Tensor, Moments | None, Tensor]:
        """The layer on x, whose moments may be known; the result's moments in training; x to use again (`ops.layer`)."""
        mean, inverse_std = self.norm(x, moments)
        kernel, shift = layer.fold(
            mean,
            inverse_std,
            self.weight,
            self.bias,
            size=x.shape[-1],
            stride=self.stride,
            padding=self.padding(x.shape[-1]),
        )
        return layer.layer(
            x,
            kernel,
            shift,
            skip,
            stride=self.stride,
            padding=self.padding(x.shape[-1]),
            pool=pool,
            take_moments=self.norm.training,
        )

    def padding(self, size: int) -> tuple[int, int]:
        """Before and after. A stride of 2 pads right and bottom when the size is even: 50 -> 25 -> 12 (Table 1)."""
        if self.stride == 1:
            return (self.kernel // 2,) * 2
        return 0, 1 - size % 2


class Residual(nn.Module):
    """Two convolutions and a bridge (2.3); the second one's activation comes after the addition.

    A changing-size block's bridge is a 1x1 convolution of the same stride with a bias and without normalisation or
    activation: it should "mostly preserve the values" (2.3.2).
    """

    def __init__(self, inputs: int, outputs: int, *, init: str, **norm) -> None:
        super().__init__()
        change = inputs != outputs
        self.first = Convolution(inputs, outputs, 3, stride=2 if change else 1, init=init, **norm)
        self.second = Convolution(outputs, outputs, 3, init=init, **norm)
        self.bridge = Bridge(inputs, outputs, init=init) if change else None

    def forward(self, x: Tensor) -> Tensor:
        """float [batch, inputs, size, size] -> float [batch, outputs, size', size']."""
        return self.run(x)[0]

    def run(self, x: Tensor, moments: Moments | None = None) -> tuple[Tensor, Moments | None]:
        """The block on x, whose moments may be known; the result's moments in training."""
        y, moments, x = self.first.run(x, moments)
        skip = x if self.bridge is None else self.bridge(x, y.shape[-1])
        return self.second.run(y, moments, skip)[:2]


class Bridge(nn.Module):
    """1x1 convolution of stride 2, cropped to the size of the block's main path: 25 -> 13 -> 12.

    Written as what it is, a linear map of every second picture element. PyTorch 2.14.1's own convolution corrupts memory in
    the backward pass of this one (kernel 1, stride 2, channels last, on a CPU).
    """

    def __init__(self, inputs: int, outputs: int, *, init: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(truncated_normal((outputs, inputs), init))
        self.bias = nn.Parameter(torch.full((outputs,), BIAS))

    def forward(self, x: Tensor, size: int) -> Tensor:
        every_second = x.permute(0, 2, 3, 1)[:, : 2 * size : 2, : 2 * size : 2]
        return F.linear(every_second, self.weight.to(x.dtype), self.bias.to(x.dtype)).permute(
            0, 3, 1, 2
        )


class Dense(nn.Module):
    """norm(x) W + b (2.1.1), each of the inputs with statistics of its own; the activation is the network's."""

    def __init__(self, inputs: int, outputs: int, *, init: str, **norm) -> None:
        super().__init__()
        self.norm = Norm(inputs, **norm)
        self.weight = nn.Parameter(truncated_normal((outputs, inputs), init))
        self.bias = nn.Parameter(torch.full((outputs,), BIAS))

    def forward(self, x: Tensor) -> Tensor:
        mean, inverse_std = self.norm(x)
        return F.linear((x - mean) * inverse_std, self.weight, self.bias)


class Network(nn.Module):
    """Table 1: 25 counted layers, 1 + 18 + 4 convolutions and 2 fully connected ones (a bridge is not counted).

    Args:
        categories: how many outputs, 26 in the paper.
        width: multiplies every depth and the 200 hidden outputs; the paper's is 1.
        statistics: *moving* (the paper), *before* or *batch*: what normalises a training batch (`Norm`).
        init: standard deviation of the first weights. *in-depth*: 1/sqrt(in_depth) (the paper); *fan-in*: the kernel's
            area counts as well.
        epsilon: added to a variance before its root.
    """

    def __init__(
        self,
        *,
        categories: int,
        width: float = 1,
        statistics: str = "moving",
        init: str = "in-depth",
        epsilon: float = 1e-3,
    ) -> None:
        super().__init__()
        a, b, c, hidden = (max(1, round(n * width)) for n in (8, 16, 32, 200))
        how = dict(statistics=statistics, epsilon=epsilon, init=init)
        self.stem = Convolution(3, a, 5, **how)
        self.blocks = nn.Sequential(
            Residual(a, a, **how),
            Residual(a, a, **how),
            Residual(a, a, **how),
            Residual(a, b, **how),
            Residual(b, b, **how),
            Residual(b, b, **how),
            Residual(b, b, **how),
            Residual(b, c, **how),
            Residual(c, c, **how),
            Residual(c, c, **how),
            Residual(c, c, **how),
        )
        self.hidden = Dense(6 * 6 * c, hidden, **how)
        self.output = Dense(hidden, categories, **how)

    def features(self, x: Tensor) -> Tensor:
        """Pictures, float [batch, 3, 100, 100] in 0..1 -> pooled features, float [batch, 1152].

        Pictures in bfloat16 are worked on in it (weights and statistics stay as they are); the features are float32 again.
        """
        x, moments, _ = self.stem.run(x, pool=True)
        for block in self.blocks:
            x, moments = block.run(x, moments)
        x = F.avg_pool2d(x, 2)
        x = x.permute(0, 2, 3, 1).flatten(1)  # free: the memory lies that way already
        return x.float() if x.dtype == torch.bfloat16 else x

    def head(self, features: Tensor) -> Tensor:
        """Pooled features, float [batch, 1152] -> logits, float [batch, categories]: "the last two layers"."""
        return self.output(torch.tanh(self.hidden(features)))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures, float [batch, 3, 100, 100] in 0..1 -> logits, float [batch, categories] (softmax is the loss's)."""
        return self.head(self.features(x))

    def layer_groups(self) -> dict[str, list[nn.Module]]:
        """Modules by the name of their layer group, in order; the last group is the head."""
        blocks = list(self.blocks)
        return {
            "stem": [self.stem],
            "stage1": blocks[0:3],
            "downsample1": blocks[3:4],
            "stage2": blocks[4:7],
            "downsample2": blocks[7:8],
            "stage3": blocks[8:11],
            "head": [self.hidden, self.output],
        }

    def norms(self, part: str = "all") -> Iterator[Norm]:
        """The norms of *all* layers, of the *convolutions*, or of the *head*."""
        head = {self.hidden.norm, self.output.norm}
        for module in self.modules():
            if isinstance(module, Norm) and (part == "all" or (module in head) == (part == "head")):
                yield module


def as_input(pictures: Tensor) -> Tensor:
    """uint8 [batch, 100, 100, 3] -> float [batch, 3, 100, 100] in 0..1, channels last in memory: nothing is moved."""
    return pictures.permute(0, 3, 1, 2).float().div_(255)


def truncated_normal(shape: tuple[int, ...], init: str) -> Tensor:
    """Normal, cut at two standard deviations (2.1.1), with std 1/sqrt(inputs); drawn on the CPU, so alike everywhere."""
    inputs = shape[1] if init == "in-depth" else math.prod(shape[1:])
    std = 1 / math.sqrt(inputs)
    return nn.init.trunc_normal_(torch.empty(shape), std=std, a=-2 * std, b=2 * std)
