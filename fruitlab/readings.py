"""What the paper's text lost, and the ways to read it: alternatives to the constants of the `paper` recipe. Pure, no torch.

Formulas of the L2 penalty's scale, of bn_momentum and of the momentum term are missing from the text, and some of the rest can be
read in two ways. Each reading here changes one thing; `study readings` trains them alike, and they are judged on the training loss,
which no test picture has a part in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fruitlab.config import RunConfig
from fruitlab.presets import configure
from fruitlab.studies import Study, fixed

RATIO = 60
ITERATIONS = 150  # enough to tell most of them apart: a twentieth of the paper's


@dataclass(frozen=True)
class Reading:
    """One way to read a passage. `changes` to the `paper` recipe; empty for the recipe as it is."""

    title: str
    section: str  # of the paper
    changes: dict[str, Any]


READINGS = (
    Reading("the recipe as it is", "3", {}),
    Reading("L2 penalty not divided by the batch", "3.2", {"penalty": "plain"}),
    Reading("no L2 penalty, to see what it costs", "3.2", {"regularisation": 0}),
    Reading("bn_momentum up to 0.9 only: statistics of the last ten batches", "2.2.1", {"norm_momentum": 0.9}),
    Reading("bn_momentum up to 0.999", "2.2.1", {"norm_momentum": 0.999}),
    Reading("bn_momentum rises ten times as slowly", "2.2.1", {"norm_rise": 300}),
    Reading("momentum 0.6 from the first iteration", "3.3", {"momentum_width": 0}),
    Reading("momentum rises late, around iteration 500", "3.3", {"momentum_midpoint": 500, "momentum_width": 125}),
    Reading("first weights by all of a kernel's inputs, not its depth", "2.1.2", {"init": "fan-in"}),
    Reading("training batches normalised by their own statistics", "2.2.1", {"statistics": "batch"}),
)


def readings(data: str, *, iterations: int | str = ITERATIONS, **changes: Any) -> Study:
    """Every reading at 60 % real, seed 0, for so many iterations of the paper's schedule."""
    return Study("readings", data, fixed([config_of(one, data, iterations, **changes) for one in READINGS]))


def config_of(one: Reading, data: str, iterations: int | str = ITERATIONS, **changes: Any) -> RunConfig:
    # Schedules of the paper's recipe know no end, so a short run is the beginning of a long one.
    return configure("mixed", preset="paper", **{"data": data, "ratio": RATIO, "iterations": iterations} | changes | one.changes)


@dataclass(frozen=True)
class Row:
    """A reading that was trained: the mean cross entropy since the point before, and accuracies, at its last iteration."""

    reading: Reading
    loss: float
    nice: float
    real: float
    combined: float


def rows(found: Iterable[tuple[RunConfig, Any]]) -> list[Row]:
    """The readings among finished runs (configuration and `index.Entry`), the lowest training loss first."""
    made = []
    for config, entry in found:
        one = next((one for one in READINGS if config_of(one, config.data, config.iterations).experiment() == config.experiment()), None)
        if one is not None and entry.status == "finished" and entry.points:
            made.append(Row(one, float(entry.column("loss")[-1]), *(entry.final(name) for name in ("nice", "real", "combined"))))
    return sorted(made, key=lambda row: row.loss)
