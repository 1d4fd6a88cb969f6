"""Learning without Forgetting: the old network's answers to the new pictures."""

from typing import TYPE_CHECKING, ClassVar

from fruitlab.config.settings import setting
from fruitlab.methods.nice_then_real import NiceThenReal, Statistics, statistics_setting
from fruitlab.methods.phase import Phase
from fruitlab.methods.registry import register

if TYPE_CHECKING:
    from torch import Tensor

    from fruitlab.methods.phase import Batch, Batches, Memory
    from fruitlab.models.model import Model

PREFIX = "old."


@register
class LearningWithoutForgetting(NiceThenReal):
    """Train on nice pictures, then on real ones while answering them as before, too.

    LwF (Li and Hoiem 2017): the loss is the cross entropy plus `strength` times the cross entropy
    between the softened answers of the old and the new network to the same real pictures,
    -sum softmax(old / T) log softmax(new / T). Both domains have the same categories, so there is
    one head. The paper records the old answers once; here the old network sees each picture as it
    is augmented, which costs a forward pass in every iteration.
    """

    name: ClassVar = "lwf"
    title: ClassVar = "LwF: the old network's answers kept"
    description: ClassVar = (
        "Trains on nice pictures, then on real ones while answering them as the old network did;"
        " keeps the weights of the nice phase."
    )
    rank: ClassVar = 13
    headline: ClassVar = "strength"

    strength: float = setting(
        1.0,
        "Weight of the old answers, beside 1 for the labels.",
        title="Weight of the old answers",
        ge=0,
        le=20,
    )
    temperature: float = setting(2.0, "What logits are divided by before softmax.", ge=0.1, le=20)
    running_statistics: Statistics = statistics_setting()

    def phases(self) -> list[Phase]:
        return [self.nice(at_end=self._remember), self.real(extra_loss=self._loss)]

    def describe(self) -> str:
        return f"LwF, strength {self.strength:g}"

    def _remember(self, network: "Model", batches: "Batches", memory: "Memory") -> "Memory":
        return {f"{PREFIX}{name}": tensor for name, tensor in network.state_dict().items()}

    def _loss(
        self, network: "Model", batch: "Batch", logits: "Tensor", memory: "Memory"
    ) -> "Tensor":
        from torch.nn import functional as F

        from fruitlab.models.other_weights import logits_with

        kept = {name.removeprefix(PREFIX): tensor for name, tensor in memory.items()}
        old = logits_with(network, kept, batch.inputs)
        answers = F.softmax(old / self.temperature, 1)
        return self.strength * F.cross_entropy(logits / self.temperature, answers)
