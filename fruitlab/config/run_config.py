"""RunConfig: the settings that every run has, whatever its training method.

The defaults are the paper's; a preset (`presets.py`) is a small table of changes to them. A
training method adds settings of its own in a subclass (`fruitlab.methods`). Nothing else decides
what a run trains. Device and thread count change only its speed and the last bits of its results,
so they are not settings: a run's header records them.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Literal

from fruitlab.config.earlier_names import first_names
from fruitlab.config.settings import setting
from fruitlab.config.training_settings import TrainingSettings

# Settings that the first version did not have: at their defaults, they do not change a run.
ADDED = ("network", "pretrained", "trained_layers", "input_size", "validation", "half_size")

# Settings that say what is evaluated. They change neither the weights nor the final scores.
EVALUATION = ("live_every", "live_pictures", "full_evaluations")


class RunConfig(TrainingSettings):
    """The settings of one run: those of training, of the network and of evaluation."""

    network: str = setting(
        "paper",
        "Network to train, by its registered name, or timm:NAME for any network of timm.",
        group="Network",
        pattern="^[a-z][a-z0-9_-]*(:[A-Za-z0-9][A-Za-z0-9._-]*)?$",
    )
    pretrained: bool = setting(
        True,
        "Start from pretrained weights, if the network has any. The paper's has none.",
        title="Pretrained weights",
    )
    trained_layers: Literal["all", "head"] = setting(
        "all", "Train all layers, or the head alone on the features of a frozen backbone."
    )
    input_size: int = setting(
        0,
        "Side of the network's input; pictures are resized. 0 is the network's own.",
        unit="pixels",
        ge=0,
        le=1024,
    )
    statistics: Literal["moving", "before", "batch"] = setting(
        "moving",
        "What normalizes a training batch: the running statistics including the batch (the"
        " paper), the running statistics before it, or the batch's own statistics.",
        paper="2.2.1",
        title="Training normalization",
    )
    norm_momentum: float = setting(
        0.99,
        "bn_momentum: final fraction of their old value that running statistics keep.",
        paper="2.2.1",
        ge=0,
        lt=1,
        title="Batch-norm momentum",
    )
    norm_rise: float = setting(
        30,
        "bn_momentum rises as 1 - exp(-iteration / this). 0 means at once.",
        unit="iterations",
        paper="2.2.1",
        ge=0,
        le=1e6,
        title="Batch-norm momentum rise",
    )
    norm_epsilon: float = setting(
        1e-3,
        "Added to a variance before its square root.",
        paper="2.2.1",
        gt=0,
        le=1,
        title="Batch-norm epsilon",
    )
    init: Literal["in-depth", "fan-in"] = setting(
        "in-depth",
        "Standard deviation of the initial weights: 1 / sqrt(input depth) (the paper), or"
        " 1 / sqrt(all inputs of the kernel).",
        paper="2.1.2",
        title="Initialization",
    )
    width: float = setting(
        1,
        "Factor on every layer's depth and on the hidden layer.",
        paper="Table 1",
        gt=0,
        le=16,
    )

    live_every: int = setting(
        20,
        "Iterations between two evaluation points.",
        unit="iterations",
        group="Evaluation (changes no weights)",
        ge=1,
        le=100_000,
        title="Evaluation interval",
    )
    live_pictures: int = setting(
        512,
        "Test pictures per domain at an evaluation point.",
        unit="pictures",
        ge=1,
        le=1_000_000,
        title="Evaluation sample",
    )
    full_evaluations: int = setting(
        10, "Evaluations on both whole test sets, the last one at the end.", ge=1, le=1000
    )

    @property
    def scored_on(self) -> str:
        """The pictures that its accuracies are of: "test", or "validation"."""
        return "validation" if self.validation else "test"

    def settings(self) -> dict[str, Any]:
        """All settings by name: method, preset and data, the method's own, then the rest."""
        values = self.model_dump()
        own = [name for name in values if name not in RunConfig.model_fields]
        first = ["method", "preset", "data", *own]
        return {name: values[name] for name in [*first, *(n for n in values if n not in first)]}

    def experiment(self, without: Iterable[str] = ("seed",)) -> str:
        """Twelve hex digits that runs share which differ at most in the settings `without`.

        The digits of a run are the same in every version, under whatever names its settings go.
        """
        fields = type(self).model_fields
        added = {
            name for name in ADDED if name in fields and getattr(self, name) == fields[name].default
        }
        left_out = {*without, *added}
        kept = {name: value for name, value in self.settings().items() if name not in left_out}
        text = json.dumps(first_names(kept), sort_keys=True).encode()
        return hashlib.blake2b(text, digest_size=6).hexdigest()
