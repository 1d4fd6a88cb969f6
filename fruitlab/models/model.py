"""`Model`: what every network declares, and what follows from that (docs/models.md)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fruitlab.config.run_config import RunConfig

Channels = tuple[float, float, float]  # red, green, blue


class Model(nn.Module):
    """Base class of networks that classify pictures: a backbone that computes features, and a head.

    A subclass defines the attributes below, `features` (or `feature_map` and `pool`), `head` and
    `layer_groups`. Training, checkpoints, prediction, export and heat maps use nothing else.

    Attributes:
        name, title, description: plain strings (see registry.py). Files and links hold the name.
        input_size: height and width of the pictures it takes, in pixels.
        normalization: mean and standard deviation of each colour, of values in 0..1, or None.
        feature_size: length of the vector that `features` returns for a picture.
        batch: how many pictures it scores at a time, which decides speed and memory.
        spatial: whether `feature_map` and `pool` are defined, which heat maps need.
        statistics_types: modules that keep running statistics of what they see in training.
        hyperparameters: what the network was built with; written into its checkpoints.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str] = ""
    input_size: int = 100
    normalization: tuple[Channels, Channels] | None = None
    feature_size: int
    batch: int = 512
    spatial: bool = False
    statistics_types: tuple[type[nn.Module], ...] = (
        nn.BatchNorm1d,
        nn.BatchNorm2d,
        nn.BatchNorm3d,
    )

    input_mean: Tensor
    input_deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.hyperparameters: dict[str, Any] = {}
        if self.normalization is not None:
            mean, deviation = (torch.tensor(x).view(1, 3, 1, 1) for x in self.normalization)
            self.register_buffer("input_mean", mean, persistent=False)
            self.register_buffer("input_deviation", deviation, persistent=False)

    @classmethod
    def from_config(cls, config: RunConfig, categories: int) -> Self:
        """A network of a run's settings with new weights. Override it to read settings."""
        return cls(categories)  # type: ignore[call-arg]

    # Computation

    def features(self, x: Tensor) -> Tensor:
        """Input as `prepare` returns it -> features, float [batch, feature_size]."""
        return self.pool(self.feature_map(x))

    def head(self, features: Tensor) -> Tensor:
        """Features -> logits, float [batch, categories]."""
        raise NotImplementedError

    def feature_map(self, x: Tensor) -> Tensor:
        """Input -> the last feature map, float [batch, channels, height, width]."""
        raise NotImplementedError

    def pool(self, feature_map: Tensor) -> Tensor:
        """Feature map -> features, by a linear operation."""
        raise NotImplementedError

    def average_map(self) -> Tensor:
        """The feature map that heat maps compare a picture's with: float, shaped like one map."""
        return torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        """Input as `prepare` returns it -> logits, float [batch, categories]."""
        return self.head(self.features(x))

    # Input

    def prepare(self, pictures: Tensor) -> Tensor:
        """Pictures, uint8 [batch, height, width, 3] -> input, float [batch, 3, size, size]."""
        return self.standardize(to_float(pictures))

    def standardize(self, x: Tensor, *, half_size: bool = False) -> Tensor:
        """Resize and normalize pictures, float [batch, 3, height, width] in 0..1.

        Args:
            half_size: to half of `input_size`, which not every network takes.
        """
        side = self.input_size // 2 if half_size else self.input_size
        size = (side, side)
        if x.shape[-2:] != size:
            x = F.interpolate(x, size, mode="bilinear", antialias=True, align_corners=False)
        if self.normalization is not None:
            x = (x - self.input_mean) / self.input_deviation
        return x

    # Layers

    def layer_groups(self) -> dict[str, list[nn.Module]]:
        """Its layers in groups by name, from input to output; the last group is "head".

        Every parameter belongs to exactly one group.
        """
        raise NotImplementedError

    @property
    def last_layer(self) -> nn.Module:
        """The linear layer that returns the logits: `weight` [categories, n], `bias` [categories].

        It is the last one of the head.
        """
        return self.layer_groups()["head"][-1]

    def last_inputs(self, features: Tensor) -> Tensor:
        """What `last_layer` multiplies by its weight, float [batch, n].

        The features themselves, unless the head has more than one layer.
        """
        return features

    @property
    def backbone(self) -> tuple[str, ...]:
        """The names of all groups but the head."""
        return tuple(self.layer_groups())[:-1]

    def prefixes(self, *groups: str) -> tuple[str, ...]:
        """How the names of the groups' entries in the state dict begin, such as ("hidden.",)."""
        names = {module: name for name, module in self.named_modules()}
        layers = self.layer_groups()
        return tuple(f"{names[module]}." for group in groups for module in layers[group])

    def parameters_of(self, *groups: str) -> dict[str, nn.Parameter]:
        """The parameters of these groups under their names in the network."""
        prefixes = self.prefixes(*groups)
        return {name: p for name, p in self.named_parameters() if name.startswith(prefixes)}

    def running_statistics(self, *groups: str) -> list[nn.Module]:
        """The modules of these groups that keep running statistics."""
        layers = self.layer_groups()
        return [
            part
            for group in groups
            for module in layers[group]
            for part in module.modules()
            if isinstance(part, self.statistics_types)
        ]

    # Optional hooks

    def for_domain(self, domain: str) -> "Model":
        """What answers the pictures of a domain in evaluations, where the domain is known: itself.

        Args:
            domain: "nice" or "real".
        """
        return self

    def load_pretrained(self) -> None:
        """Load pretrained weights of the backbone, if the network has any. Does nothing by default.

        Raises:
            ConfigError: they are not on this machine. The message says how to get them.
        """

    def set_statistics_momentum(self, momentum: float | Tensor) -> None:
        """Called before each iteration with the fraction that running statistics keep.

        That is the run's `norm_momentum` at this iteration. On a GPU it is a float scalar tensor
        if it changes from iteration to iteration. Does nothing by default.
        """

    def decayed(self) -> set[str]:
        """Names of the parameters that the L2 penalty applies to: matrices, but no vectors."""
        return {name for name, parameter in self.named_parameters() if parameter.dim() > 1}

    @classmethod
    def upgrade_names(cls, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Tensors from a file of an earlier version, under today's names. A prefix may precede."""
        return dict(tensors)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Load a state dict, also one that an earlier version wrote."""
        return super().load_state_dict(self.upgrade_names(state_dict), strict, assign)


def to_float(pictures: Tensor) -> Tensor:
    """uint8 [batch, height, width, 3] -> float [batch, 3, height, width] in 0..1, channels last.

    The pixels keep their order in memory.
    """
    return pictures.permute(0, 3, 1, 2).float().div_(255)
