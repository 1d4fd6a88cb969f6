"""Rehearsal: some nice pictures are kept and shown again."""

from typing import TYPE_CHECKING, ClassVar, Literal

from fruitlab.config.settings import setting
from fruitlab.methods.nice_then_real import (
    REAL,
    NiceThenReal,
    Statistics,
    kept_setting,
    share_setting,
    statistics_setting,
)
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import register

if TYPE_CHECKING:
    from fruitlab.methods.phase import Batches, Memory
    from fruitlab.models.model import Model


@register
class Rehearsal(NiceThenReal):
    """Train on nice pictures, then on real ones and a fixed share of kept nice ones.

    Robins 1995, "Catastrophic forgetting, rehearsal and pseudorehearsal". The pictures are chosen
    at random, which is what a reservoir holds of a stream (Vitter 1985), or by herding (iCaRL,
    Rebuffi et al. 2017, algorithm 4): one after the other, so that the mean of the chosen features
    stays as near as possible to the category's.
    """

    name: ClassVar = "rehearsal"
    title: ClassVar = "Rehearsal: some nice pictures kept"
    description: ClassVar = (
        "Trains on nice pictures, then on real ones with a fixed share of nice ones; keeps some"
        " nice pictures of each category."
    )
    rank: ClassVar = 11
    headline: ClassVar = "kept"

    kept: int = kept_setting(at_least=0)
    share: int = share_setting()
    layers: Literal["all", "head"] = setting(
        "all",
        "Layers that train on the real pictures; with the head alone, the rest is frozen.",
        title="Layers trained on real pictures",
    )
    choice: Literal["reservoir", "herding"] = setting(
        "reservoir",
        "How the kept pictures are chosen: at random, or near the category's mean.",
        title="Choice of kept pictures",
    )
    running_statistics: Statistics = statistics_setting()

    def phases(self) -> list[Phase]:
        herded = self.choice == "herding" and self.kept > 0
        name = "herded" if herded else None
        kept = Pool(nice=1.0, per_category=self.kept, batch_share=self.share / 100, chosen=name)
        pools = (REAL, kept) if self.kept else (REAL,)
        first = self.nice(at_end=self._choose if herded else None)
        if self.layers == "all":
            return [first, self.real(pools=pools)]
        head = {"trains": ("head",), "running_statistics": "frozen", "inputs": "features"}
        return [first, self.real(pools=pools, **head)]

    def describe(self) -> str:
        head = ", head only" if self.layers == "head" else ""
        return f"rehearsal, {self.kept} kept per category{head}"

    def _choose(self, network: "Model", batches: "Batches", memory: "Memory") -> "Memory":
        import torch
        from torch.nn import functional as F

        from fruitlab.models.herding import herd

        with torch.no_grad():
            network.eval()
            every = [(network.features(b.inputs), b.labels, b.index) for b in batches()]
        features, labels, index = (torch.cat(part) for part in zip(*every, strict=True))
        features = F.normalize(features)
        chosen = [
            index[labels == label][herd(features[labels == label], self.kept)]
            for label in range(int(labels.max()) + 1)
        ]
        return {"herded": torch.cat(chosen)}
