"""Forgetting, played: restricted training (paper 4.4.2, 5.3.3) from a small file of pooled features. numpy, no torch.

A play file holds what the last two layers need to be trained: some pictures' pooled features in a byte each, and the layers
as they were at the switch. `features.py` makes it; the browser trains on it (`ui/play_head.js`), and so does `play_head.py`.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from fruitlab.config.errors import RunError
from fruitlab.config.paths import runs_root, shipped_root
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.iterative import Iterative
from fruitlab.methods.registry import parse_stored
from fruitlab.runs.folder import SLUG, Run
from fruitlab.training import schedules

FORMAT = 1
NAME = "play.safetensors"  # in a run's own folder
SETS = ("nice_train", "real_train", "nice_test", "real_test")
LAYERS = ("hidden", "output")
DENSE = (0, 1, 2, 5)  # where accuracy moves fastest


@dataclass(frozen=True)
class PlayFile:
    """A play file's contents.

    Attributes:
        notes: {format, run, data, fingerprint, kind, categories, config, iteration (of the switch), steps, streams (keys of the orders), whole
            (pictures that there were), reference (the curve of a head that keeps nothing), lost (by bytes in place of floats)}.
        tensors: features.SET uint8 [n, 1152] and labels.SET uint16 [n] for each of SETS; low, scale float32 [1152], a feature
            being low + scale * byte; the head's weights, biases and moving statistics under the network's own names.
    """

    path: Path
    notes: dict[str, Any]
    tensors: dict[str, np.ndarray]

    @cached_property
    def config(self) -> RunConfig:
        return parse_stored(self.notes["config"])

    @property
    def categories(self) -> list[str]:
        return self.notes["categories"]

    @property
    def steps(self) -> int:
        return self.notes["steps"]

    def count(self, name: str) -> int:
        return len(self.tensors[f"labels.{name}"])

    def features(self, name: str) -> np.ndarray:
        """float64 [n, 1152] of one of SETS."""
        return (
            self.tensors[f"features.{name}"] * self.tensors["scale"].astype(np.float64)
            + self.tensors["low"]
        )

    def labels(self, name: str) -> np.ndarray:
        return self.tensors[f"labels.{name}"].astype(np.int64)


def check(run: Run) -> None:
    """Raises RunError where a run is not an iterative one, or its restricted training is of a kind that a play does not know."""
    config = run.config()
    if not isinstance(config, Iterative):
        raise RunError(
            f"{run.id} is a run of {config.method} training: it has no switch to play from. "
            "Train one with: python -m fruitlab train iterative"
        )
    if config.statistics == "before" or not config.restart_clock:
        raise RunError(
            f"{run.id} cannot be played: a play has a clock that starts at the switch, and statistics that take a batch in before they are used. "
            "Its own restricted training is on the Forgetting page."
        )


def read(path: Path) -> PlayFile:
    """A play file, checked. Raises RunError where it is missing, damaged, or of a newer version."""
    try:
        with safe_open(path, framework="numpy") as file:
            notes = json.loads((file.metadata() or {})["fruitlab"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        if not isinstance(notes["format"], int) or notes["format"] > FORMAT:
            raise RunError(
                f"{path.name} was written by a newer version of FruitLab. Update this one to play it."
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
    """What is wrong with its shapes and numbers, or nothing."""
    tensors, categories = file.tensors, len(file.categories)
    inputs, hidden = len(tensors["low"]), len(tensors["hidden.bias"])
    shapes = {"low": (inputs,), "scale": (inputs,)}
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
    """Every play file by the name it is served under: of the user's runs, then the shipped ones."""
    mine = {path.parent.name: path for path in sorted(runs_root().glob(f"*/{NAME}"))}
    shipped = {path.stem: path for path in sorted((shipped_root() / "play").glob("*.safetensors"))}
    return {name: path for name, path in (mine | shipped).items() if SLUG.fullmatch(name)}


def recipe(file: PlayFile) -> dict[str, Any]:
    """What each step is made with: learning_rate, momentum and norm_momentum, float [steps], and the numbers that stay.

    Restricted training's clock starts at zero, its norms' goes on (DESIGN: at the switch). A one-cycle is laid over the steps played.
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
    }


def marks(steps: int) -> list[int]:
    """The iterations whose head is scored."""
    return [
        t
        for t in range(steps + 1)
        if t in DENSE or t % 20 == 0 or (t <= 100 and t % 10 == 0) or t == steps
    ]
