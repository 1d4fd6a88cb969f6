"""How far a study is: which runs exist, what the others cost, which one is best. No torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from fruitlab.config.run_config import EVALUATION
from fruitlab.methods.base import Method
from fruitlab.methods.mixed import Mixed
from fruitlab.runs import cost
from fruitlab.runs.cost import Estimate
from fruitlab.runs.entry import Entry
from fruitlab.studies.plans import Known, Study


@dataclass(frozen=True)
class Progress:
    """The configurations of a study so far, and the runs of those that have been started."""

    configs: list[Method]
    found: dict[Method, Entry]

    def having(self, *statuses: str) -> list[Method]:
        """The configurations whose run has one of these statuses."""
        return [
            config
            for config in self.configs
            if config in self.found and self.found[config].status in statuses
        ]

    @property
    def finished(self) -> list[Method]:
        """The configurations with a finished run."""
        return self.having("finished")

    @property
    def missing(self) -> list[Method]:
        """The configurations without a finished run."""
        done = set(self.finished)
        return [config for config in self.configs if config not in done]


def study_progress(study: Study, entries: Iterable[Entry], fingerprint: str | None) -> Progress:
    """Find the runs of a study among all runs.

    Runs that differ only in what is evaluated count as the same.

    Args:
        study: its later rounds are asked for as far as the finished runs go.
        entries: all runs.
        fingerprint: of the data as they are now; runs on other pictures do not count. None accepts
            runs on any pictures.
    """
    runs: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.config is None or entry.header.get("base"):  # a version was not trained
            continue
        if _on(entry, study.data, fingerprint):
            runs.setdefault(_key(entry.config), []).append(entry)
    best = {same: min(alike, key=_preference) for same, alike in runs.items()}
    known: Known = {}
    configs = study.rounds(known)
    while True:
        found = {config: best[_key(config)] for config in configs if _key(config) in best}
        scores = {
            config: score
            for config, entry in found.items()
            if entry.status == "finished" and (score := entry.final("combined")) is not None
        }
        following = study.rounds(scores)
        if scores == known and following == configs:
            return Progress(configs, found)
        known, configs = scores, following


def with_other_ratios(
    progress: Progress, study: Study, entries: Iterable[Entry], fingerprint: str | None
) -> Progress:
    """The progress with the finished mixed runs that differ from the study's in the ratio alone.

    They must be scored on the same pictures too.

    Args:
        progress: of `study_progress`, for the same study, runs and data.
    """
    without = (*EVALUATION, "data", "ratio")
    alike = {config.experiment(without=without) for config in progress.configs}
    taken = {_key(config) for config in progress.configs}
    found = {
        config: entry
        for entry in entries
        if isinstance(config := entry.config, Mixed)
        and entry.status == "finished"
        and config.experiment(without=without) in alike
        and _key(config) not in taken
        and _on(entry, study.data, fingerprint)
    }
    return Progress([*progress.configs, *found], progress.found | found)


def _on(entry: Entry, name: str, fingerprint: str | None) -> bool:
    """Whether a run is on these pictures, under whatever name; by name if one is not known yet."""
    known = entry.data.get("fingerprint")
    if known and fingerprint:
        return known == fingerprint
    return entry.known_config.data == name


def _key(config: Method) -> str:
    return config.experiment(without=(*EVALUATION, "data"))


def _preference(entry: Entry) -> tuple[int, float]:
    """Of several runs alike: a finished one, then one in progress, then any other; the newest."""
    order = {"finished": 0, "running": 1, "waiting": 1}
    return order.get(entry.status, 2), -entry.created


@dataclass(frozen=True)
class Best:
    """The experiment of a study with the highest combined top-1 performance.

    Runs that were scored on validation pictures decide alone, where there are any.

    Attributes:
        config: with seed 0.
        combined: mean over the seeds.
        interval: 95%, from the number of pictures; it ignores the deviation over seeds.
        within: other experiments, whose mean lies in the interval.
        tested: finished runs of the chosen experiment with all training pictures, by seed.
    """

    config: Method
    combined: float
    interval: tuple[float, float]
    within: list[Method]
    tested: list[Entry]


def best(progress: Progress) -> Best | None:
    """The best experiment so far; None while no run has finished."""
    scores: dict[Method, list[float]] = {}
    first: dict[Method, Entry] = {}
    validated = [config for config in progress.finished if config.validation]
    for config in validated or progress.finished:
        entry, experiment = progress.found[config], config.model_copy(update={"seed": 0})
        if (score := entry.final("combined")) is not None:
            scores.setdefault(experiment, []).append(score)
            first.setdefault(experiment, entry)
    means = {config: sum(found) / len(found) for config, found in scores.items()}
    if not means:
        return None
    top = max(means, key=means.__getitem__)
    low, high = first[top].summary["combined"]["top1_interval"]
    mean, half = means[top], (high - low) / 2
    return Best(
        config=top,
        combined=mean,
        interval=(max(0.0, mean - half), min(1.0, mean + half)),
        within=[
            config for config, other in means.items() if config != top and other >= mean - half
        ],
        tested=[
            progress.found[config]
            for config in progress.finished
            if config.model_copy(update={"seed": 0}) == top.model_copy(update={"validation": 0})
        ],
    )


def estimate(configs: Iterable[Method], nice: int, real: int, entries: Iterable[Entry]) -> Estimate:
    """What these runs take here, one after the other; a shared first phase counts once.

    Args:
        configs: of the runs.
        nice, real: pictures of each domain in the data, training and test pictures together.
        entries: all runs; the speed is measured on earlier ones.
    """
    entries, estimates = list(entries), []
    shared: set[str] = set()
    # The longest first phase is the one that the others continue from.
    for config in sorted(configs, key=lambda config: -config.phases()[0].iterations):
        group = config.first_phase_key()
        first_phase = 1 if group in shared else 0
        if group is not None:
            shared.add(group)
        estimates.append(cost.estimate(config, nice, real, entries, first_phase=first_phase))
    return cost.total(estimates)
