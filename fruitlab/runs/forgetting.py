"""How much an iterative run forgets of the nice pictures, from what the Index knows of it. Pure, no torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fruitlab.methods import phases
from fruitlab.metrics import accuracy, curves
from fruitlab.metrics.series import Forgetting, thin
from fruitlab.runs.index import Entry

WORDS = {
    "norms": "statistics",
    "split": "initial",
    "preset": "recipe",
}  # fields by the words that the page has for them


@dataclass(frozen=True)
class Measures:
    """Fractions of one; None where undefined: shown as a dash, never as 0."""

    nice: float | None  # at the last point
    real: float | None
    nice_before: float | None  # at the end of initial training, on all test pictures
    real_before: float | None
    peak_minus_current: float | None
    end_minus_final: float | None
    half: float | None  # iterations of restricted training


def restricted(entry: Entry) -> np.ndarray:
    """int64: the places of the points of restricted training, the second phase."""
    return np.flatnonzero(entry.column("phase") >= 1)


def curve(entry: Entry, top: int, name: str = "") -> Forgetting:
    """Both accuracies over restricted training, thinned for a plot."""
    places = restricted(entry)
    kept = places[thin(len(places))]
    return Forgetting(
        name=name or entry.title,
        iteration=entry.column("phase_iteration")[kept],
        nice=entry.accuracy("nice", top)[kept],
        real=entry.accuracy("real", top)[kept],
    )


def names(entries: Sequence[Entry]) -> list[str]:
    """What to call each of several runs: the title that it was given, else what tells it from the others, in few words."""
    told = curves.distinguishing([entry.config.settings() for entry in entries])
    short = [
        ", ".join(
            f"{WORDS.get(name, name.replace('_', ' '))} {value}{' %' if name == 'split' else ''}"
            for name, value in one.items()
        )
        for one in told
    ]
    seeds = [
        f"{text}, seed {entry.config.seed}".removeprefix(", ") if short.count(text) > 1 else text
        for entry, text in zip(entries, short, strict=True)
    ]
    return [
        str(entry.label.get("title") or (text if text and seeds.count(text) == 1 else entry.id))
        for entry, text in zip(entries, seeds, strict=True)
    ]


def measures(entry: Entry, top: int) -> Measures:
    """Both definitions of forgetting, and the iterations to lose half of what is lost in the end.

    A live point scores a fixed part of the test set, a mark all of it; the peak is taken over points that scored the same
    pictures as the current one, so that no difference of samples passes for forgetting.
    """
    nice, real, places = entry.accuracy("nice", top), entry.accuracy("real", top), restricted(entry)
    if not len(places):
        last = len(nice) - 1
        return Measures(
            *(None if last < 0 else float(curve[last]) for curve in (nice, real)),
            None,
            None,
            None,
            None,
            None,
        )
    first, full = places[0], entry.column("full")
    before, now = float(nice[first]), float(nice[-1])
    ended = entry.status == "finished"
    return Measures(
        nice=now,
        real=float(real[-1]),
        nice_before=before,
        real_before=float(real[first]),
        peak_minus_current=accuracy.peak_minus_current(nice[full == full[-1]].tolist()),
        end_minus_final=accuracy.end_minus_final(before, now if ended else None),
        half=accuracy.iterations_to_half(
            entry.column("phase_iteration")[places].tolist(), nice[places].tolist()
        )
        if ended
        else None,
    )


def budget(entry: Entry) -> int:
    """Pictures that the run sees in all: known when it has ended, else told from its pace in each phase so far."""
    seen = entry.summary.get("images_seen")
    if entry.status == "finished" and isinstance(seen, int):
        return seen
    counted, total = entry.data.get("training_pictures"), 0.0
    for phase in phases(entry.config):
        pictures = sum(counted.get(phase.name, {}).values()) if isinstance(counted, dict) else 0
        total += phase.iterations * _batch(pictures, entry.config.batch_size)
    return round(total)


def joint_iterations(entry: Entry) -> int:
    """Iterations of a mixed run at the joint ratio that sees as many pictures as this one."""
    counted = entry.data.get("training_pictures")
    pictures = (
        sum(sum(sides.values()) for sides in counted.values()) if isinstance(counted, dict) else 0
    )
    batch = _batch(pictures, entry.config.batch_size)
    return max(1, round(budget(entry) / batch)) if batch else entry.config.iterations


def _batch(pictures: int, most: int) -> float:
    """Mean pictures a batch, of a phase with so many (paper 3.5; `training.Batches`)."""
    return pictures / min(pictures, 20 if most == 0 else -(-pictures // most)) if pictures else 0.0
