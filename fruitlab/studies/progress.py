"""How a study stands: which of its runs there are, what the others would cost, which came out best. Pure functions, no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from fruitlab.config.run_config import RunConfig
from fruitlab.runs import cost as estimate
from fruitlab.runs.index import Entry
from fruitlab.studies.plans import Study


@dataclass(frozen=True)
class Standing:
    """How far a study is: its configurations so far, each with its run, if there is one."""

    configs: list[RunConfig]
    found: dict[RunConfig, Entry]

    def having(self, *statuses: str) -> list[RunConfig]:
        return [
            config
            for config in self.configs
            if config in self.found and self.found[config].status in statuses
        ]

    @property
    def finished(self) -> list[RunConfig]:
        return self.having("finished")

    @property
    def missing(self) -> list[RunConfig]:
        done = set(self.finished)
        return [config for config in self.configs if config not in done]


def standing(study: Study, entries: Iterable[Entry], fingerprint: str | None) -> Standing:
    """The study's runs among those that exist.

    Args:
        fingerprint: of the data as it is now: runs on what it was before are others. None takes any.
    """
    by_config: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.config is not None and entry.data.get("fingerprint", fingerprint) == (
            fingerprint or entry.data.get("fingerprint")
        ):
            by_config.setdefault(_same(entry.config), []).append(entry)
    # Of several alike: a finished one before one at work before the rest, then the newest.
    order = {"finished": 0, "running": 1, "waiting": 1}
    best = {
        config: min(alike, key=lambda entry: (order.get(entry.status, 2), -entry.created))
        for config, alike in by_config.items()
    }
    known, configs = {}, study.rounds({})
    while True:
        found = {config: best[_same(config)] for config in configs if _same(config) in best}
        now = {
            config: value
            for config, entry in found.items()
            if entry.status == "finished" and (value := entry.final("combined")) is not None
        }
        more = study.rounds(now)
        if now == known and more == configs:
            return Standing(configs, found)
        known, configs = now, more


WATCHED = ("live_every", "live_pictures", "full_evaluations")  # changes neither weights nor results


def _same(config: RunConfig) -> str:
    """What two runs have in common that come to the same."""
    return repr({name: value for name, value in config.settings().items() if name not in WATCHED})


@dataclass(frozen=True)
class Best:
    """The configuration, less its seed, with the best combined top-1, the mean over its seeds; and those that are as good, for all that one can tell."""

    config: RunConfig
    combined: float
    interval: tuple[
        float, float
    ]  # 95 %, from the size of the test sets (and not from the spread of seeds)
    within: list[RunConfig]  # others whose mean lies in it


def best(now: Standing) -> Best | None:
    """None while nothing has finished."""
    groups: dict[RunConfig, list[Entry]] = {}
    for config in now.finished:
        groups.setdefault(config.model_copy(update={"seed": 0}), []).append(now.found[config])
    means = {
        config: sum(entry.final("combined") for entry in entries) / len(entries)
        for config, entries in groups.items()
    }
    if not means:
        return None
    top = max(means, key=means.get)
    middle, (low, high) = means[top], groups[top][0].summary["combined"]["top1_interval"]
    half = (high - low) / 2
    return Best(
        top,
        middle,
        (max(0.0, middle - half), min(1.0, middle + half)),
        [config for config, mean in means.items() if config != top and mean >= middle - half],
    )


@dataclass(frozen=True)
class Cost:
    runs: int
    pictures: int
    seconds: float  # one run after the other
    measured: bool  # by runs made here, or a guess


def cost(configs: Iterable[RunConfig], nice: int, real: int, entries: Iterable[Entry]) -> Cost:
    """What these runs would take here, on data with so many pictures in each domain; a shared initial training counts once."""
    configs, entries = (
        sorted(configs, key=lambda config: -config.phases()[0].iterations),
        list(entries),
    )
    pictures, seconds, shared, all_measured = 0, 0.0, set(), True
    for config in configs:
        group = config.first_phase_key()
        one = estimate.cost(config, nice, real, first=1 if group in shared else 0)
        shared |= {group} - {None}
        pictures, work = pictures + one.pictures, one.work
        speed = estimate.measured(entries, config.width)
        all_measured &= speed is not None
        seconds += work / (speed or estimate.unmeasured(config.width))
    return Cost(len(configs), pictures, seconds, all_measured)
