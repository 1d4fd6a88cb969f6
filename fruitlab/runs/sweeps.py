"""Finished mixed runs that differ in the ratio (and seed) alone: what the mixing slider moves over. No torch."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fruitlab.config.errors import ConfigError
from fruitlab.config.presets import configure
from fruitlab.config.run_config import RunConfig
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import mean_and_deviation
from fruitlab.runs.index import Entry


@dataclass(frozen=True)
class Family:
    """Runs on one data set with one recipe."""

    config: RunConfig  # of one of them
    data: str
    fingerprint: str
    kind: str  # photographs or drawn
    stops: Mapping[
        int, list[Entry]
    ]  # ratio in percent, ascending: its runs, one a seed, by seed; at least one has its weights

    @property
    def key(self) -> str:
        """Short and without surprises in an address."""
        return (
            self.stops[next(iter(self.stops))][0].header.get("experiment", "")
            + self.fingerprint[:4]
        )

    @property
    def name(self) -> str:
        """The data and the recipe, with what was changed in it."""
        every = [f"{name} {value}" for name, value in differences(self.config).items()]
        changed = ", ".join(every[:3]) + (f" and {len(every) - 3} more" if len(every) > 3 else "")
        recipe = self.config.preset.partition("@")[0]
        return f"{self.data} · {recipe}{f' with {changed}' if changed else ''} · {len(self.stops)} stop{'s' * (len(self.stops) != 1)}"

    def scores(self, ratio: int, top: int = 1) -> dict[str, float | None]:
        """{nice, real, combined} at a stop, the mean over its seeds, as fractions of one."""
        return {
            score: mean_and_deviation(entry.final(score, top) for entry in self.stops[ratio])[0]
            for score in SCORES
        }

    def deviations(self, ratio: int) -> dict[str, float | None]:
        """Standard deviation of each over the seeds; None of a single one."""
        return {
            score: mean_and_deviation(entry.final(score) for entry in self.stops[ratio])[1]
            for score in SCORES
        }

    def network(self, ratio: int) -> Entry:
        """The run at a stop that can be asked about a photo: the first that has its weights."""
        return next(entry for entry in self.stops[ratio] if entry.run.has("weights"))

    def neighbour(self, ratio: int) -> int | None:
        """The stop to the left, or for the first one the stop to the right; None where there is but one."""
        ratios = list(self.stops)
        at = ratios.index(ratio)
        return None if len(ratios) == 1 else ratios[at - 1] if at else ratios[1]

    def missing(self) -> list[int]:
        """Tens of percent at which there is no run yet."""
        return [ratio for ratio in range(0, 101, 10) if ratio not in self.stops]


def families(entries: Iterable[Entry]) -> list[Family]:
    """Those of the finished mixed runs that have their scores: most stops first, then photographs, then the newest.

    Where no run of a ratio has its weights, as there is nobody to ask about a photo, the ratio is no stop.
    """
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.config and entry.config.method == "mixed" and entry.final("combined") is not None:
            rest = {
                name: value
                for name, value in entry.config.settings().items()
                if name not in ("ratio", "seed")
            }
            found.setdefault(
                json.dumps([rest, entry.data.get("fingerprint")], sort_keys=True), []
            ).append(entry)
    made = [family for group in found.values() if (family := _family(group)).stops]
    return sorted(
        made,
        key=lambda one: (
            -len(one.stops),
            one.kind != "photographs",
            -max(e.created for runs in one.stops.values() for e in runs),
        ),
    )


def _family(group: list[Entry]) -> Family:
    stops: dict[int, dict[int, Entry]] = {}
    for entry in sorted(
        group,
        key=lambda entry: (
            entry.config.ratio,
            entry.config.seed,
            entry.run.has("weights"),
            entry.created,
        ),
    ):
        stops.setdefault(entry.config.ratio, {})[entry.config.seed] = (
            entry  # of two alike one with weights, then the newer
        )
    first = group[0]
    return Family(
        first.config,
        first.config.data,
        str(first.data.get("fingerprint") or ""),
        str(first.data.get("kind") or "photographs"),
        {
            ratio: list(seeds.values())
            for ratio, seeds in stops.items()
            if any(entry.run.has("weights") for entry in seeds.values())
        },
    )


def differences(config: RunConfig) -> dict[str, Any]:
    """What was changed in its recipe. Of a recipe of another version nothing is known."""
    try:
        base = configure(config.method, preset=config.preset).settings()
    except ConfigError:
        return {}
    return {
        name: value
        for name, value in config.settings().items()
        if name not in ("ratio", "seed", "data", "split_seed") and base[name] != value
    }
