"""Weight interpolation: between the network of the nice phase and the fine-tuned one."""

from typing import TYPE_CHECKING, ClassVar

from fruitlab.config.settings import setting
from fruitlab.methods.nice_then_real import REAL, NiceThenReal, Statistics, statistics_setting
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import register

if TYPE_CHECKING:
    from fruitlab.methods.phase import Batches, Memory
    from fruitlab.models.model import Model

PREFIX = "nice."


@register
class Interpolation(NiceThenReal):
    """Fine-tune on real pictures, then take weights between those before and those after.

    WiSE-FT (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"): theta = (1 - alpha)
    theta_nice + alpha theta_real, for every weight. The running statistics belong to neither, so
    they are estimated anew: with the real pictures, or with the kept nice ones and as many real
    ones. Frozen statistics are those of the nice phase throughout.
    """

    name: ClassVar = "interpolation"
    title: ClassVar = "Weight interpolation (WiSE-FT)"
    description: ClassVar = (
        "Fine-tunes on real pictures, then interpolates the weights before and after; keeps the"
        " weights of the nice phase, and if asked some nice pictures for the statistics."
    )
    rank: ClassVar = 16
    headline: ClassVar = "alpha"

    alpha: int = setting(
        50,
        "Percentage of the fine-tuned weights; the rest is those of the nice phase.",
        title="Share of fine-tuned weights",
        unit="%",
        ge=0,
        le=100,
    )
    kept: int = setting(
        0,
        "Nice pictures of each category that are kept to estimate the running statistics.",
        unit="pictures",
        ge=0,
        le=100,
        title="Nice pictures kept per category",
    )
    running_statistics: Statistics = statistics_setting()

    def phases(self) -> list[Phase]:
        # The kept pictures are in no batch: they are for the end action.
        kept = (Pool(nice=1.0, per_category=self.kept, batch_share=0.0),) if self.kept else ()
        last = self.real(pools=(REAL, *kept), at_end=self._interpolate)
        return [self.nice(at_end=self._remember), last]

    def describe(self) -> str:
        return f"interpolation, {self.alpha}% fine-tuned"

    def _remember(self, network: "Model", batches: "Batches", memory: "Memory") -> "Memory":
        return {f"{PREFIX}{name}": p for name, p in network.named_parameters()}

    def _interpolate(self, network: "Model", batches: "Batches", memory: "Memory") -> "Memory":
        import torch

        from fruitlab.models.statistics import reestimate

        with torch.no_grad():
            for name, parameter in network.named_parameters():
                parameter.lerp_(memory[PREFIX + name], 1 - self.alpha / 100)
        if self.running_statistics == "updated" and self.trained_layers == "all":
            both = Pool(nice=1.0, real=1.0, per_category=self.kept)
            pictures = batches(both if self.kept else REAL)
            reestimate(network, (batch.inputs for batch in pictures))
        return {}
