"""Scores of runs by ratio or split: the columns of the paper's tables. No torch."""

from typing import Any

import numpy as np

from fruitlab.metrics.accuracy import SCORES, combined
from fruitlab.runs import forgetting
from fruitlab.runs.entry import Entry
from fruitlab.studies.published import TABLE2
from fruitlab.studies.reproduction import Reproduction, Runs
from fruitlab.studies.scores import Column, Scores

FAR = 0.05  # a difference of accuracies that no margin of these test sets explains


def last(runs: Runs, top: int = 1) -> Column:
    """Scores after the last iteration, on all test pictures."""
    return {
        place: _scores(seeds, [[entry.final(score, top) for score in SCORES] for entry in seeds])
        for place, seeds in runs.items()
    }


def best(runs: Runs, top: int = 1) -> Column:
    """The best of each score over training, selected on the test sets as in the paper's Table 2.

    Runs without it are left out.
    """
    found = {}
    for place, seeds in runs.items():
        values = [row for entry in seeds if (row := best_scores(entry, top)) is not None]
        if values:
            found[place] = _scores(seeds, values)
    return found


def best_scores(entry: Entry, top: int) -> list[float] | None:
    """The best of nice, real and combined over a run's training; None if it does not say."""
    try:
        return [float(entry.summary["best"][f"top{top}"][score]) for score in SCORES]
    except (KeyError, TypeError, ValueError):
        return None


def best_or_last(entry: Entry) -> Scores:
    """Top-1 scores of one run: the best of each over training, or the last."""
    last = [entry.final(score, 1) for score in SCORES]
    return _scores([entry], [best_scores(entry, 1) or last])


def at_switch(runs: Runs, top: int = 1) -> Column:
    """Scores at the beginning of restricted training, on all test pictures."""
    found = {}
    for place, seeds in runs.items():
        values = []
        for entry in seeds:
            places = forgetting.restricted(entry)
            if len(places):
                nice, real = (
                    float(entry.accuracy(domain, top)[places[0]]) for domain in ("nice", "real")
                )
                values.append([nice, real, combined(nice, real)])
        if values and np.isfinite(values).all():
            found[place] = _scores(seeds, values)
    return found


def _scores(seeds: list[Entry], values: list[list[Any]]) -> Scores:
    """Scores from [nice, real, combined] of each seed."""
    nice, real, both = zip(*values, strict=True)
    tests = {domain: seeds[0].summary[domain]["pictures"] for domain in ("nice", "real")}
    return Scores(nice, real, both, nice_pictures=tests["nice"], real_pictures=tests["real"])


def carry_over_gap(one: Reproduction | None, last: Column) -> tuple[float, float] | None:
    """Real accuracy from nice pictures alone, where ours is far below the paper's.

    Args:
        one: the reproduction. Drawn pictures are not compared with the paper.
        last: scores of its mixed runs after the last iteration.

    Returns:
        (ours, the paper's), or None.
    """
    if one is None or one.drawn or 0 not in last:
        return None
    ours, theirs = last[0].mean("real"), TABLE2[0]["real"]
    return (ours, theirs) if ours < theirs - FAR else None
