"""What a study consists of: lists of configurations (paper section 5). Pure; `study.py` runs them. No torch.

A study is a name and rounds. Each round is given what is known so far and answers with the configurations to have next, all those
of earlier rounds among them; when it adds none, the study is done. Most have one round; the search for a ratio has several.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fruitlab.config.errors import ConfigError
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.registry import configure

Known = Mapping[RunConfig, float]  # combined top-1 of the runs that have finished
Round = Callable[[Known], list[RunConfig]]

RATIOS = tuple(range(0, 101, 10))
SPLITS = tuple(range(10, 91, 10))
# The paper's three tuning sets (5.3.1): learning rates, L2 factors, iterations. The second takes the two rates that the first found best.
RATES, FIRST_FACTOR = (0.001, 0.0025, 0.004, 0.0055), 0.7
SECOND_FACTORS, THIRD_FACTORS = (0.1, 0.3, 2.0, 6.0), (0.1, 0.3, 0.5)
TUNING_ITERATIONS, FINAL_ITERATIONS = 1500, 3000


@dataclasses.dataclass(frozen=True)
class Study:
    """`most`: how many runs it can come to, which later rounds decide; None where the first round is all."""

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
    """Section 5: eleven mixing ratios and nine iterative splits for each seed; all of one seed first.

    Args:
        running_statistics: "updated", "frozen" or both, for all nine splits each; those of the
            preset if none are given.
        changes: fields of RunConfig, for both methods where they apply to both.
    """
    runs = []
    for seed in range(seeds):
        runs += [
            configure(
                "mixed", preset=preset, **{"data": data, "ratio": ratio, "seed": seed} | changes
            )
            for ratio in RATIOS
        ]
        runs += [
            configure(
                "iterative",
                preset=preset,
                **{"data": data, "split": split, "seed": seed}
                | ({"running_statistics": how} if how else {})
                | changes,
            )
            for how in running_statistics or (None,)
            for split in SPLITS
        ]
    return Study("paper", data, fixed(runs))


def tuning(data: str, *, sets: Sequence[int] = (1, 2, 3), **changes: Any) -> Study:
    """The paper's tuning of its learning rate and L2 factor (5.3.1, Figures 8 to 10): 44, 88 and 33 mixed runs at one seed."""

    def runs(rates: Sequence[float], factors: Sequence[float], iterations: int) -> list[RunConfig]:
        numbers = [
            {"learning_rate": rate, "regularisation": factor}
            for rate in rates
            for factor in factors
        ]
        return [
            configure(
                "mixed",
                preset="paper",
                **{"data": data, "ratio": ratio, "iterations": iterations} | one | changes,
            )
            for one in numbers
            for ratio in RATIOS
        ]

    first, third = (
        runs(RATES, [FIRST_FACTOR], TUNING_ITERATIONS),
        runs([0.004], THIRD_FACTORS, FINAL_ITERATIONS),
    )
    beginning = (first if {1, 2} & set(sets) else []) + (third if 3 in sets else [])

    def rounds(known: Known) -> list[RunConfig]:
        if 2 not in sets or any(run not in known for run in first):
            return beginning
        best = sorted(
            RATES, key=lambda rate: -max(known[run] for run in first if run.learning_rate == rate)
        )[:2]
        return beginning + runs(best, SECOND_FACTORS, TUNING_ITERATIONS)

    return Study("tuning", data, rounds, most=len(beginning) + (88 if 2 in sets else 0))


def vary(base: RunConfig, variations: Mapping[str, Sequence[str]], *, seeds: int = 1) -> Study:
    """One configuration with every combination of the given values, each with seeds 0, 1, …

    Raises ConfigError for a name or a value that cannot be.
    """
    if fixed_names := {"method", "preset", "data", "seed"} & set(variations):
        raise ConfigError(
            f"{', '.join(sorted(fixed_names))} cannot be varied here: seeds have --seeds, and the others options of their own."
        )
    rest = {
        name: value for name, value in base.settings().items() if name not in ("method", "preset")
    }
    runs = [
        configure(
            base.method,
            preset=base.preset,
            **rest | dict(zip(variations, values, strict=True)) | {"seed": seed},
        )
        for seed in range(seeds)
        for values in itertools.product(*variations.values())
    ]
    return Study("vary", base.data, fixed(runs))


def ratio(data: str, *, preset: str = "quick", seeds: int = 1, **changes: Any) -> Study:
    """Looks for the mixing ratio with the best combined performance on someone's own two folders: 0, 25, 50, 75 and 100 %, then
    halfway between the best and its neighbours, twice. Nine ratios at most, of the hundred there are."""

    def at(ratios: Sequence[int]) -> list[RunConfig]:
        return [
            configure(
                "mixed", preset=preset, **{"data": data, "ratio": one, "seed": seed} | changes
            )
            for seed in range(seeds)
            for one in ratios
        ]

    def rounds(known: Known) -> list[RunConfig]:
        asked = [0, 25, 50, 75, 100]
        for _ in range(2):
            scores = {one: [known[run] for run in at([one]) if run in known] for one in asked}
            if any(len(found) < seeds for found in scores.values()):
                break
            order = sorted(asked)
            place = order.index(max(order, key=lambda one: sum(scores[one])))
            asked += [
                round((order[place] + order[beside]) / 2)
                for beside in (place - 1, place + 1)
                if 0 <= beside < len(order)
            ]
        return at(asked)

    return Study("ratio", data, rounds, most=9 * seeds)


def fixed(runs: Sequence[RunConfig]) -> Round:
    """One round of these, each once."""
    each = list(dict.fromkeys(runs))
    return lambda known: each
