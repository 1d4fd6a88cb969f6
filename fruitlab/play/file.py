"""Play files: what restricted training (paper 4.4.2, 5.3.3) needs, small enough for a browser.

A play file holds the features of some pictures, a byte each, and the head of the network as it was
when initial training ended. make.py writes it; the Forgetting page trains on it (assets/play_*.js).
No torch.

The format knows one kind of head: two dense layers with running statistics and tanh in between,
called `hidden` and `output` whatever their names in the network.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from fruitlab.config.errors import RunError
from fruitlab.config.paths import runs_root, shipped_root
from fruitlab.methods.base import Method
from fruitlab.methods.iterative import Iterative
from fruitlab.methods.registry import parse_stored
from fruitlab.runs.arrays import read_tensors
from fruitlab.runs.catalog import SLUG
from fruitlab.runs.folder import Run
from fruitlab.training import schedules

FORMAT = 1
NAME = "play.safetensors"  # in a run's own folder
SETS = ("nice_train", "real_train", "nice_test", "real_test")
LAYERS = ("hidden", "output")
RIDGE = 0.1  # of the closed form for each picture: the default of fruitlab/methods/closed_form.py
DENSE = (0, 1, 2, 5)  # evaluated at the start, where accuracy moves fastest


@dataclass(frozen=True)
class PlayFile:
    """The contents of a play file.

    Attributes:
        notes: *format*, *run*, *data*, *fingerprint*, *kind*, *categories*, *config*, *iteration*
            (when initial training ended), *steps* (iterations that can be played), *streams* (keys
            of the random orders), *whole* (how many pictures there were), *reference* (the curve
            of a head that keeps no nice pictures) and *lost* (accuracy lost by storing bytes).
        tensors: for each of SETS, *features.SET* uint8 [n, features] and *labels.SET* uint16 [n];
            *low* and *scale* float32 [features], where a feature is low + scale * byte; and for
            each of LAYERS its *weight*, *bias*, *norm.mean* and *norm.variance*, float32.
    """

    path: Path
    notes: dict[str, Any]
    tensors: dict[str, np.ndarray]

    @cached_property
    def config(self) -> Method:
        """The configuration of the run that it was made from."""
        return parse_stored(self.notes["config"])

    @property
    def categories(self) -> list[str]:
        """Names of the categories, in the order of the head's outputs."""
        return self.notes["categories"]

    @property
    def steps(self) -> int:
        """How many iterations can be played."""
        return self.notes["steps"]

    def count(self, name: str) -> int:
        """The number of pictures in one of SETS."""
        return len(self.tensors[f"labels.{name}"])

    def features(self, name: str) -> np.ndarray:
        """The features of one of SETS, float64 [n, features]."""
        scale = self.tensors["scale"].astype(np.float64)
        return self.tensors[f"features.{name}"] * scale + self.tensors["low"]

    def labels(self, name: str) -> np.ndarray:
        """The labels of one of SETS, int64 [n]."""
        return self.tensors[f"labels.{name}"].astype(np.int64)


def check(run: Run) -> None:
    """Raises RunError if no play file can be made from a run of this configuration."""
    config = run.config()
    if not isinstance(config, Iterative):
        raise RunError(
            f"{run.id} is a run of {config.method} training: it has no switch to play from. "
            "Train one with: python -m fruitlab train iterative"
        )
    if config.statistics == "before" or not config.restart_clock:
        raise RunError(
            f"{run.id} cannot be played: a play needs a clock that starts at the switch "
            "(restart_clock) and statistics that include the batch (statistics). "
            "The Forgetting page shows the run's own restricted training."
        )


def read(path: Path) -> PlayFile:
    """Read and check a play file.

    Raises:
        RunError: it is missing, damaged, or of a newer version.
    """
    try:
        tensors, notes = read_tensors(path)
        if not isinstance(notes["format"], int) or notes["format"] > FORMAT:
            raise RunError(
                f"{path.name} was written by a newer version of FruitLab. Update this one."
            )
        made = PlayFile(path, notes, tensors)
        if fault := _fault(made):
            raise ValueError(fault)
    except FileNotFoundError:
        raise RunError(f"There is no {path}.") from None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path.name} is damaged ({error}). Make it again: python -m fruitlab play-file RUN."
        ) from None
    return made


def _fault(file: PlayFile) -> str:
    """What is wrong with the file's shapes and numbers, or ""."""
    tensors, categories = file.tensors, len(file.categories)
    inputs, hidden = len(tensors["low"]), len(tensors["hidden.bias"])
    shapes: dict[str, tuple[int, ...]] = {"low": (inputs,), "scale": (inputs,)}
    for layer, (ins, outs) in zip(LAYERS, ((inputs, hidden), (hidden, categories)), strict=True):
        shapes |= {
            f"{layer}.weight": (outs, ins),
            f"{layer}.bias": (outs,),
            f"{layer}.norm.mean": (ins,),
            f"{layer}.norm.variance": (ins,),
        }
    for name, shape in shapes.items():
        if (
            tensors[name].shape != shape
            or tensors[name].dtype != np.float32
            or not np.isfinite(tensors[name]).all()
        ):
            return f"{name} is not {shape} finite numbers"
    for name in SETS:
        features, labels = tensors[f"features.{name}"], tensors[f"labels.{name}"]
        if features.dtype != np.uint8 or features.shape != (len(labels), inputs) or not len(labels):
            return f"features.{name} is not bytes of {inputs} features"
        if labels.dtype != np.uint16 or labels.max() >= categories:
            return f"labels.{name} names a category that is not there"
    if not isinstance(file.config, Iterative) or not 1 <= file.steps <= 100_000:
        return "its notes are not those of an iterative run"
    return ""


def found() -> dict[str, Path]:
    """Every play file, by the name it is served under: the user's runs, then the shipped ones."""
    mine = {path.parent.name: path for path in sorted(runs_root().glob(f"*/{NAME}"))}
    shipped = {path.stem: path for path in sorted((shipped_root() / "play").glob("*.safetensors"))}
    every = (mine | shipped).items()
    return {name: path for name, path in every if SLUG.fullmatch(name) and path.is_file()}


def settings(file: PlayFile) -> dict[str, Any]:
    """The numbers that the browser trains with.

    Returns:
        *learning_rate*, *momentum* and *norm_momentum* as lists over the steps, and the numbers
        that stay the same; *ridge* is the closed form's. Restricted training starts its clock at
        zero, while that of the running statistics goes on. A one-cycle schedule extends over the
        steps that can be played.
    """
    config, steps = file.config, range(file.steps)
    return {
        "learning_rate": [schedules.learning_rate(config, t, file.steps) for t in steps],
        "momentum": [schedules.momentum(config, t) for t in steps],
        "norm_momentum": [
            schedules.norm_momentum(config, file.notes["iteration"] + t) for t in steps
        ],
        "regularisation": config.regularisation,
        "per_batch": config.penalty == "per-batch",
        "smoothing": config.label_smoothing,
        "nesterov": config.nesterov,
        "moving": config.statistics == "moving",
        "epsilon": config.norm_epsilon,
        "plateau": config.plateau,
        "batch_size": config.batch_size,
        "ridge": RIDGE * (file.count("nice_train") + file.count("real_train")),
    }


def evaluation_points(steps: int) -> list[int]:
    """The iterations after which the head is evaluated."""
    return [
        t
        for t in range(steps + 1)
        if t in DENSE or t % 20 == 0 or (t <= 100 and t % 10 == 0) or t == steps
    ]
