"""Messages about a run for its user: its progress, and what went wrong."""

import errno
from typing import Any

from fruitlab.config.errors import DataError, RunError
from fruitlab.config.text import duration, percent
from fruitlab.methods.base import Method
from fruitlab.metrics import accuracy
from fruitlab.runs.cost import work_until
from fruitlab.runs.folder import Run


def progress(point: dict[str, Any], config: Method, seconds: float, at_start: int) -> str:
    """One line about an evaluation: where the run is, its accuracies, and the time left.

    Args:
        point: a line of the log.
        config: of the run.
        seconds: since this process began to train, at iteration `at_start`.
    """
    nice, real = (point[domain][1] / point[domain][0] for domain in ("nice", "real"))
    parts = [
        point["phase"],
        f"iteration {point['iteration']:,}/{config.iterations:,}",
        f"nice {percent(nice)}",
        f"real {percent(real)}",
        f"combined {percent(accuracy.combined(nice, real))}",
    ]
    if point["full"]:
        parts[-1] += " (full test sets)"
    if point["loss"] is not None:
        parts.append(f"loss {point['loss']:.3f}")
    first, now, whole = (
        work_until(config, i) for i in (at_start, point["iteration"], config.iterations)
    )
    if first < now < whole:
        parts.append(f"{duration(seconds / (now - first) * (whole - now))} left")
    return " · ".join(parts)


def explain(error: Exception, run: Run) -> str:
    """What went wrong and what to do about it."""
    resume = f"Then resume it: python -m fruitlab resume {run.id}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk is full, so {run.id} stopped. Everything up to its last saved state is kept."
            f" Free some space on the disk of {run.folder.parent}. {resume}"
        )
    if isinstance(error, PermissionError):
        return f"Cannot write to {error.filename}. Check its permissions. {resume}"
    if isinstance(error, (DataError, RunError, ArithmeticError)):
        return str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return (
            f"Not enough memory for {run.id}. Use a smaller batch (--set batch_size=32), or close"
            f" other programs. {resume}"
        )
    return (
        f"{run.id} failed unexpectedly: {type(error).__name__}: {error}. Everything up to its last"
        f" saved state is kept. {resume}"
    )
