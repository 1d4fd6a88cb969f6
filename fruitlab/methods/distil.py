"""Distillation: a small network learns the answers of a large one."""

from typing import ClassVar

from fruitlab.config.settings import setting
from fruitlab.methods.base import Method, SoftTargets
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import register


@register
class Distil(Method):
    """Train on soft targets: a share of a frozen teacher's probabilities, the rest the label.

    Hinton et al. 2015, "Distilling the knowledge in a neural network". The teacher is a pretrained
    backbone with a head in closed form. On its own training pictures it answers without the
    picture in question (leave-one-out), so that it is not overconfident, with one fixed view of
    each picture and the softmax temperature that fits best. MixUp (Zhang et al. 2018) blends
    pictures and targets alike, as Beyer et al. 2022 advise ("A good teacher is patient").
    """

    name: ClassVar = "distil"
    title: ClassVar = "Distillation: learn from a large network"
    description: ClassVar = (
        "Trains on the answers of a frozen pretrained network, mixed or nice first; keeps of the"
        " nice phase nothing but the weights."
    )
    rank: ClassVar = 20
    headline: ClassVar = "ratio"
    presets: ClassVar = {
        name: {"label_smoothing": 0.0} for name in ("glance", "quick", "thorough", "paper")
    }

    ratio: int = setting(
        80,
        "Percentage of the real training set. The rest of 100% comes from the nice one.",
        title="Share of real pictures",
        unit="%",
        ge=0,
        le=100,
    )
    split: int = setting(
        0,
        "Percentage of the iterations on the nice pictures alone, before the real ones alone. 0"
        " mixes both from the beginning.",
        unit="%",
        ge=0,
        le=99,
        title="Share of iterations on nice pictures first",
    )
    teacher: str = setting(
        "efficientnet-lite0",
        "The pretrained network that is learned from, such as timm:NAME after a download.",
        pattern="^[A-Za-z0-9._:-]+$",
    )
    teacher_share: float = setting(
        0.7,
        "Fraction of the target that is the teacher's; the rest is the label.",
        ge=0,
        le=1,
        title="Share of the teacher in the target",
    )
    mixup: float = setting(
        0.0, "Largest weight of another picture that is blended in. 0 turns it off.", ge=0, le=1
    )

    def phases(self) -> list[Phase]:
        nice, real, total = 1 - self.ratio / 100, self.ratio / 100, self.iterations
        first = min(round(total * self.split / 100), total - 1)
        if not first:
            pools, horizon = (Pool(nice=nice, real=real),), total
            return [
                Phase(
                    name="mixed", pools=pools, iterations=total, horizon=horizon, mixup=self.mixup
                )
            ]
        parts = {"nice": (first, Pool(nice=nice)), "real": (total - first, Pool(real=real))}
        return [
            Phase(name=name, pools=(pool,), iterations=steps, horizon=steps, mixup=self.mixup)
            for name, (steps, pool) in parts.items()
        ]

    def soft_targets(self) -> SoftTargets:
        return SoftTargets(self.teacher, self.teacher_share)

    def describe(self) -> str:
        first = f", {self.split}% nice first" if self.split else ""
        return f"distilled, {self.ratio}% real{first}"
