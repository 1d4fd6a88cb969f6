"""A small artificial play file. No torch.

The features of a category are scattered around a centre. Those of real pictures have other centres
and a larger spread.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import play_oracle
from safetensors.numpy import save

from fruitlab.methods.registry import configure
from fruitlab.play import file as play
from fruitlab.play.file import PlayFile

CATEGORIES = ("Apple", "Banana", "Kiwi")
COUNTS = {"nice_train": 21, "real_train": 50, "nice_test": 60, "real_test": 70}


def made(
    path: Path = Path("play.safetensors"),
    *,
    steps: int = 70,
    inputs: int = 9,
    hidden: int = 6,
    **changes: Any,
) -> PlayFile:
    """A play file in memory. `changes` are settings that differ from the quick preset's.

    The head is partly trained: its output layer is a least-squares fit to the nice pictures.
    """
    config = configure(
        "iterative", preset="quick", **({"batch_size": 8, "learning_rate": 0.05} | changes)
    )
    rng, categories = np.random.default_rng(0), len(CATEGORIES)
    centres = {
        domain: rng.normal(size=(categories, inputs)) + shift
        for domain, shift in (("nice", 0), ("real", 0.8))
    }
    tensors: dict[str, np.ndarray] = {
        "low": np.full(inputs, -5, np.float32),
        "scale": np.full(inputs, 0.05, np.float32),
    }
    for name, count in COUNTS.items():
        labels = np.arange(count) % categories
        x = centres[name[:4]][labels] + rng.normal(size=(count, inputs)) * (
            0.3 if name.startswith("nice") else 0.6
        )
        tensors |= {
            f"features.{name}": np.rint((x + 5) / 0.05).clip(0, 255).astype(np.uint8),
            f"labels.{name}": labels.astype(np.uint16),
        }
    x = tensors["features.nice_train"] * 0.05 - 5
    first, inner = rng.normal(size=(hidden, inputs)) / 3, np.zeros(inputs)
    z = np.tanh((x - x.mean(0)) / np.sqrt(x.var(0) + config.norm_epsilon) @ first.T)
    target = np.eye(categories)[tensors["labels.nice_train"]]
    last = np.linalg.lstsq((z - z.mean(0)) / z.std(0), target - target.mean(0), rcond=None)[0].T
    layers = {
        "hidden": (first, inner[:hidden], x.mean(0), x.var(0)),
        "output": (last, target.mean(0), z.mean(0), z.var(0)),
    }
    for layer, values in layers.items():
        tensors |= {
            f"{layer}.{part}": np.ascontiguousarray(value, np.float32)
            for part, value in zip(
                ("weight", "bias", "norm.mean", "norm.variance"), values, strict=True
            )
        }
    epochs = {"real": steps, "nice": steps * 8 // COUNTS["nice_train"] + 2}
    notes = {
        "format": play.FORMAT,
        "run": "made",
        "data": "drawn",
        "categories": list(CATEGORIES),
        "config": config.model_dump(),
        "iteration": 30,
        "steps": steps,
        "whole": {name: 2 * count for name, count in COUNTS.items()},
        "streams": {
            domain: rng.integers(0, 2**32, count).tolist() for domain, count in epochs.items()
        },
    }
    file = PlayFile(path, notes, tensors)
    curve = list(play_oracle.play(file))
    notes |= {
        "reference": {name: [point[name] for point in curve] for name in ("step", "nice", "real")},
        "lost": {"most": 0.0, "mean": 0.0},
    }
    return file


def write(path: Path, **changes: Any) -> PlayFile:
    """The same as `made`, also written to disk."""
    file = made(path, **changes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(file.tensors, {"fruitlab": json.dumps(file.notes)}))
    return file
