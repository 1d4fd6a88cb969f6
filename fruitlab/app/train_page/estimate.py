"""What a run will take on this machine, from the speed of earlier runs."""

from fruitlab.config.text import duration
from fruitlab.methods.base import Method
from fruitlab.runs import cost
from fruitlab.runs.entry import Entry


def text(config: Method, counts: tuple[int, int, bool], entries: list[Entry]) -> str:
    """Pictures, iterations and time as a sentence.

    Args:
        config: of the run.
        counts: nice and real pictures of its data, and whether they must be drawn first.
        entries: all runs, whose speed is used if they ran on this machine.
    """
    nice, real, to_draw = counts
    estimate = cost.estimate(config, nice, real, entries)
    drawing = cost.drawing_seconds(nice + real) if to_draw else 0.0
    first = ""
    if to_draw:
        first = (
            f" First, {nice + real:,} pictures are drawn, which takes {duration(drawing)} of it."
        )
    return (
        f"**{estimate.pictures:,} training pictures** (repeats included) in "
        f"{config.iterations:,} iterations · **about {duration(estimate.seconds + drawing)}** at "
        f"{estimate.speed:,.0f} pictures per second ({estimate.basis}).{first}"
    )
