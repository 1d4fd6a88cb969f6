"""Elastic Weight Consolidation: weights that mattered for the nice pictures move less."""

from typing import TYPE_CHECKING, ClassVar

from fruitlab.config.settings import setting
from fruitlab.methods.nice_then_real import NiceThenReal, Statistics, statistics_setting
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import register

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from fruitlab.methods.phase import Batch, Batches, Memory
    from fruitlab.models.model import Model


@register
class ElasticWeightConsolidation(NiceThenReal):
    """Train on nice pictures, then on real ones with a penalty on moving important weights.

    EWC (Kirkpatrick et al. 2017): the loss gets strength / 2 * sum F (theta - theta_nice)^2, where
    F is the diagonal of the Fisher information: the mean over nice pictures x of the squared
    gradient of log p(y | x), with y drawn from the network's own answer. The gradients of a batch
    are computed picture by picture at once (`torch.func`), in evaluation mode, unaugmented.
    """

    name: ClassVar = "ewc"
    title: ClassVar = "EWC: a penalty on moving important weights"
    description: ClassVar = (
        "Trains on nice pictures, then on real ones while important weights are held; keeps the"
        " weights of the nice phase and how much each one matters."
    )
    rank: ClassVar = 14
    headline: ClassVar = None  # its useful range spans orders of magnitude: no slider

    strength: float = setting(
        100.0,  # with the preset thorough, 1,000 makes the loss infinite
        "Factor of the penalty. Too large a factor makes training diverge.",
        ge=0,
        le=1e9,
        title="Strength of the penalty",
    )
    pictures: int = setting(
        20,
        "Nice pictures of each category that F is a mean over.",
        unit="pictures",
        ge=1,
        le=10000,
        title="Nice pictures per category for the Fisher information",
    )
    running_statistics: Statistics = statistics_setting()

    def phases(self) -> list[Phase]:
        return [self.nice(at_end=self._consolidate), self.real(extra_loss=self._loss)]

    def describe(self) -> str:
        return f"EWC, strength {self.strength:g}"

    def if_it_diverges(self) -> str:
        weaker = f"a strength of the penalty lower than {self.strength:g}"
        return (
            f"{weaker}, or {super().if_it_diverges()}"
            if self.strength
            else super().if_it_diverges()
        )

    def _consolidate(self, network: "Model", batches: "Batches", memory: "Memory") -> "Memory":
        some = batches(Pool(nice=1.0, per_category=self.pictures))
        importance = {f"fisher.{name}": f for name, f in fisher(network, some).items()}
        return importance | {f"anchor.{name}": p for name, p in network.named_parameters()}

    def _loss(
        self, network: "Model", batch: "Batch", logits: "Tensor", memory: "Memory"
    ) -> "Tensor":
        terms = [
            (memory[f"fisher.{name}"] * (p - memory[f"anchor.{name}"]).square()).sum()
            for name, p in network.named_parameters()
        ]
        return self.strength / 2 * sum(terms[1:], terms[0])


def fisher(network: "Model", batches: "Iterable[Batch]") -> dict[str, "Tensor"]:
    """The diagonal of the Fisher information by parameter, a mean over the batches' pictures."""
    import torch
    from torch.func import functional_call, grad, vmap

    network.eval()
    parameters = {name: p.detach() for name, p in network.named_parameters()}
    generator = torch.Generator().manual_seed(0)  # on the CPU: the same on every device

    def log_likelihood(values: dict[str, "Tensor"], x: "Tensor", y: "Tensor") -> "Tensor":
        logits = functional_call(network, values, (x.unsqueeze(0),))
        return torch.log_softmax(logits, 1)[0].gather(0, y).sum()

    gradients = vmap(grad(log_likelihood), in_dims=(None, 0, 0))
    total = {name: torch.zeros_like(p) for name, p in parameters.items()}
    count = 0
    for batch in batches:
        with torch.no_grad():
            answers = torch.softmax(network(batch.inputs), 1).cpu()
        drawn = torch.multinomial(answers, 1, generator=generator).to(batch.inputs.device)
        for name, gradient in gradients(parameters, batch.inputs, drawn).items():
            total[name] += gradient.square().sum(0)
        count += len(batch)
    return {name: square / count for name, square in total.items()}
