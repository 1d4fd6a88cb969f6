"""TrainingSettings: what a run trains on, its batches, its loss and its optimizer."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from fruitlab.config.settings import setting


class TrainingSettings(BaseModel):
    """The settings of a run that do not concern the network. Frozen; refuses unknown names."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    method: str = setting("", "Training method.", paper="4.4", pattern="^[a-z0-9-]*$")
    preset: str = setting("paper@2", "Preset the settings start from, with its version.")
    data: str = setting(
        "synthetic",
        "Dataset to train on: a name that `fruitlab data list` prints, or synthetic:N for N drawn"
        " pictures per category.",
        min_length=1,
        title="Dataset",
    )
    seed: int = setting(
        0,
        "Seed of the initial weights and of the choice and order of training pictures.",
        group="Run",
        ge=0,
        le=2**31 - 1,
    )
    split_seed: int = setting(
        0,
        "Seed that decides which 40% of each category are test pictures.",
        paper="4.3",
        ge=0,
        le=2**31 - 1,
    )
    validation: int = setting(
        0,
        "Percentage of each category's training pictures that is held back for validation. The run"
        " is then scored on these, and never on the test pictures: for choosing settings.",
        unit="%",
        ge=0,
        le=50,
        title="Validation share",
    )
    iterations: int = setting(
        3000,
        "Training steps over all phases, one batch each.",
        unit="iterations",
        paper="5.1",
        ge=1,
        le=1_000_000,
    )

    batch_size: int = setting(
        0,
        "Largest number of pictures in a batch. 0 means one twentieth of the training set.",
        unit="pictures",
        paper="3.5",
        group="Batches and augmentation",
        ge=0,
        le=100_000,
    )
    mirror: bool = setting(False, "Flip every other picture horizontally.", title="Horizontal flip")
    shift: float = setting(
        0,
        "Translate each picture by up to this fraction of its side. Edges are repeated.",
        unit="fraction of the side",
        ge=0,
        le=0.5,
        title="Translation",
    )
    zoom: float = setting(
        0, "Scale each picture up or down by up to this factor minus one.", ge=0, le=0.9
    )
    turn: float = setting(
        0,
        "Rotate each picture by up to this angle in either direction.",
        unit="degrees",
        ge=0,
        le=180,
        title="Rotation",
    )
    light: float = setting(
        0,
        "Jitter brightness and contrast by up to this fraction.",
        ge=0,
        le=0.9,
        title="Brightness and contrast",
    )
    colour: float = setting(
        0,
        "Jitter saturation by up to this fraction, and red against blue by half of it.",
        ge=0,
        le=0.9,
        title="Saturation",
    )
    erase: float = setting(
        0,
        "Cover a random grey square of up to this fraction of the side.",
        unit="fraction of the side",
        ge=0,
        le=0.9,
        title="Random erasing",
    )
    augment_until: float = setting(
        1,
        "Fraction of the iterations with augmentation; the rest see unchanged pictures.",
        ge=0,
        le=1,
        title="Fraction with augmentation",
    )

    regularisation: float = setting(
        0.5,
        "L2 factor on all weights, not on biases.",
        paper="3.2",
        group="Loss",
        ge=0,
        le=1000,
        title="L2 strength",
    )
    penalty: Literal["per-batch", "plain"] = setting(
        "per-batch",
        "Scale of the L2 penalty: factor / (2 x batch size) or factor / 2, times the sum of"
        " squared weights.",
        paper="3.2",
        title="L2 scaling",
    )
    label_smoothing: float = setting(
        0, "Fraction of the target that is spread over all categories.", ge=0, le=0.9
    )

    learning_rate: float = setting(
        0.004,
        "Learning rate: initial with the decay schedule, peak with the others.",
        paper="3.4",
        group="Optimizer",
        gt=0,
        le=10,
    )
    schedule: Literal["decay", "one-cycle", "warmup-stable-decay"] = setting(
        "decay",
        "Learning rate schedule: exponential decay, one-cycle (linear up, cosine down), or"
        " warmup-stable-decay (the same, with the peak held in between).",
        paper="3.4",
        title="Learning rate schedule",
    )
    decay: float = setting(
        0.9,
        "Factor by which the learning rate decays every `decay_every` iterations.",
        paper="3.4",
        gt=0,
        le=1,
        title="Learning rate decay",
    )
    decay_every: float = setting(
        80,
        "Iterations over which the learning rate decays by `decay`.",
        unit="iterations",
        paper="3.4",
        gt=0,
        le=1e6,
        title="Decay interval",
    )
    plateau: int = setting(
        500,
        "Halve the learning rate when no epoch's mean loss has improved for this long. 0 turns"
        " it off.",
        unit="iterations",
        paper="3.4",
        ge=0,
        le=1_000_000,
        title="Plateau patience",
    )
    warmup: float = setting(
        0.2,
        "Fraction of the iterations in which the learning rate rises. Not used by decay.",
        ge=0,
        lt=1,
        title="Warm-up",
    )
    momentum: float = setting(0.6, "Final momentum.", paper="3.3", ge=0, lt=1)
    momentum_midpoint: float = setting(
        10,
        "Iteration at which the momentum reaches half of its final value.",
        unit="iterations",
        paper="3.3",
        ge=0,
        le=1e6,
        title="Momentum midpoint",
    )
    momentum_width: float = setting(
        2.5,
        "Width of the logistic rise of the momentum. 0 means full momentum from the start.",
        unit="iterations",
        paper="3.3",
        ge=0,
        le=1e6,
    )
    nesterov: bool = setting(False, "Use Nesterov momentum.", title="Nesterov momentum")
    muon: float = setting(
        0,
        "Orthogonalize each convolution's update (Muon) and scale it to this many learning rates."
        " 0 turns it off.",
        ge=0,
        le=100,
    )
