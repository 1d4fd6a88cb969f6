"""The runs whose networks can be asked about a photo, and what they are called."""

from collections.abc import Iterable

from fruitlab.config.text import percent
from fruitlab.runs.index import Entry


def ready(entries: Iterable[Entry]) -> list[Entry]:
    """The finished ones that have their weights, the best combined performance first."""
    there = [
        entry
        for entry in entries
        if entry.status == "finished" and entry.config and entry.run.has("weights")
    ]
    return sorted(there, key=lambda entry: -(entry.final("combined") or 0))


def called(entry: Entry) -> str:
    """What a run is, in a line: its title if it was given one, what it was trained on, and its combined performance."""
    config = entry.config
    assert config is not None
    name = str(entry.label.get("title") or config.describe())
    return f"{name} · {config.data} · {config.preset.partition('@')[0]} · combined {percent(entry.final('combined'))}"


def learned(entry: Entry) -> str:
    """The pictures it was trained on: photographs or drawn."""
    return str(
        entry.data.get("kind")
        or (
            "drawn"
            if entry.config and entry.config.data.partition(":")[0] == "synthetic"
            else "photographs"
        )
    )
