"""Feature replay: a summary of the nice features instead of nice pictures."""

from typing import TYPE_CHECKING, ClassVar

from fruitlab.config.settings import setting
from fruitlab.methods.nice_then_real import REAL, NiceThenReal
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import register

if TYPE_CHECKING:
    from fruitlab.methods.phase import Batches, Memory
    from fruitlab.models.model import Model

PREFIX = "features"


@register
class FeatureReplay(NiceThenReal):
    """Train on nice pictures, then the head on real features and drawn nice ones.

    Of the nice features only the mean and the deviation of each category are kept, and features
    are drawn from these (PASS, Zhu et al. 2021, which adds noise to class means; pseudorehearsal,
    Robins 1995). The backbone is frozen, since the moments are those of its features.
    """

    name: ClassVar = "feature-replay"
    title: ClassVar = "Feature replay: class means kept, no pictures"
    description: ClassVar = (
        "Trains on nice pictures, then the head on real features and drawn nice ones; keeps the"
        " mean and deviation of each category's features."
    )
    rank: ClassVar = 18
    headline: ClassVar = "share"

    share: int = setting(
        30,
        "Percentage of each batch that are drawn nice features.",
        unit="%",
        ge=1,
        le=90,
        title="Share of nice features in a batch",
    )

    def phases(self) -> list[Phase]:
        drawn = Pool(batch_share=self.share / 100, moments=PREFIX)
        replay = self.real(
            pools=(REAL, drawn),
            trains=("head",),
            running_statistics="frozen",
            inputs="features",
        )
        return [self.nice(at_end=self._summarize), replay]

    def describe(self) -> str:
        return f"feature replay, {self.share}% of each batch"

    def _summarize(self, network: "Model", batches: "Batches", memory: "Memory") -> "Memory":
        import torch

        from fruitlab.models.moments import class_moments

        with torch.no_grad():
            network.eval()
            return class_moments(
                [(network.features(b.inputs), b.labels) for b in batches()], PREFIX
            )
