"""Iterative training (paper 4.4.2, 5.1)."""

from typing import ClassVar, Literal

from fruitlab.config.settings import setting
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import register


@register
class Iterative(Method):
    """Train all layers on nice pictures, then only the last two layers on real pictures.

    The pictures are those of the 50% mixed set: half of each domain's training set. The initial
    training's one-cycle schedule spans the whole run, so its iterations are the same whatever the
    split, and the nine splits of the paper can share one initial training.
    """

    name: ClassVar = "iterative"
    title: ClassVar = "Iterative: nice first, then real"
    description: ClassVar = (
        "Trains all layers on nice pictures, then only the last two layers on real pictures."
    )
    rank: ClassVar = 1
    headline: ClassVar = "split"
    presets: ClassVar = {
        # Each iteration draws from half the pictures, so the paper doubles the iterations (5.1).
        "paper": {"iterations": 6000},
        "quick": {"running_statistics": "frozen"},
        "thorough": {"running_statistics": "frozen"},
        "glance": {"running_statistics": "frozen"},
        "finetune": {"running_statistics": "frozen"},
    }
    after_switch: ClassVar = frozenset({"split", "running_statistics", "restart_clock"})

    split: int = setting(
        50,
        "Percentage of the iterations for initial training, on nice pictures.",
        unit="%",
        paper="5.1",
        ge=1,
        le=99,
        title="Share of iterations on nice pictures first",
    )
    running_statistics: Literal["updated", "frozen"] = setting(
        "updated",
        "Whether the convolutions' running statistics are updated with real pictures during"
        " restricted training, or frozen.",
        paper="2.2.1",
    )
    restart_clock: bool = setting(
        True,
        "Restart the learning rate and momentum schedules and the velocity for restricted"
        " training, or continue them.",
        paper="3.4, 5.1",
        title="Restart of the schedules at the switch",
    )

    def phases(self) -> list[Phase]:
        # Both phases have at least one iteration, however short the run.
        initial = max(1, round(self.iterations * self.split / 100))
        initial = min(initial, max(1, self.iterations - 1))
        restricted = self.iterations - initial
        frozen = self.running_statistics == "frozen"
        return [
            Phase(
                name="initial",
                pools=(Pool(nice=0.5),),
                iterations=initial,
                horizon=self.iterations,
            ),
            Phase(
                name="restricted",
                pools=(Pool(real=0.5),),
                iterations=restricted,
                horizon=restricted if self.restart_clock else self.iterations,
                trains=("head",),
                running_statistics=self.running_statistics,
                inputs="features" if frozen else "pictures",
                fresh_clock=self.restart_clock,
            ),
        ]

    def describe(self) -> str:
        return f"iterative, {self.split}% nice first, {self.running_statistics} statistics"
