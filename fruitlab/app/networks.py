"""The runs whose networks can classify a photo."""

from collections.abc import Iterable

from fruitlab.config.text import percent
from fruitlab.runs.captions import run_caption
from fruitlab.runs.entry import Entry


def ready(entries: Iterable[Entry]) -> list[Entry]:
    """The finished runs with weights, best combined performance first."""
    found = [
        entry
        for entry in entries
        if entry.status == "finished" and entry.config and entry.run.has("weights")
    ]
    return sorted(found, key=lambda entry: -(entry.final("combined") or 0))


def network_caption(entry: Entry) -> str:
    """A run in a list of networks: its caption and its combined performance."""
    return f"{run_caption(entry)} · combined {percent(entry.final('combined'))}"
