"""Any network of timm by name, such as "timm:resnet18.a1_in1k", with a linear head.

timm (PyTorch Image Models, https://github.com/huggingface/pytorch-image-models) has over a thousand
image classifiers, most with weights that were trained on ImageNet.
"""

from typing import Any, ClassVar, Self

import timm
import torch
from torch import Tensor, nn

from fruitlab.config.errors import ConfigError
from fruitlab.config.run_config import RunConfig
from fruitlab.models import weights
from fruitlab.models.model import Model
from fruitlab.models.registry import register


@register
class TimmNetwork(Model):
    """A network of timm without its classifier, and a new linear head on its features.

    Attributes:
        architecture: its name in timm; None for the whole family.
        options: keyword arguments for `timm.create_model`.
    """

    name = "timm:"
    title = "A network of timm"
    description = "Any image classifier of the library timm, by its name there."
    batch = 32
    architecture: ClassVar[str | None] = None
    options: ClassVar[dict[str, Any]] = {}

    def __init__(self, categories: int, architecture: str, input_size: int = 0) -> None:
        """`input_size` in pixels; 0 takes the declared one, or else the one it was trained with.

        Raises:
            ConfigError: timm has no such network, or it cannot take pictures of that size.
        """
        self.trunk: Any  # timm declares no types
        network, published = _create(architecture, input_size, self.options)
        self.normalization = tuple(published["mean"]), tuple(published["std"])
        super().__init__()
        self.trunk, self.input_size = network, input_size or published["input_size"][1]
        self.feature_size = network.head_hidden_size
        self.spatial = _averages_positions(network)
        self.output = nn.Linear(self.feature_size, categories)
        self.hyperparameters = {"input_size": self.input_size}

    @classmethod
    def from_config(cls, config: RunConfig, categories: int) -> Self:
        architecture = cls.architecture or config.network.removeprefix(cls.name)
        network = cls(
            categories, architecture, config.input_size or cls.__dict__.get("input_size", 0)
        )
        network.name = config.network  # type: ignore[misc]  # of the member of the family
        return network

    def load_pretrained(self) -> None:
        self.trunk.load_state_dict(weights.load(self.name))

    def features(self, x: Tensor) -> Tensor:
        return self.trunk(x)

    def feature_map(self, x: Tensor) -> Tensor:
        return self.trunk.forward_features(x)

    def pool(self, feature_map: Tensor) -> Tensor:
        return self.trunk.forward_head(feature_map)

    def head(self, features: Tensor) -> Tensor:
        return self.output(features)

    def layer_groups(self) -> dict[str, list[nn.Module]]:
        return {"backbone": [self.trunk], "head": [self.output]}


def _create(
    architecture: str, input_size: int, options: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The network without its classifier and with random weights, and timm's facts about it."""
    try:
        published = timm.get_pretrained_cfg(architecture)
        if published is None:
            raise RuntimeError(f"Unknown model ({architecture})")
        if input_size and published.fixed_input_size:
            options = options | {"img_size": input_size}
        network: Any = timm.create_model(architecture, pretrained=False, num_classes=0, **options)
    except (RuntimeError, AssertionError, ValueError, TypeError) as error:
        close = ", ".join(timm.list_models(f"*{architecture.partition('.')[0]}*")[:5])
        raise ConfigError(
            f"timm cannot make the network {architecture!r} ({error})."
            + (f" It has: {close}." if close else " See https://huggingface.co/timm for its names.")
        ) from error
    return network, network.pretrained_cfg


def _averages_positions(network: Any) -> bool:
    """Whether its features are the mean of its last feature map over all positions."""
    example = torch.randn(1, network.num_features, 2, 3)
    try:
        with torch.no_grad():
            pooled = network.eval().forward_head(example)
    except (RuntimeError, ValueError, IndexError):  # it takes tokens, or channels last
        return False
    finally:
        network.train()
    mean = example.mean((2, 3))
    return pooled.shape == mean.shape and torch.allclose(pooled, mean, atol=1e-5)
