"""The paper's network (section 2, Table 1): a residual network of 25 layers, in plain PyTorch.

Every layer computes act(norm(x) W + b): it normalizes its *input*, by running statistics in
training as well (2.2.1). kernels/execution.py runs the same modules faster.
"""

from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fruitlab.config.run_config import RunConfig
from fruitlab.models.layers import Layer, RunningNorm
from fruitlab.models.model import Model
from fruitlab.models.registry import register


class Convolution(Layer):
    """elu(conv(norm(x)) + b [+ skip]) (2.1.2)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, init: str, **norm: Any):
        super().__init__(outputs, inputs, kernel, kernel, init=init)
        self.kernel, self.stride, self.norm = kernel, stride, RunningNorm(inputs, **norm)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        x = F.pad(self.norm(x), self.padding(x.shape[-1]) * 2)
        x = F.conv2d(x, self.weight, self.bias, self.stride)
        return F.elu(x if skip is None else x + skip)

    def padding(self, size: int) -> tuple[int, int]:
        """Zeros before and after. Stride 2 pads an even size right and bottom: 50 -> 25 -> 12."""
        return (self.kernel // 2, self.kernel // 2) if self.stride == 1 else (0, 1 - size % 2)


class ShortcutProjection(Layer):
    """The shortcut around a change of size (2.3.2): 1x1, stride 2, cropped: 25 -> 13 -> 12.

    A linear map of every second pixel, as conv2d's backward is wrong for it in PyTorch 2.14.1.
    """

    def forward(self, x: Tensor, size: int) -> Tensor:
        every_second = x.permute(0, 2, 3, 1)[:, : 2 * size : 2, : 2 * size : 2]
        weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
        return F.linear(every_second, weight, bias).permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions; the input is added before the second one's activation (2.3)."""

    def __init__(self, inputs: int, outputs: int, stride: int, init: str, **norm: Any):
        super().__init__()
        self.first = Convolution(inputs, outputs, 3, stride, init, **norm)
        self.second = Convolution(outputs, outputs, 3, 1, init, **norm)
        self.shortcut = ShortcutProjection(outputs, inputs, init=init) if stride == 2 else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x)
        return self.second(y, x if self.shortcut is None else self.shortcut(x, y.shape[-1]))


class Dense(Layer):
    """norm(x) W + b (2.1.1)."""

    def __init__(self, inputs: int, outputs: int, init: str, **norm: Any):
        super().__init__(outputs, inputs, init=init)
        self.norm = RunningNorm(inputs, **norm)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.norm(x), self.weight, self.bias)


@register
class PaperResNet(Model):
    """Table 1. `width` multiplies every depth and the 200 hidden outputs; it is 1 in the paper."""

    name = "paper"
    title = "The paper's residual network (Table 1)"
    description = "25 layers and 327,410 parameters, for pictures of 100 x 100 pixels."
    spatial = True
    statistics_types = (RunningNorm,)

    def __init__(self, categories: int, width: float = 1, init: str = "in-depth", **norm: Any):
        super().__init__()
        a, b, c, hidden = (max(1, round(n * width)) for n in (8, 16, 32, 200))
        stages = [(a, a, 1)] * 3 + [(a, b, 2)] + [(b, b, 1)] * 3 + [(b, c, 2)] + [(c, c, 1)] * 3
        self.feature_size = 6 * 6 * c
        self.stem = Convolution(3, a, 5, 1, init, **norm)
        self.blocks = nn.Sequential(*(ResidualBlock(*stage, init, **norm) for stage in stages))
        self.hidden = Dense(self.feature_size, hidden, init, **norm)
        self.output = Dense(hidden, categories, init, **norm)
        self.hyperparameters = {"width": width, "epsilon": self.stem.norm.epsilon}

    @classmethod
    def from_config(cls, config: RunConfig, categories: int) -> Self:
        norm = {"statistics": config.statistics, "epsilon": config.norm_epsilon}
        return cls(categories, config.width, config.init, **norm)

    def feature_map(self, x: Tensor) -> Tensor:
        return self.blocks(F.max_pool2d(self.stem(x), 2))

    def pool(self, feature_map: Tensor) -> Tensor:
        # 12 -> 6. A picture of half the side has a map of 6 already.
        window = feature_map.shape[-1] // 6
        return F.avg_pool2d(feature_map, window).permute(0, 2, 3, 1).flatten(1)

    def head(self, features: Tensor) -> Tensor:
        return self.output(torch.tanh(self.hidden(features)))

    def last_inputs(self, features: Tensor) -> Tensor:
        return self.output.norm(torch.tanh(self.hidden(features)))

    def layer_groups(self) -> dict[str, list[nn.Module]]:
        blocks = list(self.blocks)
        return {
            "stem": [self.stem],
            "stage1": blocks[:3],
            "downsample1": blocks[3:4],
            "stage2": blocks[4:7],
            "downsample2": blocks[7:8],
            "stage3": blocks[8:],
            "head": [self.hidden, self.output],
        }

    def set_statistics_momentum(self, momentum: float | Tensor) -> None:
        for module in self.modules():
            if isinstance(module, RunningNorm):
                module.momentum = momentum

    @classmethod
    def upgrade_names(cls, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Earlier versions called a shortcut projection a bridge."""
        return {name.replace(".bridge.", ".shortcut."): x for name, x in tensors.items()}
