"""Our runs of the paper's study: which belong together. No torch."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fruitlab.config.run_config import EVALUATION
from fruitlab.methods.base import Method
from fruitlab.methods.iterative import Iterative
from fruitlab.methods.mixed import Mixed
from fruitlab.metrics.accuracy import SCORES
from fruitlab.runs.captions import preset_caption
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import by_value_and_seed, preset_changes, run_key
from fruitlab.studies.pairing import paired
from fruitlab.studies.plans import RATIOS, SPLITS

Runs = Mapping[int, list[Entry]]  # by ratio or split in percent, ascending; one per seed, by seed

# Settings that the runs of one reproduction may differ in.
VARIED = frozenset(
    {"ratio", "split", "running_statistics", "seed", "method", "iterations", *EVALUATION}
)
METHODS = (Mixed.name, Iterative.name)  # of the paper's study
STATISTICS = ("updated", "frozen")


@dataclass(frozen=True)
class Reproduction:
    """Finished runs on one dataset with one preset.

    Attributes:
        mixed: mixed runs by ratio.
        iterative: iterative runs by split, for each behaviour of the running statistics in
            restricted training: "updated", "frozen".
    """

    mixed: Runs
    iterative: Mapping[str, Runs]

    @property
    def entries(self) -> list[Entry]:
        """All runs."""
        groups = (self.mixed, *self.iterative.values())
        return [entry for runs in groups for seeds in runs.values() for entry in seeds]

    @property
    def first(self) -> Entry:
        """One of the runs, for what all of them share."""
        return self.entries[0]

    @property
    def config(self) -> Method:
        """The configuration of one of the runs."""
        return self.first.known_config

    @property
    def fingerprint(self) -> str:
        """Of the pictures; empty if unknown."""
        return str(self.first.data.get("fingerprint") or "")

    @property
    def drawn(self) -> bool:
        """Whether the pictures are drawn by the program."""
        return self.first.kind == "drawn"

    @property
    def shipped(self) -> bool:
        """Whether any of the runs comes with FruitLab."""
        return any(entry.run.shipped for entry in self.entries)

    @property
    def key(self) -> str:
        """A short name for links; it does not depend on which runs there are."""
        iterations = self.iterations(Mixed.name) or self.iterations(Iterative.name)
        left_out, settings = _left_out(self.config), self.config.settings()
        shared = {name: value for name, value in settings.items() if name not in left_out}
        # Links of earlier versions hold the hash of exactly this text.
        text = json.dumps([shared, self.first.data.get("fingerprint")], sort_keys=True)
        return hashlib.blake2b(f"{text} {iterations}".encode(), digest_size=5).hexdigest()

    def iterations(self, method: str) -> int | None:
        """Iterations of the runs of a method; None if there are none."""
        found = (e.known_config.iterations for e in self.entries if e.known_config.method == method)
        return next(found, None)

    @property
    def name(self) -> str:
        """The data, the preset with its changes, and the number of ratios and splits."""
        ratios = len(self.mixed)
        splits = max((len(runs) for runs in self.iterative.values()), default=0)
        preset = preset_caption(self.config, ignore=EVALUATION)
        counts = f"{ratios} ratio{'s' * (ratios != 1)}, {splits} split{'s' * (splits != 1)}"
        return f"{self.config.data} · {preset} · {counts}"

    @property
    def complete(self) -> bool:
        """Whether every ratio and split of the paper has a run."""
        return set(RATIOS) <= set(self.mixed) and any(
            set(SPLITS) <= set(runs) for runs in self.iterative.values()
        )

    @property
    def seeds(self) -> int:
        """The most seeds that a ratio or split has."""
        groups = (self.mixed, *self.iterative.values())
        return max(len(seeds) for runs in groups for seeds in runs.values())

    @property
    def configurations(self) -> int:
        """How many of the paper's twenty configurations have a run."""
        splits = set().union(*self.iterative.values())
        return len(set(self.mixed) & set(RATIOS)) + len(splits & set(SPLITS))


def reproductions(entries: Iterable[Entry]) -> list[Reproduction]:
    """The reproductions among all finished runs.

    Those with most of the paper's twenty configurations come first, then photographs before drawn
    pictures, then those with most runs, then the newest.
    """
    groups: dict[tuple[str, str | None], dict[str, list[Entry]]] = {}
    for entry in entries:
        if entry.config is not None and is_scored(entry) and entry.config.method in METHODS:
            group = run_key(entry, without=_left_out(entry.config))
            methods = groups.setdefault(group, {method: [] for method in METHODS})
            methods[entry.config.method].append(entry)
    pairs = (pair for methods in groups.values() for pair in paired(**methods))
    found = [_reproduction(mixed, iterative) for mixed, iterative in pairs]
    # Ablations that come with FruitLab are single runs and no study.
    found = [
        one
        for one in found
        if one.configurations > 1 or not all(entry.run.shipped for entry in one.entries)
    ]
    return sorted(found, key=_order)


def _order(one: Reproduction) -> tuple[int, bool, int, float]:
    newest = max(entry.created for entry in one.entries)
    return -one.configurations, one.drawn, -len(one.entries), -newest


def _left_out(config: Method) -> frozenset[str]:
    """The settings that the runs of one reproduction need not share."""
    left_out = set(VARIED)
    # Mixed runs have no schedules to restart. Iterative runs as the paper has them restart them.
    if config.settings().get("restart_clock"):
        left_out.add("restart_clock")
    # Iterative runs do not begin at half size. Mixed runs do as far as their preset says so.
    if "half_size" not in preset_changes(config):
        left_out.add("half_size")
    return frozenset(left_out)


def is_scored(entry: Entry) -> bool:
    """Whether a run has finished with all its scores: its summary may have been edited."""
    return all(entry.final(score, top) is not None for score in SCORES for top in (1, 3)) and all(
        isinstance(entry.summary[domain].get("pictures"), int) for domain in ("nice", "real")
    )


def _reproduction(mixed: list[Entry], iterative: list[Entry]) -> Reproduction:
    by_statistics = {
        how: [
            entry
            for entry in iterative
            if isinstance(entry.config, Iterative) and entry.config.running_statistics == how
        ]
        for how in STATISTICS
    }
    return Reproduction(
        _by(mixed, "ratio"),
        {how: _by(group, "split") for how, group in by_statistics.items() if group},
    )


def _by(group: list[Entry], setting: str) -> Runs:
    group = sorted(group, key=lambda entry: entry.created)  # of two alike the newer counts
    return by_value_and_seed((getattr(entry.known_config, setting), entry) for entry in group)
