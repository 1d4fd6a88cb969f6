"""Figures 8 to 10 of the paper: scores of our tuning runs. No torch."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fruitlab.studies.plans import (
    FINAL_FACTOR,
    FINAL_RATE,
    FIRST_FACTOR,
    SECOND_FACTORS,
    THIRD_FACTORS,
)
from fruitlab.studies.reproduction import Reproduction
from fruitlab.studies.scores import Column, Scores
from fruitlab.studies.tuning_runs import TuningRun

Settings = tuple[float, float]  # learning rate, L2 factor
Lines = dict[float, dict[int, Scores]]  # learning rate or L2 factor: scores by ratio


@dataclass(frozen=True)
class Tuned:
    """What one of the figures shows.

    Attributes:
        iterations: of each run.
        lines: learning rate or L2 factor -> scores by ratio, best over training (or the last).
    """

    iterations: int
    lines: Mapping[float, Column]

    @property
    def points(self) -> int:
        """Number of runs it shows."""
        return sum(map(len, self.lines.values()))


def tuning(runs: Iterable[TuningRun], like: Reproduction | None) -> dict[str, Tuned]:
    """Figures 8 to 10, from runs of the paper's preset with other rates and factors.

    Runs of different lengths, or of different versions of torch, are not drawn in one figure: equal
    seeds give equal initial weights within a version only. A figure has the length and version with
    the most runs, and the longer or later one of equals.

    Args:
        runs: of runs with equal settings, the first one counts.
        like: the runs have to be on its data; None accepts any data.

    Returns:
        By the names in `published.TUNING`. Figures with fewer than two lines are left out.
    """
    groups: dict[tuple[int, tuple[int, ...]], dict[Settings, dict[int, Scores]]] = {}
    for run in runs:
        if like is None or (run.fingerprint, run.split_seed) == (
            like.fingerprint,
            like.config.split_seed,
        ):
            version = tuple(int(part) for part in re.findall(r"\d+", run.torch))
            group = groups.setdefault((run.iterations, version), {})
            line = group.setdefault((run.learning_rate, run.factor), {})
            line.setdefault(run.ratio, run.scores)
    figures: dict[str, Tuned] = {}
    for (iterations, _), found in sorted(groups.items(), key=lambda item: item[0]):
        for name, lines in _figures(found).items():
            made = Tuned(iterations, {place: lines[place] for place in sorted(lines)})
            shown = figures.get(name)
            if len(lines) > 1 and (shown is None or made.points >= shown.points):
                figures[name] = made
    return {name: figures[name] for name in ("rates", "factors", "final") if name in figures}


def _figures(runs: Mapping[Settings, dict[int, Scores]]) -> dict[str, Lines]:
    """The lines of each figure from the runs of one length and version.

    The paper's final tuning has runs of twice the length, and one rate. Ours may have one length
    for all runs; each figure is then shown once settings that only it has were trained.
    """
    rates = {rate: line for (rate, factor), line in runs.items() if factor == FIRST_FACTOR}
    factors: Lines = {}
    if len({rate for rate, _ in runs}) > 1:
        for (_, factor), line in runs.items():
            best = factors.setdefault(factor, {})
            for ratio, scores in line.items():
                if ratio not in best or scores.combined > best[ratio].combined:
                    best[ratio] = scores
    final = {
        factor: line
        for (rate, factor), line in runs.items()
        if rate == FINAL_RATE and factor in THIRD_FACTORS
    }
    only_second = any(
        factor in SECOND_FACTORS and not (rate == FINAL_RATE and factor in THIRD_FACTORS)
        for rate, factor in runs
    )
    return {
        "rates": rates,
        "factors": factors if only_second else {},
        "final": final if FINAL_FACTOR in final else {},
    }
