"""Figures 8 to 10 of the paper: scores of our tuning runs. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fruitlab.config.run_config import EVALUATION
from fruitlab.methods.mixed import Mixed
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_changes, preset_name
from fruitlab.studies.plans import FINAL_FACTOR, FINAL_RATE, FIRST_FACTOR, THIRD_FACTORS
from fruitlab.studies.reproduction import Reproduction, is_scored
from fruitlab.studies.score_columns import best_or_last
from fruitlab.studies.scores import Column, Scores

TUNED = ("learning_rate", "regularisation")

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


def tuning(entries: Iterable[Entry], like: Reproduction | None) -> dict[str, Tuned]:
    """Figures 8 to 10, from runs of the paper's preset with other rates and factors.

    Runs of different lengths are not drawn in one figure. A figure has the length with the most
    runs, and the longer one of equals.

    Args:
        entries: all runs.
        like: the runs have to be on its data; None accepts any data.

    Returns:
        By the names in `published.TUNING`. Figures with fewer than two lines are left out.
    """
    lengths: dict[int, dict[Settings, dict[int, Scores]]] = {}
    for entry in entries:
        config = _tuning_config(entry)
        if config is not None and _on_data_of(entry, like):
            runs = lengths.setdefault(config.iterations, {})
            line = runs.setdefault((config.learning_rate, config.regularisation), {})
            line.setdefault(config.ratio, best_or_last(entry))
    figures: dict[str, Tuned] = {}
    for iterations, runs in sorted(lengths.items()):
        for name, lines in _figures(runs).items():
            made = Tuned(iterations, {place: lines[place] for place in sorted(lines)})
            shown = figures.get(name)
            if len(lines) > 1 and (shown is None or made.points >= shown.points):
                figures[name] = made
    return figures


def _figures(runs: Mapping[Settings, dict[int, Scores]]) -> dict[str, Lines]:
    """The lines of each figure from the runs of one length.

    The paper's final tuning has runs of twice the length, and one rate. Ours may have one length
    for all runs; the final tuning is then shown once the factor that only it has was trained.
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
    return {
        "rates": rates,
        "factors": factors,
        "final": final if FINAL_FACTOR in final else {},
    }


def _tuning_config(entry: Entry) -> Mixed | None:
    """The configuration of a tuning run; None if it is another run.

    That is a mixed run of the paper preset with seed 0 in which only tuned settings are changed.
    """
    config = entry.config
    if not isinstance(config, Mixed) or preset_name(config) != "paper":
        return None
    changed = set(preset_changes(config)) - {*TUNED, *EVALUATION, "iterations"}
    return config if config.seed == 0 and not changed and is_scored(entry) else None


def _on_data_of(entry: Entry, like: Reproduction | None) -> bool:
    if like is None:
        return True
    fingerprint = str(entry.data.get("fingerprint") or "")
    return (
        fingerprint == like.fingerprint and entry.known_config.split_seed == like.config.split_seed
    )
