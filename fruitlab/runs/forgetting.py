"""How much an iterative run forgets of the nice pictures, from its log. No torch."""

from dataclasses import dataclass

import numpy as np

from fruitlab.methods.batching import mean_batch
from fruitlab.methods.phase import labels
from fruitlab.metrics import accuracy
from fruitlab.metrics.series import Forgetting, thin
from fruitlab.runs.entry import Entry


@dataclass(frozen=True)
class Measures:
    """What a run forgot and learned in restricted training.

    None where a measure is undefined: pages show a dash, never 0.

    Attributes:
        nice, real: accuracy at the last evaluation, fractions of one, as all others but `half`.
        nice_before, real_before: at the end of initial training, on all test pictures.
        peak_minus_current: best nice accuracy so far minus the current one.
        end_minus_final: nice accuracy at the end of initial training minus the final one.
        half: iterations of restricted training until half of the final loss of nice accuracy.
    """

    nice: float | None
    real: float | None
    nice_before: float | None = None
    real_before: float | None = None
    peak_minus_current: float | None = None
    end_minus_final: float | None = None
    half: float | None = None


def restricted(entry: Entry) -> np.ndarray:
    """Indices of the evaluations in restricted training, the second phase; int64."""
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


def measures(entry: Entry, top: int) -> Measures:
    """Both definitions of forgetting, and how fast it happens.

    Some evaluations score a fixed part of each test set, others all of it. The peak is taken over
    evaluations of the same pictures as the last one: a different sample is not forgetting.

    Args:
        entry: an iterative run, at any stage.
        top: 1 or 3, for top-1 or top-3 accuracy.
    """
    nice, real, places = entry.accuracy("nice", top), entry.accuracy("real", top), restricted(entry)
    if not len(nice):
        return Measures(nice=None, real=None)
    if not len(places):
        return Measures(nice=float(nice[-1]), real=float(real[-1]))
    full, now, before = entry.column("full"), float(nice[-1]), float(nice[places[0]])
    ended, half = entry.status == "finished", None
    if ended:
        iterations = entry.column("phase_iteration")[places].tolist()
        half = accuracy.iterations_to_half(iterations, nice[places].tolist())
    return Measures(
        nice=now,
        real=float(real[-1]),
        nice_before=before,
        real_before=float(real[places[0]]),
        peak_minus_current=accuracy.peak_minus_current(nice[full == full[-1]].tolist()),
        end_minus_final=accuracy.end_minus_final(before, now if ended else None),
        half=half,
    )


def budget(entry: Entry) -> int:
    """Training pictures that the run sees in all, computed from its phases until it has ended."""
    seen = entry.summary.get("images_seen")
    if entry.status == "finished" and isinstance(seen, int):
        return seen
    counts, config, total = _training_pictures(entry), entry.known_config, 0.0
    phases = config.phases()
    for label, phase in zip(labels(phases), phases, strict=True):
        batch = mean_batch(counts.get(label, 0), config.batch_size)
        total += phase.iterations * batch
    return round(total)


def joint_iterations(entry: Entry) -> int:
    """Iterations of a mixed run that trains on this run's pictures and sees as many in all."""
    pictures, config = sum(_training_pictures(entry).values()), entry.known_config
    batch = mean_batch(pictures, config.batch_size)
    return max(1, round(budget(entry) / batch)) if batch else config.iterations


def _training_pictures(entry: Entry) -> dict[str, int]:
    """Training pictures of each phase; empty until the worker has read the data."""
    counts = entry.data.get("training_pictures")
    if not isinstance(counts, dict):
        return {}
    return {phase: sum(domains.values()) for phase, domains in counts.items()}
