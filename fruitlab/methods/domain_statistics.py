"""Per-domain statistics: each domain is normalized, or answered, by a part of its own."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from fruitlab.config.settings import setting
from fruitlab.methods.nice_then_real import REAL, NiceThenReal
from fruitlab.methods.phase import Phase
from fruitlab.methods.registry import register

if TYPE_CHECKING:
    from fruitlab.methods.phase import Batches, Memory
    from fruitlab.models.model import Model

PREFIX = "nice."


@register
class DomainStatistics(NiceThenReal):
    """Train on nice pictures, then on real ones; nice pictures keep their running statistics.

    AdaBN (Li et al. 2016, "Revisiting batch normalization for practical domain adaptation"): the
    weights are shared, and each domain is normalized by its own statistics. With all layers per
    domain nothing is shared (expert gate, Aljundi et al. 2017). Which domain a picture belongs to
    is given, or guessed by a gate: linear discriminant analysis on coarse colours, for which only
    their mean and covariance over the nice pictures are kept. Its accuracy is in the results.
    """

    name: ClassVar = "domain-statistics"
    title: ClassVar = "Per-domain statistics (AdaBN)"
    description: ClassVar = (
        "Trains on nice pictures, then on real ones, each with running statistics of its own;"
        " keeps those of the nice phase, and if asked its weights."
    )
    rank: ClassVar = 17

    layers: Literal["none", "head", "all"] = setting(
        "head",
        "Layers that train on real pictures; none only estimates the statistics.",
        title="Layers trained on real pictures",
    )
    per_domain: Literal["statistics", "layers"] = setting(
        "statistics",
        "What each domain has of its own: running statistics, or weights too.",
        title="Kept for each domain",
    )
    domain: Literal["guessed", "given"] = setting(
        "guessed",
        "Whether the gate guesses a picture's domain, or the evaluation gives it.",
        title="How the domain is known",
    )

    def phases(self) -> list[Phase]:
        if self.layers == "none":
            whole, steps = self.nice(at_end=self._adapt), self.iterations
            return [replace(whole, iterations=steps, horizon=steps)]
        trains = ("head",) if self.layers == "head" else None
        return [self.nice(at_end=self._remember), self.real(trains=trains)]

    def describe(self) -> str:
        return f"per-domain {self.per_domain}, {self.layers} trained, domain {self.domain}"

    def answers(self, network: "Model", memory: "Memory") -> "Model":
        from fruitlab.models.gated import Gated

        if not memory:
            return network
        nice = {k.removeprefix(PREFIX): x for k, x in memory.items() if k.startswith(PREFIX)}
        return Gated.of(network, nice, memory, given=self.domain == "given")

    def _remember(self, network: "Model", batches: "Batches", memory: "Memory") -> "Memory":
        from fruitlab.models import gated

        statistics = {name for name, _ in network.named_buffers()}
        gate = gated.fit((b.inputs for b in batches()), (b.inputs for b in batches(REAL)))
        kept = network.state_dict()
        if self.per_domain == "statistics":
            kept = {name: tensor for name, tensor in kept.items() if name in statistics}
        return gate | {f"{PREFIX}{name}": tensor for name, tensor in kept.items()}

    def _adapt(self, network: "Model", batches: "Batches", memory: "Memory") -> "Memory":
        from fruitlab.models.statistics import reestimate

        kept = self._remember(network, batches, memory)
        kept = {name: tensor.clone() for name, tensor in kept.items()}
        reestimate(network, (batch.inputs for batch in batches(REAL)))
        return kept
