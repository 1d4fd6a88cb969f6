"""The loss, learning rate and momentum of every iteration of a run: steps.jsonl. No torch.

A line holds some iterations in a row: {iteration, loss, learning_rate, momentum}, the first one's
number and three lists. A resumed run may repeat iterations; the later line counts.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from fruitlab.metrics.series import Steps
from fruitlab.runs.folder import Run

NAME = "steps.jsonl"
QUANTITIES = ("loss", "learning_rate", "momentum")


def append(
    run: Run,
    first: int,
    loss: Sequence[float],
    learning_rate: Sequence[float],
    momentum: Sequence[float],
) -> None:
    """Add iterations in a row to the file. Raises OSError.

    Args:
        first: number of the first one.
    """
    lists = zip(QUANTITIES, (loss, learning_rate, momentum), strict=True)
    line = {"iteration": first} | {
        name: [float(f"{value:.6g}") for value in values] for name, values in lists
    }
    with open(run.folder / NAME, "ab") as file:
        file.write(json.dumps(line).encode() + b"\n")


def copy(source: Run, target: Run, last: int) -> None:
    """Copy the iterations up to `last` from one run to another. Raises OSError."""
    found = read(source)
    kept = found.iteration <= last
    if kept.any():
        columns = (getattr(found, name)[kept].tolist() for name in QUANTITIES)
        append(target, int(found.iteration[kept][0]), *columns)


def read(run: Run) -> Steps:
    """The iterations of a run so far; none if they were not logged, or cannot be read."""
    path = run.folder / NAME
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return _steps({})


@lru_cache(maxsize=64)
def _read(path: Path, changed: int, size: int) -> Steps:
    """The file as it was at that time."""
    found: dict[int, tuple[float, ...]] = {}
    for line in path.read_bytes().split(b"\n")[:-1]:  # the last one may be half-written
        try:
            content = json.loads(line)
            columns = [map(float, content[name]) for name in QUANTITIES]
            first = int(content["iteration"])
        except (ValueError, KeyError, TypeError):
            continue
        found |= enumerate(zip(*columns, strict=False), start=first)
    return _steps(found)


def _steps(found: dict[int, tuple[float, ...]]) -> Steps:
    iteration = sorted(found)
    values = np.array([found[number] for number in iteration]).reshape(-1, len(QUANTITIES))
    values[~np.isfinite(values)] = np.nan
    return Steps(np.array(iteration, dtype=np.int64), *values.T)
