"""What a run will take on this machine, from the speed of earlier runs."""

from fruitlab.config.text import duration
from fruitlab.methods.base import Method
from fruitlab.runs import cost
from fruitlab.runs.index import Entry


def text(config: Method, counts: tuple[int, int, bool], entries: list[Entry]) -> str:
    """Pictures, iterations and time as a sentence.

    Args:
        config: of the run.
        counts: nice and real pictures of its data, and whether they must be drawn first.
        entries: all runs, whose speed is used if they ran on this machine.
    """
    nice, real, to_draw = counts
    work = cost.cost(config, nice, real)
    measured = cost.measured(entries, config.width)
    speed = measured or cost.unmeasured(config.width)
    source = "as in earlier runs" if measured else "a guess until a run has been measured here"
    drawing = f", plus drawing {nice + real:,} pictures at first use" if to_draw else ""
    return (
        f"**{work.pictures:,} training pictures** (repeats included) in {config.iterations:,} "
        f"iterations · **about {duration(work.work / speed)}** at {speed:,.0f} pictures per second "
        f"({source}){drawing}."
    )
