"""Which runs belong together: the same settings but for some, and the same data. No torch.

Every comparison of configurations in FruitLab goes through `key`: sweeps, studies, ablations and
the seeds of an experiment differ only in the settings that they leave out of it.
"""

import json
from collections.abc import Collection
from typing import Any

from fruitlab.config.errors import ConfigError
from fruitlab.config.presets import configure
from fruitlab.config.run_config import RunConfig
from fruitlab.runs.index import Entry

# Settings that say what is evaluated during training. They change neither weights nor results.
EVALUATION = ("live_every", "live_pictures", "full_marks")
STATISTICS_SETTING = "norms"  # the setting that `running_statistics` puts into words
NOT_IN_PRESETS = ("ratio", "seed", "data", "split_seed")


def key(config: RunConfig, *, without: Collection[str] = ()) -> str:
    """Text that configurations share if and only if they differ at most in the settings `without`.

    `config.experiment()`, which is written into run folders, is a hash of `key` without the seed.
    """
    return json.dumps(_kept(config, without), sort_keys=True)


def run_key(entry: Entry, *, without: Collection[str] = ()) -> str:
    """As `key`, for runs on the same pictures. The entry must have a configuration."""
    settings = _kept(_config(entry), without)
    return json.dumps([settings, entry.data.get("fingerprint")], sort_keys=True)


def same_experiment(one: Entry, other: Entry) -> bool:
    """Whether two runs differ at most in the seed."""
    if one.config is None or other.config is None:
        return False
    keys = (key(config, without=("seed",)) for config in (one.config, other.config))
    return len(set(keys)) == 1 and same_data(one, other)


def same_data(one: Entry, other: Entry) -> bool:
    """Whether two runs have the same test pictures: the same pictures, split alike."""
    if one.config is None or other.config is None:
        return False
    if one.config.split_seed != other.config.split_seed:
        return False
    fingerprints = one.data.get("fingerprint"), other.data.get("fingerprint")
    if all(fingerprints):
        return fingerprints[0] == fingerprints[1]
    return one.config.data == other.config.data  # a worker has not read the data yet


def running_statistics(config: RunConfig) -> str | None:
    """What the running statistics do in restricted training: *updated* or *frozen*.

    None for a method without restricted training.
    """
    found = config.settings().get(STATISTICS_SETTING)
    return {"follow": "updated"}.get(found, found)


def preset_name(config: RunConfig) -> str:
    """The preset without its version: "quick"."""
    return config.preset.partition("@")[0]


def preset_changes(config: RunConfig) -> dict[str, Any]:
    """The settings that differ from the run's preset.

    Ratio, seed, data and split seed are left out: no preset decides them. Empty for an earlier
    version of a preset, whose numbers are no longer known.
    """
    try:
        base = configure(config.method, preset=config.preset).settings()
    except ConfigError:
        return {}
    return {
        name: value
        for name, value in config.settings().items()
        if name not in NOT_IN_PRESETS and base[name] != value
    }


def _kept(config: RunConfig, without: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in config.settings().items() if name not in without}


def _config(entry: Entry) -> RunConfig:
    assert entry.config is not None, f"{entry.id} has no configuration"
    return entry.config
