"""The runs whose networks can classify a photo."""

from collections.abc import Iterable

from fruitlab.config.text import percent
from fruitlab.runs.captions import run_caption
from fruitlab.runs.entry import Entry


def ready(entries: Iterable[Entry]) -> list[Entry]:
    """The finished runs with weights, those to offer to everybody first.

    The shipped ones come first, then those trained on drawn pictures, then those trained on a
    visitor's own; within each, the best combined performance first.
    """
    found = [
        entry
        for entry in entries
        if entry.status == "finished" and entry.config and entry.run.has("weights")
    ]
    return sorted(
        found,
        key=lambda entry: (
            not entry.run.shipped,
            is_private(entry),
            -(entry.final("combined") or 0),
        ),
    )


def is_private(entry: Entry) -> bool:
    """Whether a run was trained on pictures that a visitor added."""
    return not entry.run.shipped and entry.kind == "photographs"


def network_caption(entry: Entry) -> str:
    """A run in a list of networks: its caption and its combined performance."""
    return f"{run_caption(entry)} · combined {percent(entry.final('combined'))}"
