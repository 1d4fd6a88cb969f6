"""Our runs of the paper's study: the mixed and iterative ones that share data and recipe, and their scores. Pure, no torch."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from fruitlab.config.run_config import RunConfig
from fruitlab.runs import forgetting
from fruitlab.runs.index import Entry
from fruitlab.runs.sweeps import differences
from fruitlab.studies.findings import Scores
from fruitlab.studies.plans import FIRST_FACTOR, RATIOS, SPLITS
from fruitlab.studies.progress import WATCHED
from fruitlab.studies.published import CATEGORIES, CHANCE, TABLE2

Runs = Mapping[
    int, list[Entry]
]  # ratio or split in percent, ascending: its runs, one a seed, by seed
FREE = ("ratio", "split", "running_statistics", "seed", "method", "iterations", *WATCHED)
TUNED = ("learning_rate", "regularisation")
LOOKED_AT = "mixed-0-thorough-seed0"  # the shipped run that `differs` knows more of
FAR = 0.05  # what no margin of these test sets explains


@dataclass(frozen=True)
class Reproduction:
    """Finished runs on one data set with one recipe."""

    mixed: Runs
    iterative: Mapping[
        str, Runs
    ]  # by what the statistics do in restricted training: follow, frozen

    @property
    def entries(self) -> list[Entry]:
        return [
            entry
            for runs in (self.mixed, *self.iterative.values())
            for alike in runs.values()
            for entry in alike
        ]

    @property
    def first(self) -> Entry:
        return self.entries[0]

    @property
    def config(self) -> RunConfig:
        return self.first.config

    @property
    def fingerprint(self) -> str:
        return str(self.first.data.get("fingerprint") or "")

    @property
    def drawn(self) -> bool:
        return self.first.data.get("kind") == "drawn"

    @property
    def key(self) -> str:
        """Short and without surprises in an address; the same however many of its runs there are."""
        same = f"{_bucket(self.first)} {self.iterations('mixed') or self.iterations('iterative')}"
        return hashlib.blake2b(same.encode(), digest_size=5).hexdigest()

    def iterations(self, method: str) -> int | None:
        return next(
            (entry.config.iterations for entry in self.entries if entry.config.method == method),
            None,
        )

    @property
    def name(self) -> str:
        changed = [
            f"{name} {value}"
            for name, value in differences(self.config).items()
            if name not in WATCHED
        ]
        more = ", ".join(changed[:3]) + (
            f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        )
        splits = max((len(runs) for runs in self.iterative.values()), default=0)
        return (
            f"{self.config.data} · {self.config.preset.partition('@')[0]}{f' with {more}' if more else ''} · {len(self.mixed)} "
            f"ratio{'s' * (len(self.mixed) != 1)}, {splits} split{'s' * (splits != 1)}"
        )

    @property
    def complete(self) -> bool:
        """Whether every ratio and split of the paper's has a run."""
        return set(RATIOS) <= set(self.mixed) and any(
            set(SPLITS) <= set(runs) for runs in self.iterative.values()
        )

    @property
    def seeds(self) -> int:
        return max(
            len(alike) for runs in (self.mixed, *self.iterative.values()) for alike in runs.values()
        )


def reproductions(entries: Iterable[Entry]) -> list[Reproduction]:
    """Those of the finished runs: the most of the paper's twenty configurations first, then photographs, then the newest."""
    buckets: dict[str, dict[str, dict[int, list[Entry]]]] = {}
    for entry in entries:
        if entry.config is not None and _scored(entry):
            methods = buckets.setdefault(_bucket(entry), {"mixed": {}, "iterative": {}})
            if entry.config.method in methods:
                methods[entry.config.method].setdefault(entry.config.iterations, []).append(entry)
    found = []
    for methods in buckets.values():
        mixed, iterative = methods["mixed"], methods["iterative"]
        taken: set[int] = set()
        for iterations, group in mixed.items():
            # The paper's batches are a twentieth of what is learned from, half as much in iterative training: so it has twice the iterations (5.1).
            paired = next(
                (
                    n
                    for n in (iterations * (1 if group[0].config.batch_size else 2), iterations)
                    if n in iterative
                ),
                None,
            )
            taken |= {paired} - {None}
            found.append(_made(group, iterative.get(paired, [])))
        found += [
            _made([], group) for iterations, group in iterative.items() if iterations not in taken
        ]
    # The readings that ship are runs by themselves, and no study.
    found = [
        one
        for one in found
        if _of_the_paper(one) > 1 or not all(entry.run.shipped for entry in one.entries)
    ]
    return sorted(
        found,
        key=lambda one: (
            -_of_the_paper(one),
            one.drawn,
            -max(entry.created for entry in one.entries),
        ),
    )


def _of_the_paper(one: Reproduction) -> int:
    return len(set(one.mixed) & set(RATIOS)) + len(
        set().union(*one.iterative.values()) & set(SPLITS)
    )


def _bucket(entry: Entry) -> str:
    rest = {name: value for name, value in entry.config.settings().items() if name not in FREE}
    if rest.get("restart_clock"):  # as the paper's study has it; mixed runs have no such field
        del rest["restart_clock"]
    return json.dumps([rest, entry.data.get("fingerprint")], sort_keys=True)


def _scored(entry: Entry) -> bool:
    return all(
        entry.final(score, top) is not None
        for score in ("nice", "real", "combined")
        for top in (1, 3)
    ) and all(isinstance(entry.summary[domain].get("pictures"), int) for domain in ("nice", "real"))


def _made(mixed: list[Entry], iterative: list[Entry]) -> Reproduction:
    norms = {
        how: [entry for entry in iterative if entry.config.running_statistics == how]
        for how in ("updated", "frozen")
    }
    return Reproduction(
        _by(mixed, "ratio"), {how: _by(group, "split") for how, group in norms.items() if group}
    )


def _by(group: list[Entry], field: str) -> Runs:
    found: dict[int, dict[int, Entry]] = {}
    for entry in sorted(
        group, key=lambda entry: (getattr(entry.config, field), entry.config.seed, entry.created)
    ):
        found.setdefault(getattr(entry.config, field), {})[entry.config.seed] = (
            entry  # of two alike the newer
        )
    return {place: list(seeds.values()) for place, seeds in found.items()}


def last(runs: Runs, top: int = 1) -> dict[int, Scores]:
    """After the last iteration, on all test pictures: the headline."""
    return {
        place: Scores(
            *(
                tuple(entry.final(score, top) for entry in alike)
                for score in ("nice", "real", "combined")
            ),
            **_pictures(alike[0]),
        )
        for place, alike in runs.items()
    }


def best(runs: Runs, top: int = 1) -> dict[int, Scores]:
    """Each column's best over training, selected on the test sets, as the paper's Table 2 has them; runs without it are left out."""
    found = {}
    for place, alike in runs.items():
        values = [value for entry in alike if (value := _best(entry, top)) is not None]
        if values:
            found[place] = Scores(
                *(
                    tuple(value[score] for value in values)
                    for score in ("nice", "real", "combined")
                ),
                **_pictures(alike[0]),
            )
    return found


def _best(entry: Entry, top: int) -> dict[str, float] | None:
    try:
        return {
            score: float(entry.summary["best"][f"top{top}"][score])
            for score in ("nice", "real", "combined")
        }
    except (KeyError, TypeError, ValueError):
        return None


def at_switch(runs: Runs, top: int = 1) -> dict[int, Scores]:
    """Where restricted training begins, on all test pictures."""
    found = {}
    for place, alike in runs.items():
        values = []
        for entry in alike:
            places = forgetting.restricted(entry)
            if len(places):
                values.append(
                    [float(entry.accuracy(domain, top)[places[0]]) for domain in ("nice", "real")]
                )
        if values and np.isfinite(values).all():
            nice, real = np.array(values).T
            found[place] = Scores(
                tuple(nice), tuple(real), tuple(np.sqrt(nice * real)), **_pictures(alike[0])
            )
    return found


def _pictures(entry: Entry) -> dict[str, int]:
    return {f"{domain}_pictures": entry.summary[domain]["pictures"] for domain in ("nice", "real")}


def tuning(
    entries: Iterable[Entry], like: Reproduction | None
) -> dict[int, dict[str, dict[int, float]]]:
    """Figures 8 to 10 from finished runs of the paper's recipe with other learning rates and L2 factors, on the data of `like`.

    Returns:
        {figure: {line: {ratio: best combined top-1 over training, or the last}}}; figures without two lines are left out.
    """
    found: dict[tuple[int, float, float], dict[int, float]] = {}
    for entry in entries:
        config = entry.config
        if (
            config is None
            or config.method != "mixed"
            or config.preset.partition("@")[0] != "paper"
            or not _scored(entry)
        ):
            continue
        if like is not None and (
            str(entry.data.get("fingerprint") or "") != like.fingerprint
            or config.split_seed != like.config.split_seed
        ):
            continue
        if config.seed == 0 and not set(differences(config)) - {*TUNED, *WATCHED, "iterations"}:
            value = (_best(entry, 1) or {}).get("combined", entry.final("combined"))
            found.setdefault(
                (config.iterations, config.learning_rate, config.regularisation), {}
            ).setdefault(config.ratio, value)
    figures: dict[int, dict[str, dict[int, float]]] = {}
    for iterations in sorted({key[0] for key in found}):
        here = {key[1:]: runs for key, runs in found.items() if key[0] == iterations}
        rates = {
            f"learning rate {rate:g}": runs
            for (rate, factor), runs in sorted(here.items())
            if factor == FIRST_FACTOR
        }
        factors: dict[str, dict[int, float]] = {}
        for (_, factor), runs in sorted(here.items(), key=lambda pair: pair[0][1]):
            line = factors.setdefault(f"factor {factor:g}", {})
            line |= {ratio: max(value, line.get(ratio, 0.0)) for ratio, value in runs.items()}
        final = {
            f"factor {factor:g}": runs
            for (rate, factor), runs in sorted(here.items())
            if rate == 0.004 and factor in (0.1, 0.3, 0.5)
        }
        several = len({rate for rate, _ in here}) > 1
        for figure, lines in (
            (8, rates),
            (9, factors if several else {}),
            (10, final if not several else {}),
        ):
            if len(lines) > 1:
                figures[figure] = {name: dict(sorted(runs.items())) for name, runs in lines.items()}
    return figures


def limitations(one: Reproduction | None, categories: int) -> list[str]:
    """What to know before quoting a number of these runs, a sentence or two each."""
    told = []
    if one is not None and not one.drawn:
        fewer = (
            f" There are {categories} categories here, {CATEGORIES} there: guessing gets {1 / categories:.1%} instead of {CHANCE:.1%}."
            * (categories != CATEGORIES)
        )
        told.append(
            f"The paper's real photos were never published: these are others. Its figures are a shape to reproduce, no target.{fewer}"
        )
    if one is not None and one.drawn:
        told.append(
            "These pictures are drawn by the program. They show how the methods behave, not how hard fruit is: no number compares with the "
            "paper's."
        )
    else:
        told += [
            "Nice pictures are frames of a few videos of turning fruit. The random split puts frames of the same video into training and test, "
            "in the paper as here: nice accuracy is that of recognising the same fruit again.",
            "The real photos of some categories come mostly from one source: a network can learn the source instead of the fruit. Look at the "
            "accuracies by category (Runs page) before quoting one.",
        ]
    told.append(
        "Best per column picks iterations by the test pictures; so does tuning by test scores, in the paper and in whatever recipe was "
        "found here by looking at them. The last iteration picks none, but the best ratio is picked among eleven on the same pictures."
    )
    if one is not None:
        recipe = one.config.preset.partition("@")[0]
        if recipe != "paper":
            told.append(
                f"The recipe is {recipe}, not the paper's: other optimiser, schedule and batches, and pictures that are mirrored and moved "
                "where it says so. What it finds need not hold for the paper's."
            )
        else:
            told.append(
                "The paper's constants that its text lost (norm momentum, momentum, the scale of the L2 penalty) are readings of ours."
            )
        if one.seeds == 1:
            told.append(
                "One seed: how much of a difference is chance cannot be seen. The margins are those of the number of test pictures alone."
            )
    return told


def differs(one: Reproduction | None, last: Mapping[int, Scores]) -> list[str]:
    """Where our numbers part from the paper's by more than their margins, and what was found out about it.

    Args:
        last: the mixed runs' scores after the last iteration, by ratio.
    """
    if one is None or one.drawn or 0 not in last:
        return []
    ours, theirs = last[0].mean("real"), TABLE2[0]["real"]
    if ours >= theirs - FAR:
        return []
    told = (
        f"Nice pictures alone carry over less: {ours:.1%} of the real photos, where the paper has {theirs:.1%} (its best over training; ours is the "
        "last iteration)."
    )
    if LOOKED_AT in {entry.id for entry in one.entries}:
        told += (
            " It is not the moving statistics: taken anew from real photos they leave it at 8.8%. It is not the white background alone: photos with a "
            "white edge come to 10.5%. It is the photos: by source it goes from 0.0 to 62.5%, and the one most like the paper's, whole fruit from "
            "outside, has 14.7% (109 photos). The paper left out cut fruit; here there are cut fruit, trees, hands and bunches as well. (Found by "
            "`python -m benchmarks.carry_over RUN --group '/([A-Za-z0-9-]+)_'`, which needs the pictures.)"
        )
    return [told]
