"""Online training: pictures arrive in a stream, and are trained on from bounded buffers."""

from typing import ClassVar

from fruitlab.config.presets import PRESETS
from fruitlab.config.settings import setting
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Phase, Pool, Stream
from fruitlab.methods.registry import register

# What docs/online.md was measured with; the later quick was chosen for mixed training.
QUICK = {"iterations": 620, "learning_rate": 0.009, "muon": 2.5, "shift": 0.1, "zoom": 0.2}


@register
class Online(Method):
    """Train on two streams of pictures, buffered and mixed 3 : 7, as they arrive.

    Section 6 of the paper: nice and real pictures arrive over time, are buffered, and make up every
    batch at a fixed ratio. The buffers are reservoirs (Vitter 1985), one for each category and
    domain; a batch has the pictures that have just arrived and others from the buffers (Chaudhry et
    al. 2019). Each picture is first tested and then trained on (prequential evaluation, Gama et
    al. 2013). `fruitlab online` makes such runs from watched folders too (docs/online.md).
    """

    name: ClassVar = "online"
    title: ClassVar = "Online: two streams, buffered and mixed"
    description: ClassVar = (
        "Trains on nice and real pictures as they arrive in a stream, mixed at a fixed ratio from"
        " bounded buffers."
    )
    rank: ClassVar = 3
    headline: ClassVar = "ratio"
    # A one-cycle rate has fallen before the stream's last pictures come. This one holds its peak.
    presets: ClassVar = {
        name: {} if name == "paper" else {"live_every": 20, "schedule": "warmup-stable-decay"}
        for name in PRESETS
    } | {"quick@3": QUICK, "quick@4": QUICK}

    ratio: int = setting(
        70,
        "Percentage of real pictures in every batch, once both domains have arrived.",
        title="Share of real pictures",
        unit="%",
        paper="6",
        ge=0,
        le=100,
    )
    stream: str = setting(
        "nice-first",
        "Order in which the pictures arrive: nice-first, alternating, or late:CATEGORY for a"
        " category that comes in the last third. `fruitlab online` has folders too.",
        pattern=r"^(nice-first|alternating|late:.+|folders)$",
        title="Order of arrival",
    )
    kept: int = setting(
        100,
        "Pictures of each category and domain that the buffers hold. 0: no buffers, so that batches"
        " are what has just arrived.",
        title="Pictures kept per category and domain",
        ge=0,
        le=10_000,
    )
    start: str = setting(
        "",
        "The run whose weights it starts from. Without one, it starts from new weights.",
        pattern="^[A-Za-z0-9_-]*$",
        title="Run to start from",
    )

    def phases(self) -> list[Phase]:
        return [
            Phase(
                name="online",
                pools=(Pool(nice=1.0, real=1.0),),
                iterations=self.iterations,
                horizon=self.iterations,
                stream=Stream(order=self.stream, ratio=self.ratio, kept=self.kept),
            )
        ]

    def describe(self) -> str:
        buffers = f"{self.kept} kept per category" if self.kept else "no buffers"
        return f"online, {self.ratio}% real, {self.stream}, {buffers}"

    def start_run(self) -> str | None:
        return self.start or None
