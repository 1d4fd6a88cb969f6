"""Which runs belong together: the same settings but for some, and the same data. No torch.

Configurations are compared with `RunConfig.experiment(without=...)`, and nowhere else: sweeps,
studies, ablations and the seeds of an experiment differ only in the settings that they leave out.
"""

from collections.abc import Iterable
from typing import Any

from fruitlab.config.errors import ConfigError
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure
from fruitlab.runs.entry import Entry

# Which pictures and which seed: every run has settings of its own, whatever its preset.
NOT_IN_PRESETS = ("seed", "data", "split_seed")
SCORED_ON = ("split_seed", "validation")  # settings that decide which pictures a run is scored on


def run_key(entry: Entry, *, without: Iterable[str]) -> tuple[str, str | None]:
    """What runs share that are on the same pictures and differ at most in the settings `without`.

    The same pictures may have several names.

    Raises:
        RunError: the run has no readable configuration.
    """
    fingerprint = entry.data.get("fingerprint")
    left_out = {*without, "data"} if fingerprint else without
    return _experiment(entry, without=left_out), fingerprint


def same_experiment(one: Entry, other: Entry) -> bool:
    """Whether two runs differ at most in the seed, and in the name of the same pictures."""
    if not same_data(one, other):
        return False
    first, second = (_experiment(entry, without=("seed", "data")) for entry in (one, other))
    return first == second


def _experiment(entry: Entry, *, without: Iterable[str]) -> str:
    """The settings that count; a version has its base's, and learned pictures of its own."""
    name = entry.known_config.experiment(without=without)
    return f"{name} {entry.id}" if entry.header.get("base") else name


def same_data(one: Entry, other: Entry) -> bool:
    """Whether two runs have the same test pictures: the same pictures, split alike."""
    if one.config is None or other.config is None:
        return False
    if any(getattr(one.config, name) != getattr(other.config, name) for name in SCORED_ON):
        return False
    fingerprints = one.data.get("fingerprint"), other.data.get("fingerprint")
    if all(fingerprints):
        return fingerprints[0] == fingerprints[1]
    return one.config.data == other.config.data  # a worker has not read the data yet


def by_value_and_seed(runs: Iterable[tuple[int, Entry]]) -> dict[int, list[Entry]]:
    """Runs by a value such as the ratio, ascending; one per seed, by seed.

    Args:
        runs: (value, run). Of several with the same value and seed, the last one counts.
    """
    found: dict[int, dict[int, Entry]] = {}
    for value, entry in runs:
        found.setdefault(value, {})[entry.known_config.seed] = entry
    return {
        value: [seeds[seed] for seed in sorted(seeds)] for value, seeds in sorted(found.items())
    }


def preset_name(config: RunConfig) -> str:
    """The preset without its version: "quick"."""
    return config.preset.partition("@")[0]


def preset_changes(config: Method) -> dict[str, Any]:
    """The settings that differ from the run's preset.

    The headline setting, the data and the seeds are left out: a run is not expected to have the
    preset's. Empty for a version of a preset whose numbers are not known.
    """
    try:
        base = configure(config.method, preset=config.preset).settings()
    except ConfigError:
        return {}
    left_out = {*NOT_IN_PRESETS, config.headline}
    return {
        name: value
        for name, value in config.settings().items()
        if name not in left_out and base[name] != value
    }
