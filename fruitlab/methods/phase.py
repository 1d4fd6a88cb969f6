"""A phase: a stretch of training with one set of pictures and one set of layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from fruitlab.models.model import Model

    ExtraLoss = Callable[[Model, Tensor, Tensor, Mapping[str, Tensor]], Tensor]
    AtEnd = Callable[[Model, Callable, Mapping[str, Tensor]], dict[str, Tensor]]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What `training.train` has to know; a method is a list of these.

    Attributes:
        name: free: mixed, initial, restricted, ...
        nice, real: share of each domain's training set that it draws from, 0..1. Shares are nested: the pictures of a
            smaller share are among those of a larger one.
        iterations: how many steps.
        horizon: iterations over which a one-cycle learning rate is laid (its own, or the whole run's).
        trains: *all* layers, or the *head* (the last two).
        norms: whether the convolutions' moving statistics *follow* the pictures or stay *frozen*.
        inputs: *pictures*, or *features*: the convolutions' pooled outputs, computed once. Only where nothing in the
            convolutions moves; such a phase sees its pictures as they are, without augmentation.
        fresh_clock: learning rate, momentum, velocity and the plateau counter start anew.
        extra_loss: (network, inputs, logits, memory) -> scalar to add to the loss (EWC, LwF).
        at_end: (network, batches, memory) -> tensors to remember for later phases; may change the weights (interpolation).
            `batches()` yields the phase's inputs and labels once.
    """

    name: str
    nice: float
    real: float
    iterations: int
    horizon: int
    trains: Literal["all", "head"] = "all"
    norms: Literal["follow", "frozen"] = "follow"
    inputs: Literal["pictures", "features"] = "pictures"
    fresh_clock: bool = True
    extra_loss: "ExtraLoss | None" = None
    at_end: "AtEnd | None" = None
