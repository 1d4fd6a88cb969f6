"""A run as a TensorBoard event file.

Written by tensorboardX, which needs no more than numpy and protobuf; TensorBoard's own package
brings a web server and gRPC along. It imports torch where torch is installed, so pages leave the
writing to another process.
"""

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from fruitlab.config.errors import RunError
from fruitlab.data.domains import DOMAINS
from fruitlab.metrics import accuracy
from fruitlab.runs.entry import Entry
from fruitlab.runs.steps import QUANTITIES

Scalar = tuple[str, float, int]  # tag, value, iteration


def available() -> bool:
    """Whether event files can be written here."""
    return find_spec("tensorboardX") is not None


def write(entry: Entry, folder: Path) -> Path:
    """Write a run's event file to a folder, where TensorBoard shows it under the folder's name.

    Raises:
        RunError: tensorboardX is not installed.
        OSError: the folder cannot be written.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise RunError(
            'Event files need tensorboardX. Install it: pip install "fruitlab[export]"'
        ) from None
    with SummaryWriter(str(folder)) as writer:
        if entry.config is not None:
            settings = json.dumps(entry.config.settings(), indent=1)
            writer.add_text("settings", f"```\n{settings}\n```")
        for tag, value, iteration in scalars(entry):
            writer.add_scalar(tag, value, iteration, walltime=entry.created)
    return max(folder.glob("events.out.tfevents.*"))


def scalars(entry: Entry) -> Iterator[Scalar]:
    """Everything that was logged: accuracies at evaluations, and the rest at every iteration."""
    at = entry.column("iteration")
    for top in (1, 3):
        nice, real = (entry.accuracy(name, top) for name in DOMAINS)
        scores = {"nice": nice, "real": real, "combined": accuracy.combined(nice, real)}
        for name, values in scores.items():
            yield from _series(f"accuracy/{name}_top{top}", values, at)
    steps = entry.steps()
    for name in QUANTITIES:
        tag = f"training/{name}"
        if len(steps):
            yield from _series(tag, getattr(steps, name), steps.iteration)
        else:
            yield from _series(tag, entry.column(name), at)


def _series(tag: str, values: np.ndarray, at: np.ndarray) -> Iterator[Scalar]:
    for value, iteration in zip(values, at, strict=True):
        if value == value:  # no loss before the first iteration
            yield tag, float(value), int(iteration)
