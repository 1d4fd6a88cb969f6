"""Sweeps over the mixing ratio: what the slider of the Explore page moves along. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fruitlab.methods.base import Method
from fruitlab.methods.mixed import Mixed
from fruitlab.methods.phase import Pool
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import mean_and_deviation
from fruitlab.runs.captions import preset_caption
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import by_value_and_seed, run_key

TENS = range(0, 101, 10)
VARIES = ("ratio", "seed", "data")  # within a sweep; the pictures are the same under any name


@dataclass(frozen=True)
class Sweep:
    """Finished runs on the same pictures that differ in the mixing ratio and the seed alone.

    Attributes:
        config: of one of the runs: of mixed training, or of another method that mixes both domains
            from the beginning, such as distillation.
        fingerprint: of the pictures; empty if unknown.
        kind: "photographs" or "drawn".
        runs: by ratio in percent, ascending; one per seed, by seed. At least one run at each
            ratio has its weights.
    """

    config: Method
    fingerprint: str
    kind: str
    runs: Mapping[int, list[Entry]]

    @property
    def ratios(self) -> list[int]:
        """In percent, ascending."""
        return list(self.runs)

    @property
    def key(self) -> str:
        """A short name for links; it does not depend on which runs the sweep has."""
        return self.config.experiment(without=VARIES) + self.fingerprint[:4]

    @property
    def name(self) -> str:
        """The data, the method unless it is mixed training, the preset, and how many ratios."""
        count = len(self.runs)
        method = "" if self.is_mixed else f"{self.config.title.partition(':')[0].lower()} · "
        preset = f"{method}{preset_caption(self.config)}"
        return f"{self.config.data} · {preset} · {count} ratio{'s' * (count != 1)}"

    @property
    def is_mixed(self) -> bool:
        """Whether these are runs of mixed training itself, as in the paper."""
        return isinstance(self.config, Mixed)

    def scores(self, ratio: int, top: int = 1) -> dict[str, float | None]:
        """Mean over the seeds of nice, real and combined at a ratio, as fractions of one."""
        return {score: self._over_seeds(ratio, score, top)[0] for score in SCORES}

    def deviations(self, ratio: int) -> dict[str, float | None]:
        """Standard deviation over the seeds of each top-1 score; None for a single seed."""
        return {score: self._over_seeds(ratio, score, 1)[1] for score in SCORES}

    def network(self, ratio: int) -> Entry:
        """The run that classifies photos at a ratio: the first one with weights."""
        return next(entry for entry in self.runs[ratio] if entry.run.has("weights"))

    def neighbour(self, ratio: int) -> int | None:
        """The next smaller ratio, for the smallest the next larger; None if it is the only one."""
        if len(self.runs) == 1:
            return None
        place = self.ratios.index(ratio)
        return self.ratios[place - 1] if place else self.ratios[1]

    def missing(self) -> list[int]:
        """Multiples of ten percent without a run."""
        return [ratio for ratio in TENS if ratio not in self.runs]

    def _over_seeds(self, ratio: int, score: str, top: int) -> tuple[float | None, float | None]:
        return mean_and_deviation(entry.final(score, top) for entry in self.runs[ratio])


def sweeps(entries: Iterable[Entry]) -> list[Sweep]:
    """The sweeps among all runs, those of mixed training first.

    Of these, shipped ones come first, then most ratios, photographs, the newest.

    A ratio without any weights is left out, as no run there can classify a photo.
    """
    groups: dict[tuple[str, str | None], list[tuple[int, Entry]]] = {}
    for entry in entries:
        ratio = mixing_ratio(entry.config) if entry.config else None
        if ratio is not None and entry.final("combined") is not None:
            groups.setdefault(run_key(entry, without=VARIES), []).append((ratio, entry))
    found = [sweep for group in groups.values() if (sweep := _sweep(group)).runs]
    return sorted(found, key=_order)


def mixing_ratio(config: Method) -> int | None:
    """The share of real pictures, in percent, of a run that mixes both domains from the beginning.

    None if that is not all that the run's only phase draws from.
    """
    ratio = config.settings().get("ratio")
    phases = config.phases()
    if not isinstance(ratio, int) or len(phases) > 1:
        return None
    return ratio if phases[0].pools == (Pool(nice=1 - ratio / 100, real=ratio / 100),) else None


def sweep_of(entries: Iterable[Entry], run_id: str) -> Sweep | None:
    """The sweep that a run belongs to, if any."""
    for sweep in sweeps(entries):
        if any(entry.id == run_id for runs in sweep.runs.values() for entry in runs):
            return sweep
    return None


def _order(sweep: Sweep) -> tuple[bool, bool, int, bool, float]:
    entries = [entry for runs in sweep.runs.values() for entry in runs]
    newest = max(entry.created for entry in entries)
    shipped = any(entry.run.shipped for entry in entries)
    return not sweep.is_mixed, not shipped, -len(sweep.runs), sweep.kind != "photographs", -newest


def _preference(entry: Entry) -> tuple[bool, float]:
    return entry.run.has("weights"), entry.created


def _sweep(group: list[tuple[int, Entry]]) -> Sweep:
    # Among runs with the same settings the last one counts: the newest with weights, if any.
    by_ratio = by_value_and_seed(sorted(group, key=lambda pair: _preference(pair[1])))
    _, first = group[0]
    return Sweep(
        config=first.known_config,
        fingerprint=str(first.data.get("fingerprint") or ""),
        kind=first.kind,
        runs={
            ratio: entries
            for ratio, entries in by_ratio.items()
            if any(entry.run.has("weights") for entry in entries)
        },
    )
