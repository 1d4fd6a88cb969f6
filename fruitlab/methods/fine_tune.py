"""Fine-tuning: nothing is done about forgetting."""

from typing import ClassVar

from fruitlab.methods.nice_then_real import NiceThenReal, Statistics, statistics_setting
from fruitlab.methods.phase import Phase
from fruitlab.methods.registry import register


@register
class FineTune(NiceThenReal):
    """Train all layers on nice pictures, then all layers on real ones.

    The lower reference of continual learning: whatever a method keeps should do better than this
    (McCloskey and Cohen 1989, "Catastrophic interference in connectionist networks").
    """

    name: ClassVar = "fine-tune"
    title: ClassVar = "Fine-tuning: nothing kept"
    description: ClassVar = (
        "Trains all layers on nice pictures, then all on real ones; keeps nothing of the nice"
        " phase but the weights it starts from."
    )
    rank: ClassVar = 10
    headline: ClassVar = "split"

    running_statistics: Statistics = statistics_setting()

    def phases(self) -> list[Phase]:
        return [self.nice(), self.real()]

    def describe(self) -> str:
        return f"fine-tuning, {self.split}% nice first"
