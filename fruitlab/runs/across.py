"""The same experiments on several datasets, side by side. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import mean_and_deviation
from fruitlab.runs.captions import legends
from fruitlab.runs.entry import Entry


@dataclass(frozen=True)
class Across:
    """Scores by experiment and dataset.

    Attributes:
        datasets: names, in the order in which they come.
        experiments: names of the rows.
        scores: a row for each experiment with, for each dataset, the mean over seeds of nice, real
            and combined as fractions; None without a finished run.
    """

    datasets: tuple[str, ...]
    experiments: tuple[str, ...]
    scores: tuple[tuple[dict[str, float] | None, ...], ...]


def across(entries: Sequence[Entry], top: int = 1) -> Across | None:
    """Finished runs by their settings but for the data and the seed; None on a single dataset.

    Datasets are told apart by their pictures, whatever their names.

    Args:
        entries: runs with a configuration.
        top: 1 or 3.
    """
    finished = [entry for entry in entries if entry.final("combined", top) is not None]
    datasets: dict[str, str] = {}
    found: dict[str, dict[str, list[Entry]]] = {}
    for entry in finished:
        config = entry.known_config
        pictures = str(entry.data.get("fingerprint") or config.data)
        datasets.setdefault(pictures, config.data)
        experiment = config.experiment(without=("seed", "data"))
        found.setdefault(experiment, {}).setdefault(pictures, []).append(entry)
    if len(datasets) < 2:
        return None
    firsts = [next(iter(row.values()))[0] for row in found.values()]
    return Across(
        tuple(datasets.values()),
        tuple(legends(firsts, whole=True)),
        tuple(
            tuple(_means(row.get(pictures, ()), top) for pictures in datasets)
            for row in found.values()
        ),
    )


def _means(runs: Sequence[Entry], top: int) -> dict[str, float] | None:
    means = {
        score: mean_and_deviation(run.final(score, top) for run in runs)[0] for score in SCORES
    }
    return {score: value for score, value in means.items() if value is not None} or None
