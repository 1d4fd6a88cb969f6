"""What a study consists of: lists of configurations (paper section 5). No torch.

A study has a name and rounds. Each round gets the scores that are known so far and returns all
configurations to have by then, those of earlier rounds included. When a round adds none, the study
is complete. Most studies have one round; the search for a ratio has several.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fruitlab.config.errors import ConfigError
from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure

Known = Mapping[Method, float]  # combined top-1 of the finished runs
Round = Callable[[Known], list[Method]]

RATIOS = tuple(range(0, 101, 10))
SPLITS = tuple(range(10, 91, 10))
# The paper's three tuning sets (5.3.1): learning rates, L2 factors, iterations. The second set
# takes the two rates that were best in the first.
RATES, FIRST_FACTOR = (0.001, 0.0025, 0.004, 0.0055), 0.7
FINAL_RATE, FINAL_FACTOR = 0.004, 0.5  # what the third set comes to
SECOND_FACTORS, THIRD_FACTORS = (0.1, 0.3, 2.0, 6.0), (0.1, 0.3, 0.5)
TUNING_ITERATIONS, FINAL_ITERATIONS = 1500, 3000
BEST_RATES, SECOND_SET = 2, 88  # rates that the second set takes, and its runs
SEARCH_STEPS, SEARCH_RATIOS = 2, 9  # of the search for a ratio: refinements, ratios at most
VALIDATION = 20  # percent of the training pictures that settings are chosen on
# Of the schedules that were tried, this one gave the best student: it sees 400,000 pictures.
DISTILLED = {"iterations": 6250, "mixup": 0.5}
SEPARATE = {"method", "preset", "data", "seed"}  # settings that `vary` has other options for


@dataclasses.dataclass(frozen=True)
class Study:
    """A plan of runs.

    Attributes:
        name: as in `fruitlab study NAME`.
        data: name of the dataset.
        rounds: scores so far -> configurations to have.
        most: largest number of runs, where later rounds decide; None with one round.
    """

    name: str
    data: str
    rounds: Round
    most: int | None = None


def paper(
    data: str,
    *,
    preset: str = "quick",
    seeds: int = 1,
    running_statistics: Sequence[str] = (),
    **changes: Any,
) -> Study:
    """Section 5: eleven mixing ratios and nine iterative splits per seed, seed by seed.

    Args:
        data: name of the dataset.
        preset: for all runs.
        seeds: number of seeds.
        running_statistics: "updated", "frozen" or both; each is used for all nine splits. By
            default the preset decides.
        changes: settings for the runs of both methods.
    """
    runs = []
    for seed in range(seeds):
        common = {"data": data, "seed": seed} | changes
        runs += [_mixed(preset, common, ratio=ratio) for ratio in RATIOS]
        for statistics in running_statistics or (None,):
            more = {"running_statistics": statistics} if statistics else {}
            runs += [
                configure("iterative", preset=preset, **{"split": split} | more | common)
                for split in SPLITS
            ]
    return Study("paper", data, fixed(runs))


def tuning(data: str, *, sets: Sequence[int] = (1, 2, 3), **changes: Any) -> Study:
    """The paper's tuning of learning rate and L2 factor (5.3.1, Figures 8 to 10), at one seed.

    Args:
        data: name of the dataset.
        sets: which of the paper's sets of 44, 88 and 33 mixed runs.
        changes: settings for all runs.
    """

    def runs(rates: Sequence[float], factors: Sequence[float], iterations: int) -> list[Method]:
        common = {"data": data, "iterations": iterations}
        return [
            _mixed(
                "paper",
                common | {"learning_rate": rate, "regularisation": factor} | changes,
                ratio=ratio,
            )
            for rate in rates
            for factor in factors
            for ratio in RATIOS
        ]

    first = runs(RATES, [FIRST_FACTOR], TUNING_ITERATIONS)
    third = runs([FINAL_RATE], THIRD_FACTORS, FINAL_ITERATIONS)
    beginning = (first if {1, 2} & set(sets) else []) + (third if 3 in sets else [])

    def rounds(known: Known) -> list[Method]:
        if 2 not in sets or any(run not in known for run in first):
            return beginning

        def best_score(rate: float) -> float:
            return max(known[run] for run in first if run.learning_rate == rate)

        best = sorted(RATES, key=best_score, reverse=True)[:BEST_RATES]
        return beginning + runs(best, SECOND_FACTORS, TUNING_ITERATIONS)

    return Study("tuning", data, rounds, most=len(beginning) + (SECOND_SET if 2 in sets else 0))


def distilled(data: str, *, preset: str = "thorough", seeds: int = 1, **changes: Any) -> Study:
    """Distillation at every second of the paper's ratios: the best small networks (`DISTILLED`).

    Six ratios, because a run takes four times as long as one without a teacher.

    Args:
        data: name of the dataset.
        preset: for all runs.
        seeds: number of seeds.
        changes: settings for all runs.
    """
    settings = {"data": data} | DISTILLED | changes
    runs = [
        configure("distil", preset=preset, **settings | {"ratio": ratio, "seed": seed})
        for seed in range(seeds)
        for ratio in RATIOS[::2]
    ]
    return Study("distilled", data, fixed(runs))


def vary(base: Method, variations: Mapping[str, Sequence[str]], *, seeds: int = 1) -> Study:
    """One configuration with every combination of the given values, each with seeds 0, 1, ...

    Args:
        base: the configuration.
        variations: setting -> its values.
        seeds: number of seeds.

    Raises:
        ConfigError: an unknown setting, an invalid value, or a setting that cannot be varied here.
    """
    if separate := SEPARATE & set(variations):
        raise ConfigError(
            f"{', '.join(sorted(separate))} cannot be varied with --vary. Use --seeds for seeds and"
            " --method, --preset and --data for the others."
        )
    settings = {
        name: value for name, value in base.settings().items() if name not in ("method", "preset")
    }
    runs = []
    for seed in range(seeds):
        for values in itertools.product(*variations.values()):
            changes = dict(zip(variations, values, strict=True)) | {"seed": seed}
            runs.append(configure(base.method, preset=base.preset, **settings | changes))
    return Study("vary", base.data, fixed(runs))


def ratio(data: str, *, preset: str = "quick", seeds: int = 1, **changes: Any) -> Study:
    """A search for the mixing ratio with the best combined performance.

    It starts with 0, 25, 50, 75 and 100% and twice halves the distance between the best ratio and
    its neighbours: nine ratios at most, of a hundred. These runs are compared on validation
    pictures, a fifth of the training pictures. Then the best ratio is trained with all training
    pictures, and only this run is evaluated on the test pictures.

    Args:
        data: name of the dataset.
        preset: for all runs.
        seeds: number of seeds at each ratio.
        changes: settings for all runs.
    """

    def at(ratios: Sequence[int], validation: int = VALIDATION) -> list[Method]:
        own = {"data": data, "validation": validation}
        return [
            _mixed(preset, own | changes | {"seed": seed}, ratio=ratio)
            for seed in range(seeds)
            for ratio in ratios
        ]

    def rounds(known: Known) -> list[Method]:
        ratios = [0, 25, 50, 75, 100]
        for step in range(SEARCH_STEPS + 1):
            scores = {
                ratio: [known[run] for run in at([ratio]) if run in known] for ratio in ratios
            }
            if any(len(found) < seeds for found in scores.values()):
                break
            best = max(sorted(ratios), key=lambda r: sum(scores[r]))
            if step == SEARCH_STEPS:
                return at(ratios) + at([best], validation=0)
            ratios += _halfway(ratios, best=best)
        return at(ratios)

    return Study("ratio", data, rounds, most=(SEARCH_RATIOS + 1) * seeds)


def _halfway(ratios: Sequence[int], *, best: int) -> list[int]:
    """The ratios halfway between the best one and its neighbours."""
    order = sorted(ratios)
    place = order.index(best)
    neighbours = [order[i] for i in (place - 1, place + 1) if 0 <= i < len(order)]
    return [round((best + neighbour) / 2) for neighbour in neighbours]


def _mixed(preset: str, settings: Mapping[str, Any], *, ratio: int) -> Method:
    """A mixed run; a ratio among the settings wins."""
    return configure("mixed", preset=preset, **{"ratio": ratio, **settings})


def fixed(runs: Sequence[Method]) -> Round:
    """The only round of a study: these runs, without duplicates."""
    each = list(dict.fromkeys(runs))
    return lambda known: each
