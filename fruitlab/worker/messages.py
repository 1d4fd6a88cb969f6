"""What a run says to a person: how far it is, and what went wrong."""

import errno
from typing import Any

from fruitlab.config.errors import DataError, RunError
from fruitlab.config.text import duration
from fruitlab.metrics import accuracy
from fruitlab.runs.folder import Run


def progress(point: dict[str, Any], iterations: int, seconds: float, at_start: int) -> str:
    """One line for a person who watches: where it is, both accuracies, when it will be done."""
    nice, real = (point[domain][1] / point[domain][0] for domain in ("nice", "real"))
    done = point["iteration"] - at_start
    left = (
        f" · {duration(seconds / done * (iterations - point['iteration']))} left"
        if done and point["iteration"] < iterations
        else ""
    )
    loss = "" if point["loss"] is None else f" · loss {point['loss']:.3f}"
    return (
        f"{point['phase']} · iteration {point['iteration']:,}/{iterations:,} · nice {nice:.1%} · real {real:.1%} · "
        f"combined {accuracy.combined(nice, real):.1%}{' (full test sets)' if point['full'] else ''}{loss}{left}"
    )


def explain(error: Exception, run: Run) -> str:
    """What went wrong and what to do, for a person."""
    again = f"Then go on: python -m fruitlab resume {run.id}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full, so {run.id} stopped; what it had is kept. Make room on the disk of {run.folder.parent}. {again}"
    if isinstance(error, PermissionError):
        return f"{error.filename} cannot be written to: check its permissions. {again}"
    if isinstance(error, (DataError, RunError, ArithmeticError)):
        return str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return f"Not enough memory for {run.id}. Give a smaller batch (--set batch_size=32) or close other programs. {again}"
    return f"{run.id} failed unexpectedly: {type(error).__name__}: {error}. What it had is kept. {again}"
