"""The tuning runs of Figures 8 to 10: finished runs, and those in a table that ships. No torch.

The table, tuning.json, holds what its runs were trained with and their evaluations on all test
pictures. Run folders of so many runs without weights would only be in the way.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fruitlab.config.files import read_json, write_json
from fruitlab.config.paths import shipped_root
from fruitlab.config.run_config import EVALUATION
from fruitlab.data.domains import DOMAINS
from fruitlab.methods.mixed import Mixed
from fruitlab.metrics.accuracy import combined
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_changes, preset_name
from fruitlab.studies.reproduction import is_scored
from fruitlab.studies.score_columns import best_or_last
from fruitlab.studies.scores import Scores

FORMAT = 1
SHIPPED = "tuning.json"
TUNED = ("learning_rate", "regularisation")


@dataclass(frozen=True)
class TuningRun:
    """A mixed run of the paper's preset with seed 0, another learning rate or L2 factor.

    Attributes:
        torch: the version it was trained with, such as 2.14; empty if that is not known.
        ratio: share of real pictures in percent.
        scores: the best of each over training, or the last.
    """

    fingerprint: str
    split_seed: int
    torch: str
    iterations: int
    learning_rate: float
    factor: float
    ratio: int
    scores: Scores


def of_entries(entries: Iterable[Entry]) -> list[TuningRun]:
    """The tuning runs among all runs."""
    return [
        TuningRun(
            fingerprint=str(entry.data.get("fingerprint") or ""),
            split_seed=config.split_seed,
            torch=_torch(entry),
            iterations=config.iterations,
            learning_rate=config.learning_rate,
            factor=config.regularisation,
            ratio=config.ratio,
            scores=best_or_last(entry),
        )
        for entry in entries
        if (config := _tuning_config(entry)) is not None
    ]


def _torch(entry: Entry) -> str:
    """Major and minor version."""
    version = str(entry.header.get("versions", {}).get("torch", ""))
    return ".".join(version.split(".")[:2])


def _tuning_config(entry: Entry) -> Mixed | None:
    """The configuration of a tuning run; None if it is another run."""
    config = entry.config
    if not isinstance(config, Mixed) or preset_name(config) != "paper":
        return None
    changed = set(preset_changes(config)) - {*TUNED, *EVALUATION, "iterations"}
    return config if config.seed == 0 and not changed and is_scored(entry) else None


def shipped() -> list[TuningRun]:
    """The runs in the table that ships; none if there is no such file or it is damaged."""
    with suppress(OSError, ValueError, LookupError, TypeError, ZeroDivisionError):
        content = read_json(shipped_root() / SHIPPED)
        if content["format"] == FORMAT:
            return [
                TuningRun(
                    fingerprint=str(content["fingerprint"]),
                    split_seed=int(row["split_seed"]),
                    torch=str(row["torch"]),
                    iterations=int(row["iterations"]),
                    learning_rate=float(row["learning_rate"]),
                    factor=float(row["regularisation"]),
                    ratio=int(row["ratio"]),
                    scores=_scores(row["evaluations"]),
                )
                for row in content["runs"]
            ]
    return []


def _scores(evaluations: list[dict[str, Any]]) -> Scores:
    """The best of each score over evaluations on all test pictures."""
    rows = [[one[domain][1] / one[domain][0] for domain in DOMAINS] for one in evaluations]
    pictures = [evaluations[-1][domain][0] for domain in DOMAINS]
    return Scores(
        (max(nice for nice, _ in rows),),
        (max(real for _, real in rows),),
        (max(combined(nice, real) for nice, real in rows),),
        *pictures,
    )


def write(entries: Iterable[Entry], fingerprint: str, path: Path) -> int:
    """Add the tuning runs on a dataset to a table, which need not exist yet.

    A run replaces one with the same settings and version of torch. Rows of runs whose folders are
    gone stay; a damaged table, or one of another dataset, is replaced.

    Returns:
        Number of rows in the table; 0 if there are no such runs, and nothing is written.

    Raises:
        OSError: the file cannot be written.
    """
    found = []
    for entry in entries:
        config = _tuning_config(entry)
        if config is not None and entry.data.get("fingerprint") == fingerprint:
            full = [point for point in entry.run.metrics() if point["full"]]
            kept = ("iteration", "nice", "real", "loss")
            found.append(
                {name: getattr(config, name) for name in (*TUNED, "iterations", "ratio")}
                | {"split_seed": config.split_seed, "torch": _torch(entry)}
                | {"evaluations": [{name: point[name] for name in kept} for point in full]}
            )
    if not found:
        return 0
    rows = _rows(fingerprint, path) | {_settings(row): row for row in found}
    runs = [rows[settings] for settings in sorted(rows)]
    write_json(path, {"format": FORMAT, "fingerprint": fingerprint, "runs": runs})
    return len(runs)


def _rows(fingerprint: str, path: Path) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Settings -> row of an existing table of the same dataset."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        content = read_json(path)
        if content["format"] == FORMAT and content["fingerprint"] == fingerprint:
            return {_settings(row): row for row in content["runs"]}
    return {}


def _settings(row: dict[str, Any]) -> tuple[Any, ...]:
    """What no two rows of the table have in common."""
    return tuple(row[name] for name in (*TUNED, "iterations", "ratio", "torch", "split_seed"))
