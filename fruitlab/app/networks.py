"""The runs whose networks can classify a photo."""

from collections.abc import Iterable

from fruitlab.config.text import percent
from fruitlab.runs.captions import run_caption
from fruitlab.runs.entry import Entry
from fruitlab.runs.references import validation_scores


def ready(entries: Iterable[Entry]) -> list[Entry]:
    """The finished runs with weights, those to offer to everybody first.

    The shipped ones come first, then those trained on drawn pictures, then those trained on a
    visitor's own; within each, the best combined performance first: on validation pictures if all
    of them have such a score, otherwise on the test pictures.
    """
    entries = list(entries)
    validated = validation_scores(entries)
    groups: dict[tuple[bool, bool], list[Entry]] = {}
    for entry in entries:
        if entry.status == "finished" and entry.config and entry.run.has("weights"):
            groups.setdefault(_group(entry), []).append(entry)
    return [entry for _, alike in sorted(groups.items()) for entry in _sorted(alike, validated)]


def _sorted(alike: list[Entry], validated: dict[str, float]) -> list[Entry]:
    scores = {entry.id: entry.final("combined") or 0.0 for entry in alike}
    if scores.keys() <= validated.keys():
        scores = validated
    return sorted(alike, key=lambda entry: -scores[entry.id])


def why_first(ready: list[Entry], entries: Iterable[Entry]) -> str:
    """How the first of the networks was chosen, as a sentence; empty if there was no choice."""
    alike = {entry.id for entry in ready if _group(entry) == _group(ready[0])}
    if len(alike) == 1:
        return ""
    if alike <= validation_scores(entries).keys():
        return "Of these networks, it has the best combined accuracy on validation pictures."
    return (
        "Of these networks, it has the best combined accuracy on the test pictures. Not all have "
        "validation scores, so this figure is slightly optimistic."
    )


def _group(entry: Entry) -> tuple[bool, bool]:
    return not entry.run.shipped, is_private(entry)


def is_private(entry: Entry) -> bool:
    """Whether a run was trained on pictures that a visitor added."""
    return not entry.run.shipped and entry.kind == "photographs"


def network_caption(entry: Entry) -> str:
    """A run in a list of networks: its caption and its combined performance."""
    return f"{run_caption(entry)} · combined {percent(entry.final('combined'))}"
