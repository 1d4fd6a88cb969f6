"""Ablations of what the paper leaves unclear. No torch.

The formulas of the L2 penalty's scale, of bn_momentum and of the momentum term are missing from the
paper's text, and other passages can be understood in two ways. Each ablation changes one thing in
the `paper` preset. There are three sets, and each is trained alike:

- `EARLY`: from version 1 of the preset, for the first 150 iterations. They are compared by training
  loss, so no test picture has a part in the choice. Version 2 of the preset adopted `CHOSEN`.
- `FULL_LENGTH`: from version 2, for the paper's 3,000 iterations.
- `SWITCH`: what happens at the switch to restricted training, at the 50% split.

`ablation_results` reads their results from finished runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure
from fruitlab.runs.grouping import preset_name
from fruitlab.studies.plans import Study, fixed

RATIO, SPLIT = 60, 50
# Where version 1 of the paper preset differs from version 2.
VERSION_1 = {"momentum_midpoint": 100, "momentum_width": 25}
ITERATIONS = 150  # a twentieth of the paper's: enough to tell most ablations apart


@dataclass(frozen=True)
class Ablation:
    """One way to understand a passage of the paper.

    Attributes:
        title: in tables.
        section: of the paper.
        changes: to the settings that the ablations of a set start from; empty for the baseline.
        against: what in the text speaks against it, if anything.
        slug: names the shipped run; empty where none ships under a name of its own.
    """

    title: str
    section: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    against: str = ""
    slug: str = ""


@dataclass(frozen=True, eq=False)
class AblationSet:
    """Ablations that are trained alike, each for one seed.

    Attributes:
        name: of the study, as in `fruitlab study NAME`.
        method: training method.
        base: the settings that all of them start from, beside the paper preset's.
        ablations: the baseline first.
        preset: what the runs record as their preset; empty for the current version.
    """

    name: str
    method: str
    base: Mapping[str, Any]
    ablations: tuple[Ablation, ...]
    preset: str = ""

    def config(self, ablation: Ablation, data: str, **changes: Any) -> Method:
        """The configuration of an ablation, with changes to the base."""
        settings = {"data": data, **self.base, **changes, **ablation.changes}
        config = configure(self.method, preset="paper", **settings)
        return config.model_copy(update={"preset": self.preset}) if self.preset else config

    def plan(self, data: str, **changes: Any) -> Study:
        """A study of all of them."""
        configs = [self.config(ablation, data, **changes) for ablation in self.ablations]
        return Study(self.name, data, fixed(configs))

    def ablation_of(self, config: Method) -> Ablation | None:
        """Which ablation a run is, whatever its seed and length; None if it is none of the set."""
        if config.method != self.method or preset_name(config) != "paper":
            return None
        return _by_experiment(self, config.data, config.iterations).get(config.experiment())


@cache
def _by_experiment(of: AblationSet, data: str, iterations: int) -> Mapping[str, Ablation]:
    """The ablations of a set by the experiment that their runs share."""
    configs = [of.config(ablation, data, iterations=iterations) for ablation in of.ablations]
    experiments = [config.experiment() for config in configs]
    return MappingProxyType(dict(zip(experiments, of.ablations, strict=True)))


# 3.3: "The first few iterations of training should allow the algorithm to move in the correct
# general direction". Version 2 of the preset adopted this one.
CHOSEN = Ablation(
    "Momentum rises within the first few iterations, around the tenth",
    "3.3",
    {"momentum_midpoint": 10, "momentum_width": 2.5},
    slug="momentum-rises-within-the-first-few-iterations-around-the-tenth",
)
FAN_IN = "Initial weights scaled by all inputs of a kernel, not by its depth"

EARLY = AblationSet(
    name="ablations",
    method="mixed",
    base={"ratio": RATIO, "iterations": ITERATIONS} | VERSION_1,
    preset="paper@1",
    ablations=(
        Ablation(
            "Version 1 of the paper preset",
            "3",
            slug="version-1-of-the-recipe",
        ),
        Ablation(
            "L2 penalty not divided by the batch size",
            "3.2",
            {"penalty": "plain"},
            slug="l2-penalty-not-divided-by-the-batch",
        ),
        Ablation(
            "No L2 penalty, to see its effect",
            "3.2",
            {"regularisation": 0},
            slug="no-l2-penalty-to-see-what-it-costs",
        ),
        Ablation(
            "bn_momentum rises to 0.9: statistics of the last ten batches",
            "2.2.1",
            {"norm_momentum": 0.9},
            slug="bn-momentum-up-to-0-9-only-statistics-of-the-last-ten-batches",
        ),
        Ablation(
            "bn_momentum rises to 0.999",
            "2.2.1",
            {"norm_momentum": 0.999},
            slug="bn-momentum-up-to-0-999",
        ),
        Ablation(
            "bn_momentum rises ten times more slowly",
            "2.2.1",
            {"norm_rise": 300},
            slug="bn-momentum-rises-ten-times-as-slowly",
        ),
        Ablation(
            "Momentum 0.6 from the first iteration",
            "3.3",
            {"momentum_width": 0},
            against="the text lets it rise with the iterations",
            slug="momentum-0-6-from-the-first-iteration",
        ),
        CHOSEN,
        Ablation(
            "Momentum rises late, around iteration 500",
            "3.3",
            {"momentum_midpoint": 500, "momentum_width": 125},
            slug="momentum-rises-late-around-iteration-500",
        ),
        Ablation(
            FAN_IN,
            "2.1.2",
            {"init": "fan-in"},
            against="the text explicitly leaves the kernel's size out",
            slug="first-weights-by-all-of-a-kernel-s-inputs-not-its-depth",
        ),
        Ablation(
            "Training batches normalized by their own statistics",
            "2.2.1",
            {"statistics": "batch"},
            slug="training-batches-normalised-by-their-own-statistics",
        ),
        Ablation(
            "A batch is normalized before it updates the statistics",
            "2.2.1",
            {"statistics": "before"},
            slug="a-batch-normalised-first-and-taken-into-the-statistics-after",
        ),
    ),
)
FULL_LENGTH = AblationSet(
    name="length",
    method="mixed",
    base={"ratio": RATIO},
    ablations=(
        Ablation("Version 2 of the paper preset", "3"),
        Ablation(FAN_IN, "2.1.2", {"init": "fan-in"}),
        Ablation(
            "Learning rate four times as high: 0.016",
            "3.4, 5.3.1",
            {"learning_rate": 0.016},
            against="the paper tried 0.0055 and chose 0.004",
        ),
    ),
)
# Always at the paper's full length: if the schedules continue, it decides what is left of the
# learning rate at the switch.
SWITCH = AblationSet(
    name="switch",
    method="iterative",
    base={"split": SPLIT},
    ablations=(
        Ablation("Statistics updated, schedules restart (the preset)", "2.2.1, 3.4"),
        Ablation(
            "Statistics frozen, schedules restart", "2.2.1, 3.4", {"running_statistics": "frozen"}
        ),
        Ablation("Statistics updated, schedules continue", "2.2.1, 3.4", {"restart_clock": False}),
        Ablation(
            "Statistics frozen, schedules continue",
            "2.2.1, 3.4",
            {"running_statistics": "frozen", "restart_clock": False},
        ),
    ),
)
SETS = {found.name: found for found in (EARLY, FULL_LENGTH, SWITCH)}
