"""Mixed training (paper 4.4.1)."""

from typing import ClassVar

from fruitlab.config.settings import setting
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import register


@register
class Mixed(Method):
    """Train all layers on x % of the real and (100 - x) % of the nice training set at once.

    The first iterations may see pictures of half the side, which take a third to a half of the
    time: progressive resizing (Howard et al. 2018, fastai's entry to DAWNBench).
    """

    name: ClassVar = "mixed"
    title: ClassVar = "Mixed: both domains at once"
    description: ClassVar = "Trains all layers on nice and real pictures together."
    rank: ClassVar = 0
    headline: ClassVar = "ratio"
    presets: ClassVar = {
        "glance@2": {"half_size": 60},
        "quick@3": {"half_size": 70},
        "quick@4": {"half_size": 50, "live_every": 92},
    }

    ratio: int = setting(
        60,
        "Percentage of the real training set. The rest of 100% comes from the nice one.",
        title="Share of real pictures",
        unit="%",
        paper="4.4.1",
        ge=0,
        le=100,
    )
    half_size: int = setting(
        0,
        "Percentage of the iterations, the first ones, on pictures of half the side. They take a"
        " third to a half of the time. Only the paper's network is trained like this.",
        title="Share of iterations at half size",
        unit="%",
        ge=0,
        le=95,
    )

    def phases(self) -> list[Phase]:
        pool = Pool(nice=1 - self.ratio / 100, real=self.ratio / 100)
        steps = self.iterations
        half = round(steps * self.half_size / 100) if self.network == "paper" else 0
        return [Phase(name="mixed", pools=(pool,), iterations=steps, horizon=steps, half_size=half)]

    def describe(self) -> str:
        return f"mixed, {self.ratio}% real"
