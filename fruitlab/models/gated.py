"""Two networks for two domains, and a gate that guesses which of them a picture is for."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.models.kernels.execution import accelerate
from fruitlab.models.model import Model

GRID = 5  # the gate sees the mean and deviation of each colour in each of GRID x GRID parts
RIDGE = 1e-4  # added to the covariance's diagonal: values are in 0..1


class Gated(Model):
    """Answers with the nice or the real network, as the gate says. For evaluation only.

    Attributes:
        given: whether evaluations tell it the domain (`for_domain`) instead.
    """

    def __init__(self, nice: Model, real: Model, gate: Mapping[str, Tensor], given: bool) -> None:
        super().__init__()
        self.nice, self.real, self.given = nice, real, given
        self.input_size, self.hyperparameters = real.input_size, real.hyperparameters
        self.weight: Tensor
        self.bias: Tensor
        self.register_buffer("weight", gate["gate.weight"])
        self.register_buffer("bias", gate["gate.bias"])

    @classmethod
    def of(
        cls,
        real: Model,
        nice: Mapping[str, Tensor],
        gate: Mapping[str, Tensor],
        *,
        given: bool = False,
    ) -> "Gated":
        """The network for real pictures, and for nice ones a copy with these tensors exchanged.

        Args:
            gate: as `fit` returned it.
        """
        other = copy.deepcopy(real)
        other.load_state_dict(real.state_dict() | dict(nice))
        return cls(other, real, gate, given)

    def standardize(self, x: Tensor, *, half_size: bool = False) -> Tensor:
        return self.real.standardize(x, half_size=half_size)

    def features(self, x: Tensor) -> Tensor:
        """The logits: the two networks have no features in common."""
        is_real = self.is_real(x).unsqueeze(1)
        return torch.where(is_real, accelerate(self.real)(x), accelerate(self.nice)(x))

    def head(self, features: Tensor) -> Tensor:
        return features

    def is_real(self, x: Tensor) -> Tensor:
        """The gate's guess for each input, bool [batch]."""
        return colours(x).to(self.weight.dtype) @ self.weight + self.bias > 0

    def for_domain(self, domain: str) -> Model:
        """The domain's own network if the domain is given, else itself."""
        return getattr(self, domain) if self.given else self

    @torch.inference_mode()
    def gate_accuracy(self, images: Mapping[str, Iterable[Tensor]]) -> dict[str, float]:
        """Fraction of pictures whose domain the gate guesses.

        Args:
            images: for each domain, batches of pictures, uint8 [batch, height, width, 3].
        """
        guesses = {
            name: torch.cat([self.is_real(self.prepare(batch)) for batch in batches])
            for name, batches in images.items()
        }
        return {
            name: float((found == (name == "real")).float().mean())
            for name, found in guesses.items()
        }

    def layer_groups(self) -> dict[str, list[Any]]:
        return {"nice": [self.nice], "real": [self.real], "head": []}


def colours(x: Tensor) -> Tensor:
    """Mean and deviation of each channel in each part, float [batch, 2 * channels * GRID^2]."""
    mean = F.adaptive_avg_pool2d(x, GRID)
    deviation = (F.adaptive_avg_pool2d(x.square(), GRID) - mean.square()).clamp(min=0).sqrt()
    return torch.cat([mean, deviation], 1).flatten(1)


@torch.no_grad()
def fit(nice: Iterable[Tensor], real: Iterable[Tensor]) -> dict[str, Tensor]:
    """A gate by linear discriminant analysis: both domains with their mean covariance.

    Args:
        nice, real: batches of inputs, as `Model.prepare` returns them.

    Returns:
        {gate.weight: float32 [colours], gate.bias: float32 scalar}; above 0 means real.
    """
    (m0, s0), (m1, s1) = _moments(nice), _moments(real)
    covariance = (s0 + s1) / 2 + RIDGE * torch.eye(len(m0), dtype=m0.dtype, device=m0.device)
    weight = torch.linalg.solve(covariance, m1 - m0)
    bias = -weight @ (m0 + m1) / 2
    return {"gate.weight": weight.float(), "gate.bias": bias.float()}


def _moments(batches: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the colours, float64, from running sums."""
    count, total, squares = 0, torch.zeros(()), torch.zeros(())
    for batch in batches:
        found = colours(batch).double()
        count += len(found)
        total, squares = total.to(found) + found.sum(0), squares.to(found) + found.T @ found
    mean = total / count
    return mean, squares / count - mean.outer(mean)
