"""Mixed training (paper 4.4.1)."""

from typing import ClassVar

from fruitlab.config.settings import setting
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import register


@register
class Mixed(Method):
    """Train all layers on x % of the real and (100 - x) % of the nice training set at once."""

    name: ClassVar = "mixed"
    title: ClassVar = "Mixed: both domains at once"
    description: ClassVar = "Trains all layers on nice and real pictures together."
    rank: ClassVar = 0
    headline: ClassVar = "ratio"

    ratio: int = setting(
        60,
        "Percentage of the real training set. The rest of 100% comes from the nice one.",
        title="Share of real pictures",
        unit="%",
        paper="4.4.1",
        ge=0,
        le=100,
    )

    def phases(self) -> list[Phase]:
        pool = Pool(nice=1 - self.ratio / 100, real=self.ratio / 100)
        steps = self.iterations
        return [Phase(name="mixed", pools=(pool,), iterations=steps, horizon=steps)]

    def describe(self) -> str:
        return f"mixed, {self.ratio}% real"
