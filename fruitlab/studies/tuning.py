"""Figures 8 to 10 of the paper: combined performance of our tuning runs. No torch."""

from collections.abc import Iterable, Mapping

from fruitlab.config.run_config import EVALUATION
from fruitlab.methods.mixed import Mixed
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_changes, preset_name
from fruitlab.studies.plans import FIRST_FACTOR, THIRD_FACTORS
from fruitlab.studies.reproduction import Reproduction, is_scored
from fruitlab.studies.score_columns import best_scores

TUNED = ("learning_rate", "regularisation")
FINAL_RATE = 0.004  # the learning rate of Figure 10

Line = dict[int, float]  # ratio in percent: combined top-1
Settings = tuple[float, float]  # learning rate, L2 factor


def tuning(entries: Iterable[Entry], like: Reproduction | None) -> dict[int, dict[str, Line]]:
    """The lines of Figures 8 to 10, from runs of the paper's preset with other rates and factors.

    Args:
        entries: all runs.
        like: the runs have to be on its data; None accepts any data.

    Returns:
        {figure: {legend: {ratio: best combined top-1 over training, or the last}}}. Figures with
        fewer than two lines are left out.
    """
    lengths: dict[int, dict[Settings, Line]] = {}
    for entry in entries:
        config = _tuning_config(entry)
        if config is not None and _on_data_of(entry, like):
            best = best_scores(entry, 1)
            value = best[2] if best else float(entry.summary["combined"]["top1"])
            runs = lengths.setdefault(config.iterations, {})
            line = runs.setdefault((config.learning_rate, config.regularisation), {})
            line.setdefault(config.ratio, value)
    figures: dict[int, dict[str, Line]] = {}
    for _, runs in sorted(lengths.items()):
        for figure, lines in _figures(runs).items():
            if len(lines) > 1:
                figures[figure] = {name: dict(sorted(line.items())) for name, line in lines.items()}
    return figures


def _figures(runs: Mapping[Settings, Line]) -> dict[int, dict[str, Line]]:
    """The lines of each figure from the runs of one length.

    The paper tuned rates and factors in shorter runs. Its final tuning, Figure 10, has one rate.
    """
    by_rate = sorted(runs.items())
    if len({rate for rate, _ in runs}) == 1:
        final = {
            f"factor {factor:g}": line
            for (rate, factor), line in by_rate
            if rate == FINAL_RATE and factor in THIRD_FACTORS
        }
        return {8: _rates(runs), 10: final}
    factors: dict[str, Line] = {}
    for (_, factor), line in sorted(runs.items(), key=lambda pair: pair[0][1]):
        best = factors.setdefault(f"factor {factor:g}", {})
        best |= {ratio: max(value, best.get(ratio, 0.0)) for ratio, value in line.items()}
    return {8: _rates(runs), 9: factors}


def _rates(runs: Mapping[Settings, Line]) -> dict[str, Line]:
    return {
        f"learning rate {rate:g}": line
        for (rate, factor), line in sorted(runs.items())
        if factor == FIRST_FACTOR
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
