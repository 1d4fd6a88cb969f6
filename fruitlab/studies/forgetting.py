"""The study of methods against forgetting: its runs, how settings are chosen, and the verdict.

Every method trains with the same budget as the mixed runs that it is compared with. Its settings
are the best of a few candidates by combined performance on validation pictures, a fifth of the
training pictures, with seed 0; the test pictures have no part in that. Then it trains on all
training pictures with every seed. No torch.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fruitlab.methods.base import Method
from fruitlab.methods.mixed import Mixed
from fruitlab.methods.registry import configure
from fruitlab.runs.entry import Entry
from fruitlab.studies import score_columns, scores
from fruitlab.studies.plans import RATIOS, VALIDATION, Known, Study
from fruitlab.studies.progress import Progress
from fruitlab.studies.scores import Column, Scores, Status

Settings = dict[str, Any]

PRESET = "thorough"
# Scored once, at the end: nobody looks at the curves of a candidate.
CANDIDATE: Settings = {"validation": VALIDATION, "live_every": 100_000, "full_evaluations": 1}


def _each(setting: str, *values: Any, **fixed: Any) -> tuple[Settings, ...]:
    return tuple({setting: value} | fixed for value in values)


# Entrant -> its method and candidates. 12 nice pictures of each of 23 categories are 5% of them.
ENTRANTS: Mapping[str, tuple[str, tuple[Settings, ...]]] = {
    "iterative": ("iterative", _each("split", 30, 70)),
    "fine-tune": ("fine-tune", _each("running_statistics", "updated", "frozen")),
    "rehearsal": (
        "rehearsal",
        (*_each("share", 10, 20, 30, kept=12), *_each("share", 20, kept=12, choice="herding")),
    ),
    "rehearsal, head": ("rehearsal", _each("share", 20, 40, kept=12, layers="head")),
    "der": ("der", (*_each("alpha", 0.1, 0.5, share=20), *_each("alpha", 0.1, share=30))),
    "lwf": (
        "lwf",
        (*_each("strength", 1, 4), *_each("strength", 1, 4, 12, running_statistics="frozen")),
    ),
    "ewc": ("ewc", _each("strength", 10, 100, running_statistics="frozen")),
    "surgical": ("surgical", _each("layers", "stem,stage1", "downsample2,stage3,head")),
    "interpolation": (
        "interpolation",
        (*_each("alpha", 50), *_each("alpha", 30, 60, running_statistics="frozen")),
    ),
    "domain statistics": ("domain-statistics", _each("layers", "none", "head", "all")),
    "domain layers": ("domain-statistics", _each("layers", "all", per_domain="layers")),
    "feature replay": ("feature-replay", _each("share", 20, 40)),
}


def plan(data: str, *, preset: str = PRESET, seeds: int = 3, **changes: Any) -> Study:
    """The mixed runs, the candidates of every method, and then the best of each with every seed.

    Args:
        data: name of the dataset.
        preset: for all runs.
        seeds: number of seeds.
        changes: settings for all runs.
    """
    common = {"preset": preset, "data": data} | changes
    mixed = [
        configure("mixed", ratio=ratio, seed=seed, **common)
        for seed in range(seeds)
        for ratio in RATIOS
    ]
    candidates = {
        name: [configure(method, **CANDIDATE | common | settings) for settings in choices]
        for name, (method, choices) in ENTRANTS.items()
    }

    def rounds(known: Known) -> list[Method]:
        runs = [run for choices in candidates.values() if len(choices) > 1 for run in choices]
        for name in ENTRANTS:
            if (settings := chosen(candidates[name], known)) is not None:
                method, choices = ENTRANTS[name]
                best = choices[settings]
                runs += [configure(method, seed=seed, **common | best) for seed in range(seeds)]
        return list(dict.fromkeys(mixed + runs))

    extra = sum(len(choices) for choices in candidates.values() if len(choices) > 1)
    return Study("forgetting", data, rounds, most=len(mixed) + extra + seeds * len(ENTRANTS))


def chosen(candidates: Sequence[Method], known: Known) -> int | None:
    """Place of the candidate with the best score; of equals the first. None until all have one."""
    if len(candidates) == 1:
        return 0
    if any(run not in known for run in candidates):
        return None
    return max(range(len(candidates)), key=lambda place: known[candidates[place]])


class Reach(StrEnum):
    """How a method compares with mixed training."""

    EXCEEDS = "exceeds mixed training"
    REACHES = "reaches mixed training"
    SHORT = "falls short"


def verdict(method: Scores, mixed: Scores) -> Reach:
    """The rule: combined performance against that of the best mixing ratio.

    A method exceeds mixed training if its mean over the seeds is higher by more than the margin,
    the smallest difference that is significant at the 95% level (`scores.margin`); it reaches
    mixed training if the means differ by no more than the margin; else it falls short. The best
    ratio is the one with the highest mean on the test pictures, which favours mixed training.
    """
    return {
        Status.HOLDS: Reach.EXCEEDS,
        Status.CLOSE: Reach.REACHES,
        Status.FAILS: Reach.SHORT,
    }[scores.is_higher(method, mixed, "combined")]


@dataclass(frozen=True)
class Judged:
    """A method in the finished study.

    Attributes:
        config: of its first seed.
        scores: of all seeds.
        reach: the verdict.
        pictures, tensors: nice pictures kept, and bytes of everything else that is kept.
        seen, seconds: training pictures and time of a run, means over the seeds.
    """

    config: Method
    scores: Scores
    reach: Reach
    pictures: int
    tensors: int
    seen: float
    seconds: float


@dataclass(frozen=True)
class Result:
    """What the study has found so far.

    Attributes:
        mixed: scores by ratio. ratio: the best one.
        methods: the best first.
        hypothesis: the paper's third, that training on nice pictures first beats mixed training,
            judged by the best of the methods.
    """

    mixed: Column
    ratio: int
    methods: list[Judged]
    hypothesis: Status


def judge(now: Progress) -> Result | None:
    """The verdicts on all methods with finished runs; None without any, or without mixed runs."""
    finished: dict[Method, list[Entry]] = {}
    for config in now.finished:
        if not config.validation:
            seedless = config.model_copy(update={"seed": 0})
            finished.setdefault(seedless, []).append(now.found[config])
    runs = {config.ratio: found for config, found in finished.items() if isinstance(config, Mixed)}
    mixed = score_columns.last(runs)
    methods = []
    if not mixed:
        return None
    ratio = scores.best(mixed, "combined")
    for config, found in finished.items():
        if not isinstance(config, Mixed):
            (own,) = score_columns.last({0: found}).values()
            methods.append(_judged(config, found, own, mixed[ratio]))
    if not methods:
        return None
    methods.sort(key=lambda one: -one.scores.mean("combined"))
    hypothesis = scores.is_higher(methods[0].scores, mixed[ratio], "combined")
    return Result(mixed, ratio, methods, hypothesis)


def _judged(config: Method, found: list[Entry], own: Scores, mixed: Scores) -> Judged:
    kept = found[0].summary.get("kept", {})
    return Judged(
        config=config,
        scores=own,
        reach=verdict(own, mixed),
        pictures=kept.get("pictures", 0),
        tensors=kept.get("bytes", 0),
        seen=statistics.fmean(entry.summary["images_seen"] for entry in found),
        seconds=statistics.fmean(entry.summary["seconds"] for entry in found),
    )
