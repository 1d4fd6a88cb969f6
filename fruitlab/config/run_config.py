"""RunConfig: every number of a run, in one flat place, with its unit, limits, default and where the paper says it.

The Train form, the command line's `--set`, the checks and their sentences are all made from the fields below. The
defaults are the paper's; a preset (`presets.py`) is a small table of overrides. Nothing else decides anything about
a training: device and threads change its speed and its last bits, so they are written beside it, not in it.
"""

import difflib
import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fruitlab.config.errors import ConfigError

BOTH = ("mixed", "iterative")


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    paper: str = "",
    methods: tuple[str, ...] = BOTH,
    **limits,
) -> Any:
    """A field with what a form needs to show it: help text, unit, the paper's section, the methods it is for."""
    extra = {"unit": unit, "paper": paper, "methods": list(methods)}
    return Field(default, description=help, json_schema_extra=extra, **limits)


class RunConfig(BaseModel):
    """One run. Made by `presets.configure`; frozen, and refuses names and values it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    # What is compared
    method: str = setting(
        "mixed", "How the two domains are trained on", paper="4.4", pattern="^[a-z][a-z-]*$"
    )
    preset: str = setting("paper@2", "The recipe these numbers started from, and its version")
    data: str = setting(
        "synthetic",
        "The pair of domains: a name from `data list`, or synthetic[:pictures a category]",
        min_length=1,
    )
    ratio: int = setting(
        60,
        "Share of the real training set; the rest of 100 is the nice one's",
        unit="%",
        paper="4.4.1",
        methods=("mixed",),
        ge=0,
        le=100,
    )
    split: int = setting(
        50,
        "Share of the iterations that is initial training, on nice pictures",
        unit="%",
        paper="5.1",
        methods=("iterative",),
        ge=1,
        le=99,
    )
    norms: Literal["follow", "frozen"] = setting(
        "follow",
        "Restricted training: do the convolutions' moving statistics follow the real pictures, or stay?",
        paper="2.2.1",
        methods=("iterative",),
    )
    restart_clock: bool = setting(
        True,
        "Restricted training: do learning rate, momentum and its velocity start anew, or go on from where they are?",
        paper="3.4, 5.1",
        methods=("iterative",),
    )
    seed: int = setting(0, "First weights, choice and order of pictures", ge=0, le=2**31 - 1)
    split_seed: int = setting(
        0, "Which 40 % of each category are test pictures", paper="4.3", ge=0, le=2**31 - 1
    )
    iterations: int = setting(
        3000,
        "Training steps, a batch each, over all phases",
        unit="iterations",
        paper="5.1",
        ge=1,
        le=1_000_000,
    )

    # Batches (3.5) and what is done to their pictures
    batch_size: int = setting(
        0,
        "Pictures in a batch at most; 0 is the paper's, one twentieth of the training set",
        unit="pictures",
        paper="3.5",
        ge=0,
        le=100_000,
    )
    mirror: bool = setting(False, "Mirror every other picture, left to right")
    shift: float = setting(
        0,
        "Move each picture by up to this share of its side, edges repeated",
        unit="of the side",
        ge=0,
        le=0.5,
    )
    zoom: float = setting(
        0, "Enlarge or shrink each picture by up to this factor less one", ge=0, le=0.9
    )
    turn: float = setting(
        0, "Turn each picture by up to this angle, either way", unit="degrees", ge=0, le=180
    )
    light: float = setting(0, "Vary brightness and contrast by up to this share", ge=0, le=0.9)
    colour: float = setting(
        0, "Vary saturation, and each colour's strength by half as much", ge=0, le=0.9
    )
    erase: float = setting(
        0,
        "Cover a random square of up to this share of the side with grey",
        unit="of the side",
        ge=0,
        le=0.9,
    )
    augment_until: float = setting(
        1,
        "Share of the iterations in which pictures are changed; the last ones see them as they are",
        ge=0,
        le=1,
    )

    # Loss (3.1, 3.2)
    regularisation: float = setting(
        0.5, "L2 factor on all weights, not biases", paper="3.2", ge=0, le=1000
    )
    penalty: Literal["per-batch", "plain"] = setting(
        "per-batch",
        "Scale of the L2 penalty: factor / (2 x batch) or factor / 2, times the sum of squares",
        paper="3.2",
    )
    label_smoothing: float = setting(
        0, "Share of the target spread over all categories", ge=0, le=0.9
    )

    # Optimiser (3.3, 3.4)
    learning_rate: float = setting(
        0.004, "Of the first iteration (decay), or the peak (one-cycle)", paper="3.4", gt=0, le=10
    )
    schedule: Literal["decay", "one-cycle"] = setting(
        "decay",
        "Learning rate over the iterations: a smooth decay, or up and down once",
        paper="3.4",
    )
    decay: float = setting(
        0.9,
        "What is left of the learning rate after `decay_every` iterations",
        paper="3.4",
        gt=0,
        le=1,
    )
    decay_every: float = setting(
        80,
        "Iterations over which the learning rate decays by `decay`",
        unit="iterations",
        paper="3.4",
        gt=0,
        le=1e6,
    )
    plateau: int = setting(
        500,
        "Halve the learning rate when an epoch's mean loss has not dropped for so long; 0 is never",
        unit="iterations",
        paper="3.4",
        ge=0,
        le=1_000_000,
    )
    warmup: float = setting(
        0.2, "One-cycle: share of the iterations in which the learning rate rises", ge=0, lt=1
    )
    momentum: float = setting(
        0.6, "Fraction of the last step that is kept: the most it rises to", paper="3.3", ge=0, lt=1
    )
    momentum_midpoint: float = setting(
        10,
        "Iteration at which the momentum is half its most",
        unit="iterations",
        paper="3.3",
        ge=0,
        le=1e6,
    )
    momentum_width: float = setting(
        2.5,
        "Width of the logistic rise; 0 is full momentum from the start",
        unit="iterations",
        paper="3.3",
        ge=0,
        le=1e6,
    )
    nesterov: bool = setting(False, "Look ahead: Nesterov's form of momentum")
    muon: float = setting(
        0,
        "Make each convolution's step orthogonal (Muon), as long as this many learning rates; 0 leaves it as it is",
        ge=0,
        le=100,
    )

    # Network (2.1, 2.2.1). The settings after the first are those of the paper's network.
    network: str = setting(
        "paper", "The network that learns, by its registered name", pattern="^[a-z][a-z0-9_-]*$"
    )
    statistics: Literal["moving", "before", "batch"] = setting(
        "moving",
        "What normalises a training batch: the moving statistics with it (the paper), as they were before it, or its own",
        paper="2.2.1",
    )
    norm_momentum: float = setting(
        0.99,
        "bn_momentum: the most the moving statistics keep of themselves",
        paper="2.2.1",
        ge=0,
        lt=1,
    )
    norm_rise: float = setting(
        30,
        "bn_momentum rises as 1 - exp(-iteration / this); 0 is at once",
        unit="iterations",
        paper="2.2.1",
        ge=0,
        le=1e6,
    )
    norm_epsilon: float = setting(
        1e-3, "Added to a variance before its root", paper="2.2.1", gt=0, le=1
    )
    init: Literal["in-depth", "fan-in"] = setting(
        "in-depth",
        "First weights' deviation: 1 / root of the input depth (the paper), or of all inputs of a kernel",
        paper="2.1.2",
    )
    width: float = setting(
        1,
        "Multiplies every depth and the hidden layer; the paper's is 1",
        paper="Table 1",
        gt=0,
        le=16,
    )

    # What is watched; none of it changes the weights
    live_every: int = setting(
        20,
        "Iterations between two live points, after the first dense ones",
        unit="iterations",
        ge=1,
        le=100_000,
    )
    live_pictures: int = setting(
        512,
        "Test pictures of each domain scored at a live point",
        unit="pictures",
        ge=1,
        le=1_000_000,
    )
    full_marks: int = setting(
        10, "How often both test sets are scored in full, the end included", ge=1, le=1000
    )

    def applies(self, name: str) -> bool:
        """Whether the field means anything for this run's method. Methods of later files take the fields of both."""
        return self.method not in BOTH or self.method in details(name)["methods"]

    def settings(self) -> dict[str, Any]:
        """The fields that apply, by name."""
        return {name: value for name, value in self.model_dump().items() if self.applies(name)}

    def experiment(self) -> str:
        """12 hex digits: what all runs share that differ in the seed alone."""
        rest = {name: value for name, value in self.settings().items() if name != "seed"}
        if self.network == "paper":  # so that runs of versions without this field keep their digits
            del rest["network"]
        return hashlib.blake2b(json.dumps(rest, sort_keys=True).encode(), digest_size=6).hexdigest()


def details(name: str) -> dict[str, Any]:
    """A field's unit, paper section and methods. Raises ConfigError for a name that is none, with the nearest ones."""
    fields = RunConfig.model_fields
    if name not in fields:
        near = difflib.get_close_matches(name, fields, 3, 0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(fields)}."
        raise ConfigError(f"There is no setting named {name!r}. {hint}")
    return fields[name].json_schema_extra


def checked(values: dict[str, Any]) -> RunConfig:
    """A RunConfig of these values (strings are read as numbers where one belongs).

    Raises:
        ConfigError: one sentence for each mistake.
    """
    for name in values:
        details(name)
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(" ".join(_sentence(mistake) for mistake in error.errors())) from None


def _sentence(mistake: dict[str, Any]) -> str:
    name = str(mistake["loc"][0])
    unit, what = details(name)["unit"], RunConfig.model_fields[name].description
    problem = mistake["msg"].replace("Input should", "it should")
    return f"{name} = {mistake['input']!r} cannot be: {problem}{' (in ' + unit + ')' if unit else ''}. {what}."
