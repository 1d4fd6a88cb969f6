"""Any network of timm by name, such as "timm:resnet18.a1_in1k", with a linear head.

timm (PyTorch Image Models, https://github.com/huggingface/pytorch-image-models) has over a thousand
image classifiers, most with weights that were trained on ImageNet.
"""

from pathlib import Path
from typing import Any, ClassVar, Self

import timm
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

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
    input_size = 0  # the one that it was trained with
    batch = 32
    architecture: ClassVar[str | None] = None
    options: ClassVar[dict[str, Any]] = {}

    def __init__(self, categories: int, architecture: str, input_size: int = 0) -> None:
        """`input_size` in pixels; 0 takes the one that it was trained with.

        Raises:
            ConfigError: timm has no such network, or it cannot take pictures of that size.
        """
        self.trunk: Any  # timm declares no types
        network, facts = _create(architecture, input_size, self.options)
        self.normalization = tuple(facts["mean"]), tuple(facts["std"])
        super().__init__()
        self.trunk, self.input_size = network, input_size or facts["input_size"][1]
        self.feature_size = network.head_hidden_size
        self.spatial = _averages_positions(network)
        self.output = nn.Linear(self.feature_size, categories)
        self.hyperparameters = {"input_size": self.input_size}

    @classmethod
    def from_config(cls, config: RunConfig, categories: int) -> Self:
        architecture = cls.architecture or config.network.removeprefix(cls.name)
        network = cls(categories, architecture, config.input_size or cls.input_size)
        network.name = config.network  # type: ignore[misc]  # of the member of the family
        return network

    def load_pretrained(self) -> None:
        try:
            self.trunk.load_state_dict(weights.load(self.name))
        except RuntimeError as error:  # such as a transformer's embeddings of positions
            raise ConfigError(
                f"The weights of {self.name} do not fit pictures of {self.input_size} pixels. Set "
                "input_size to 0, the network's own."
            ) from error

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


def published(architecture: str) -> Any:
    """What timm knows of a network, such as `hf_hub_id`. Raises ConfigError if it has none."""
    try:
        found = timm.get_pretrained_cfg(architecture)
    except RuntimeError:
        found = None
    if found is None:
        close = ", ".join(timm.list_pretrained(f"*{architecture.partition('.')[0]}*")[:5])
        raise ConfigError(
            f"timm has no network {architecture!r}. "
            + (f"It has: {close}." if close else "Look for one on https://huggingface.co/timm.")
        )
    return found


def from_file(architecture: str, file: Path) -> tuple[nn.Module, int, int]:
    """A network with the published weights in a file.

    Returns:
        The network without its classifier, the side of its input in pixels, and the number of
        multiplications for one picture.
    """
    overlay = {"file": str(file), "hf_hub_id": None, "url": ""}
    trunk: Any = timm.create_model(
        architecture, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=0
    )
    size = trunk.pretrained_cfg["input_size"][1]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        trunk.eval()(torch.zeros(1, 3, size, size))
    return trunk, size, counter.get_total_flops() // 2  # an addition and a multiplication each


def _create(
    architecture: str, input_size: int, options: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The network without its classifier and with random weights, and timm's facts about it."""
    facts = published(architecture)  # also says what to do if there is no such network
    if input_size and facts.fixed_input_size:
        options = options | {"img_size": input_size}
    try:
        trunk: Any = timm.create_model(architecture, pretrained=False, num_classes=0, **options)
    except (AssertionError, ValueError, TypeError) as error:
        raise ConfigError(
            f"The network {architecture} cannot take pictures of {input_size} pixels ({error}). "
            "Set input_size to 0, its own."
        ) from error
    return trunk, trunk.pretrained_cfg


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
