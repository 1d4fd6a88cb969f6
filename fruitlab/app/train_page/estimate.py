"""What a run will take on this machine, from the speed of earlier runs, and what it trains."""

from fruitlab.config.text import duration
from fruitlab.methods.base import Method
from fruitlab.models import registry, weights
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


def network(config: Method) -> str:
    """The run's network as a sentence: its parameters, their size, and how they start."""
    listing = registry.networks().get(config.network)
    name = listing.title if listing else config.network
    found = weights.find(config.network)
    if found is None:
        return f"**{name}**. {listing.description if listing else ''}"
    layers = "all layers" if config.trained_layers == "all" else "only the head"
    start = "its pretrained weights" if config.pretrained else "random weights"
    suits = config.preset.startswith("finetune@")
    advice = "" if suits else " The preset finetune has settings that suit it."
    megabytes = 4 * found.parameters / 1e6  # float32
    return (
        f"**{name}**: {found.parameters:,} parameters ({megabytes:,.1f} MB), from {start}; trains "
        f"{layers}.{advice}"
    )
