"""What the paper's text lost, and the ways to read it: alternatives to the constants of the `paper` recipe. Pure, no torch.

Formulas of the L2 penalty's scale, of bn_momentum and of the momentum term are missing from the text, and some of the rest can be
read in two ways. Each reading here changes one thing in version 1 of the recipe; `study readings` trains them alike, and they are judged
on the training loss, which no test picture has a part in. Version 2 took up what came of it (`CHOSEN`).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.registry import configure
from fruitlab.studies.plans import Study, fixed

RATIO, SPLIT = 60, 50
FIRST = {
    "momentum_midpoint": 100,
    "momentum_width": 25,
}  # version 1, where it is not the recipe of today
ITERATIONS = 150  # enough to tell most of them apart: a twentieth of the paper's


@dataclass(frozen=True)
class Reading:
    """One way to read a passage. `changes` to version 1 of the `paper` recipe; empty for that itself.

    `against`: what in the text speaks against it, for those that learn faster and were not taken all the same.
    """

    title: str
    section: str  # of the paper
    changes: dict[str, Any]
    against: str = ""


# "The first few iterations of training should allow the algorithm to move in the correct general direction" (3.3): what version 2 took.
CHOSEN = Reading(
    "momentum rises within the first few iterations, around the tenth",
    "3.3",
    {"momentum_midpoint": 10, "momentum_width": 2.5},
)
READINGS = (
    Reading("version 1 of the recipe", "3", {}),
    Reading("L2 penalty not divided by the batch", "3.2", {"penalty": "plain"}),
    Reading("no L2 penalty, to see what it costs", "3.2", {"regularisation": 0}),
    Reading(
        "bn_momentum up to 0.9 only: statistics of the last ten batches",
        "2.2.1",
        {"norm_momentum": 0.9},
    ),
    Reading("bn_momentum up to 0.999", "2.2.1", {"norm_momentum": 0.999}),
    Reading("bn_momentum rises ten times as slowly", "2.2.1", {"norm_rise": 300}),
    Reading(
        "momentum 0.6 from the first iteration",
        "3.3",
        {"momentum_width": 0},
        against="the text has it rise with the iterations",
    ),
    CHOSEN,
    Reading(
        "momentum rises late, around iteration 500",
        "3.3",
        {"momentum_midpoint": 500, "momentum_width": 125},
    ),
    Reading(
        "first weights by all of a kernel's inputs, not its depth",
        "2.1.2",
        {"init": "fan-in"},
        against="the text leaves the kernel's size out in so many words",
    ),
    Reading(
        "training batches normalised by their own statistics", "2.2.1", {"statistics": "batch"}
    ),
    Reading(
        "a batch normalised first, and taken into the statistics after",
        "2.2.1",
        {"statistics": "before"},
    ),
)
# What happens at the switch to restricted training: at the 50 % split and at the paper's full length, for on one clock it is the
# length that decides how much of the learning rate is left.
AT_SWITCH = (
    Reading("statistics follow, a clock of its own: the recipe as it is", "2.2.1, 3.4", {}),
    Reading(
        "statistics frozen, a clock of its own", "2.2.1, 3.4", {"running_statistics": "frozen"}
    ),
    Reading("statistics follow, the clock goes on", "2.2.1, 3.4", {"restart_clock": False}),
    Reading(
        "statistics frozen, the clock goes on",
        "2.2.1, 3.4",
        {"running_statistics": "frozen", "restart_clock": False},
    ),
)
# At the paper's full length, and from version 2: whether a reading explains the real accuracy that the paper ends with.
AT_LENGTH = (
    Reading("version 2 of the recipe", "3", {}),
    Reading(
        "first weights by all of a kernel's inputs, not its depth", "2.1.2", {"init": "fan-in"}
    ),
    Reading(
        "learning rate four times as high: 0.016",
        "3.4, 5.3.1",
        {"learning_rate": 0.016},
        against="the paper tried 0.0055 and chose 0.004",
    ),
)
WITHIN = 200  # restricted iterations in which the paper's nice accuracy falls from about 95 % to 20 % (5.3.3)
FALLEN = 0.2


def readings(data: str, *, iterations: int | str = ITERATIONS, **changes: Any) -> Study:
    """Every reading at 60 % real, seed 0, for so many iterations of the paper's schedule."""
    return Study(
        "readings", data, fixed([config_of(one, data, iterations, **changes) for one in READINGS])
    )


def config_of(
    one: Reading, data: str, iterations: int | str = ITERATIONS, **changes: Any
) -> RunConfig:
    # Schedules of the paper's recipe know no end, so a short run is the beginning of a long one.
    now = configure(
        "mixed",
        preset="paper",
        **{"data": data, "ratio": RATIO, "iterations": iterations} | FIRST | changes | one.changes,
    )
    return now.model_copy(update={"preset": "paper@1"})


def at_switch(data: str, **changes: Any) -> Study:
    """The readings of what happens at the switch; they share one initial training."""
    return Study(
        "switch", data, fixed([switch_config_of(one, data, **changes) for one in AT_SWITCH])
    )


def switch_config_of(one: Reading, data: str, **changes: Any) -> RunConfig:
    return configure(
        "iterative", preset="paper", **{"data": data, "split": SPLIT} | changes | one.changes
    )


def at_length(data: str, **changes: Any) -> Study:
    """The readings at the paper's full length, at 60 % real."""
    return Study(
        "length", data, fixed([length_config_of(one, data, **changes) for one in AT_LENGTH])
    )


def length_config_of(one: Reading, data: str, **changes: Any) -> RunConfig:
    return configure(
        "mixed", preset="paper", **{"data": data, "ratio": RATIO} | changes | one.changes
    )


def length_reading_of(config: RunConfig) -> Reading | None:
    """Which of `AT_LENGTH` a run is, of whatever length."""
    if config.method != "mixed" or config.ratio != RATIO:
        return None
    return next(
        (
            one
            for one in AT_LENGTH
            if length_config_of(one, config.data, iterations=config.iterations).experiment()
            == config.experiment()
        ),
        None,
    )


def reading_of(config: RunConfig) -> Reading | None:
    """Which of `READINGS` a run is, of whatever length."""
    if config.preset != "paper@1":
        return None
    return next(
        (
            one
            for one in READINGS
            if config_of(one, config.data, config.iterations).experiment() == config.experiment()
        ),
        None,
    )


@dataclass(frozen=True)
class Row:
    """A reading that was trained: the mean cross entropy since the point before, and accuracies, at its last iteration.

    One that broke off because its loss was no longer a number has an infinite one and no accuracies (nan).
    """

    reading: Reading
    loss: float
    nice: float
    real: float
    combined: float


def rows(
    found: Iterable[tuple[RunConfig, Any]], of: Callable[[RunConfig], Reading | None] = reading_of
) -> list[Row]:
    """The readings among ended runs (configuration and `index.Entry`), the lowest training loss first; `of` tells which it is.

    Of several runs of a reading the one of the lowest seed, and of those the newest.
    """
    made: dict[str, Row] = {}
    for config, entry in sorted(found, key=_first):
        one = of(config)
        if one is None or one.title in made:
            continue
        if entry.status == "failed" and "no longer a number" in str(entry.summary.get("error")):
            made[one.title] = Row(one, math.inf, math.nan, math.nan, math.nan)
        if entry.status == "finished" and entry.points:
            made[one.title] = Row(
                one,
                float(entry.column("loss")[-1]),
                *(entry.final(name) for name in ("nice", "real", "combined")),
            )
    return sorted(made.values(), key=lambda row: row.loss)


def _first(pair: tuple[RunConfig, Any]) -> tuple[int, float]:
    return pair[0].seed, -pair[1].created


@dataclass(frozen=True)
class SwitchRow:
    """Accuracies of a reading of the switch: at it, `WITHIN` restricted iterations later, and at the end; on the test pictures of the log's points."""

    reading: Reading
    nice: tuple[float, float, float]
    real: tuple[float, float, float]


def switch_rows(found: Iterable[tuple[RunConfig, Any]]) -> list[SwitchRow]:
    """The readings of the switch among finished runs, the one whose nice accuracy comes nearest to the paper's fall first."""
    made: dict[str, SwitchRow] = {}
    for config, entry in sorted(found, key=_first):
        if config.method != "iterative" or config.split != SPLIT:
            continue
        one = next(
            (
                one
                for one in AT_SWITCH
                if switch_config_of(one, config.data, iterations=config.iterations).experiment()
                == config.experiment()
            ),
            None,
        )
        if one is None or one.title in made or entry.status != "finished":
            continue
        places = np.flatnonzero(entry.column("phase") >= 1)
        iteration = entry.column("phase_iteration")[places]
        if len(places) and iteration[-1] >= WITHIN:
            at = places[[0, int(np.searchsorted(iteration, WITHIN)), -1]]
            made[one.title] = SwitchRow(
                one, *(tuple(entry.accuracy(domain)[at].tolist()) for domain in ("nice", "real"))
            )
    return sorted(made.values(), key=lambda row: abs(row.nice[1] - FALLEN))
