"""What a run is judged by: mixed runs to compare with, and its validation score. No torch."""

from collections.abc import Iterable

from fruitlab.config.run_config import EVALUATION
from fruitlab.methods.mixed import Mixed
from fruitlab.metrics.curves import mean_and_deviation
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_name, run_key, same_data

SAME_BUDGET = 0.1  # training pictures seen may differ by this fraction
JOINT = 50  # iterative training uses the pictures of this mixing ratio (paper 4.4.2)


def best_mixed(entries: Iterable[Entry], run: Entry, top: int) -> tuple[Entry, float] | None:
    """The finished mixed run on the run's data with the best combined performance, and its value.

    Args:
        entries: all runs.
        run: the one to compare; it is left out itself.
        top: 1 or 3.
    """
    scored = [
        (entry, value)
        for entry, _ in _mixed(entries, run)
        if (value := entry.final("combined", top)) is not None
    ]
    return max(scored, key=lambda pair: pair[1], default=None)


def validation_scores(entries: Iterable[Entry]) -> dict[str, float]:
    """Combined performance on validation pictures, by the id of the run.

    A run that is scored on test pictures has the mean score of the runs that differ from it in the
    validation part and the seed alone. Runs without such a score are left out.

    Args:
        entries: all runs.
    """
    without = (*EVALUATION, "validation", "seed")
    scored: dict[tuple[str, str | None], list[Entry]] = {}
    entries = [entry for entry in entries if entry.config is not None]
    for entry in entries:
        if entry.known_config.validation and entry.final("combined") is not None:
            scored.setdefault(run_key(entry, without=without), []).append(entry)
    found = {}
    for entry in entries:
        alike = scored.get(run_key(entry, without=without), [])
        own = [entry] if entry in alike else alike
        mean, _ = mean_and_deviation(each.final("combined") for each in own)
        if mean is not None:
            found[entry.id] = mean
    return found


def joint(entries: Iterable[Entry], run: Entry, pictures: int) -> Entry | None:
    """The finished mixed run that saw as many training pictures as an iterative run.

    It has the same preset. The nearest to a ratio of 50%, then one of the run's seed, which chose
    the same pictures, then the newest. None if there is none.

    Args:
        entries: all runs.
        run: the iterative run.
        pictures: training pictures that it sees.
    """
    seed = run.known_config.seed
    found = [
        ((abs(config.ratio - JOINT), config.seed != seed, -entry.created), entry)
        for entry, config in _mixed(entries, run)
        if preset_name(config) == preset_name(run.known_config)
        and _at_budget(entry, config, pictures)
        and entry.final("nice") is not None
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _mixed(entries: Iterable[Entry], run: Entry) -> list[tuple[Entry, Mixed]]:
    """The other finished mixed runs on the run's data, each with its configuration."""
    return [
        (entry, entry.config)
        for entry in entries
        if entry.id != run.id
        and entry.status == "finished"
        and isinstance(entry.config, Mixed)
        and same_data(entry, run)
    ]


def _at_budget(entry: Entry, config: Mixed, pictures: int) -> bool:
    """Whether a mixed run trained on both domains and saw about so many pictures."""
    seen = entry.summary.get("images_seen")
    return (
        isinstance(seen, int)
        and 0 < config.ratio < 100
        and abs(seen - pictures) <= SAME_BUDGET * pictures
    )
