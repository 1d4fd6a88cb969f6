"""Dark Experience Replay++: kept pictures, and what the network said of them."""

from typing import TYPE_CHECKING, ClassVar

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
    from torch import Tensor

    from fruitlab.methods.phase import Batch, Batches, Memory
    from fruitlab.models.model import Model


@register
class DarkExperienceReplay(NiceThenReal):
    """Train on nice pictures, then on real ones and kept nice ones with their logits.

    DER++ (Buzzega et al. 2020, "Dark experience for general continual learning"): to rehearsal's
    cross entropy on the kept pictures it adds alpha times the mean squared difference between
    their logits now and when they were stored. The paper stores logits along the trajectory; here
    all are stored at the end of the nice phase, when the network knows the nice pictures best. The
    paper's beta is the share of each batch, and both terms see the same kept pictures.
    """

    name: ClassVar = "der"
    title: ClassVar = "DER++: some nice pictures and their logits kept"
    description: ClassVar = (
        "Rehearsal that also holds the logits of the kept pictures; keeps some nice pictures of"
        " each category with the network's logits."
    )
    rank: ClassVar = 12
    headline: ClassVar = "kept"

    kept: int = kept_setting(at_least=1)
    share: int = share_setting()
    alpha: float = setting(
        0.3,
        "Weight of the squared difference of logits.",
        ge=0,
        le=100,
        title="Weight of the old logits",
    )
    running_statistics: Statistics = statistics_setting()

    def phases(self) -> list[Phase]:
        pools = (REAL, self._buffer(self.share / 100))
        return [self.nice(at_end=self._remember), self.real(pools=pools, extra_loss=self._loss)]

    def describe(self) -> str:
        return f"DER++, {self.kept} kept per category"

    def _buffer(self, batch_share: float | None = None) -> Pool:
        return Pool(nice=1.0, per_category=self.kept, batch_share=batch_share)

    def _remember(self, network: "Model", batches: "Batches", memory: "Memory") -> "Memory":
        import torch

        with torch.no_grad():
            network.eval()
            every = [(b.index, network(b.inputs)) for b in batches(self._buffer())]
        index, logits = (torch.cat(part) for part in zip(*every, strict=True))
        return {"kept.index": index, "kept.logits": logits}

    def _loss(
        self, network: "Model", batch: "Batch", logits: "Tensor", memory: "Memory"
    ) -> "Tensor":
        # Which row of the memory a picture of the batch is; no row for real pictures.
        kept = memory["kept.logits"]
        is_row = (batch.index.unsqueeze(1) == memory["kept.index"]).to(kept.dtype)
        stored = is_row @ kept
        squares = (logits - stored).square().mean(1) * is_row.sum(1)
        return self.alpha * squares.sum() / is_row.sum().clamp(min=1)
