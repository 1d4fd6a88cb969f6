"""Results of ablations, read from finished runs. No torch."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fruitlab.metrics.accuracy import SCORES
from fruitlab.runs.entry import Entry
from fruitlab.studies.ablations import SWITCH, Ablation, AblationSet
from fruitlab.studies.published import FORGOTTEN

DIVERGED = ("loss is not finite", "loss is no longer a number")  # today and in older runs
WITHIN = 200  # restricted iterations in which the paper's nice accuracy falls to 20% (5.3.3)
FALLEN = FORGOTTEN[WITHIN]


@dataclass(frozen=True)
class Row:
    """The end of an ablation's training.

    Attributes:
        ablation: which one.
        loss: mean cross entropy since the evaluation before; infinite if the run diverged.
        nice, real, combined: top-1, fractions of one; nan if the run diverged or its summary is
            damaged.
    """

    ablation: Ablation
    loss: float
    nice: float
    real: float
    combined: float

    @property
    def shown_loss(self) -> float:
        """The loss as tables print it: another order of summation moves later digits."""
        return round(self.loss, 3)


@dataclass(frozen=True)
class SwitchRow:
    """Top-1 accuracies of an ablation of the switch, on the test pictures of each evaluation.

    Attributes:
        ablation: which one.
        nice, real: at the switch, `WITHIN` restricted iterations later, and at the end.
    """

    ablation: Ablation
    nice: tuple[float, float, float]
    real: tuple[float, float, float]


@dataclass(frozen=True)
class Table:
    """Ablations of a set that were trained on the same pictures for the same number of iterations.

    Attributes:
        data: name of the dataset.
        iterations: of each run.
        categories: number of categories; None if unknown.
        kind: "photographs" or "drawn".
        rows: of `Row` or `SwitchRow`.
        entries: all finished runs on these pictures, ablations or not.
    """

    data: str
    iterations: int
    categories: int | None
    kind: str
    rows: list[Any]
    entries: list[Entry]


def rows(of: AblationSet, entries: Iterable[Entry]) -> list[Row]:
    """The ablations of a set among runs that have ended, lowest training loss first.

    Of several runs of an ablation, the one with the lowest seed counts, then the newest.
    """
    found: dict[str, Row] = {}
    for ablation, entry in _ablations(of, entries):
        if entry.status == "failed" and _diverged(entry):
            row = Row(ablation, math.inf, math.nan, math.nan, math.nan)
        elif entry.status == "finished" and entry.points:
            finals = (entry.final(score) for score in SCORES)
            scores = (math.nan if final is None else final for final in finals)
            row = Row(ablation, float(entry.column("loss")[-1]), *scores)
        else:
            continue
        found.setdefault(ablation.title, row)
    return sorted(found.values(), key=lambda row: row.loss)


def switch_rows(entries: Iterable[Entry]) -> list[SwitchRow]:
    """The finished ablations of the switch, the one nearest to the paper's forgetting first."""
    found: dict[str, SwitchRow] = {}
    for ablation, entry in _ablations(SWITCH, entries):
        if entry.status != "finished" or ablation.title in found:
            continue
        places = np.flatnonzero(entry.column("phase") >= 1)
        iterations = entry.column("phase_iteration")[places]
        if len(places) and iterations[-1] >= WITHIN:
            at = places[[0, int(np.searchsorted(iterations, WITHIN)), -1]]
            nice, real = (tuple(entry.accuracy(d)[at].tolist()) for d in ("nice", "real"))
            found[ablation.title] = SwitchRow(ablation, nice, real)
    return sorted(found.values(), key=lambda row: abs(row.nice[1] - FALLEN))


def _diverged(entry: Entry) -> bool:
    """Whether a run failed because its loss was not finite."""
    error = str(entry.summary.get("error"))
    return any(text in error for text in DIVERGED)


def _ablations(of: AblationSet, entries: Iterable[Entry]) -> Iterable[tuple[Ablation, Entry]]:
    """The runs of a set with their ablation, by seed, then the newest first."""
    runs = [
        (ablation, entry)
        for entry in entries
        if entry.config is not None and (ablation := of.ablation_of(entry.config)) is not None
    ]
    return sorted(runs, key=lambda pair: (pair[1].known_config.seed, -pair[1].created))


def tables(
    entries: Iterable[Entry], rows_of: Callable[[list[Entry]], Sequence[Any]]
) -> list[Table]:
    """A table for each set of pictures and each length that has two ablations or more.

    Args:
        entries: all runs.
        rows_of: finds the rows among runs on the same pictures.
    """
    groups: dict[tuple[str, str, int], list[Entry]] = {}
    on_data: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.config is not None and entry.status in ("finished", "failed"):
            fingerprint = str(entry.data.get("fingerprint"))
            on_data.setdefault(fingerprint, []).append(entry)
            group = entry.config.data, fingerprint, entry.config.iterations
            groups.setdefault(group, []).append(entry)
    found = []
    for (data, fingerprint, iterations), runs in groups.items():
        table_rows = list(rows_of(runs))
        if len(table_rows) > 1:
            first, alike = runs[0], on_data[fingerprint]
            found.append(Table(data, iterations, first.categories, first.kind, table_rows, alike))
    return found
