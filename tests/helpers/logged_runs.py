"""Run folders with a hand-written log, for tests of code that reads logs. No torch."""

import json
from collections.abc import Iterable
from typing import Any

from fruitlab.config.files import write_json
from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run

CATEGORIES = ["Apple", "Banana", "Kiwi", "Lemon"]


def point(
    iteration: int,
    nice: float,
    real: float,
    *,
    phase: str = "mixed",
    phase_iteration: int | None = None,
    full: bool = False,
    **more: Any,
) -> dict:
    """A line of the log.

    A live evaluation has 100 test pictures per domain, a full one 1,000. Every iteration trains on
    50 pictures of each domain and takes 2 seconds.
    """
    of = 1000 if full else 100
    counts = {
        name: [of, round(of * value), min(of, round(of * value) + of // 10)]
        for name, value in (("nice", nice), ("real", real))
    }
    return {
        "iteration": iteration,
        "phase": phase,
        "phase_iteration": iteration if phase_iteration is None else phase_iteration,
        "full": full,
        **counts,
        "seen": {"nice": 50 * iteration, "real": 50 * iteration},
        "seconds": 2.0 * iteration,
        "loss": None if iteration == 0 else 1.0 / iteration,
        "penalty": 0.1,
        "learning_rate": 0.01,
        "momentum": 0.9,
    } | more


def mixed(iterations: int, every: int = 10) -> list[dict]:
    """Mixed training: accuracy rises linearly to 0.9 (nice) and 0.4 (real)."""
    return [
        point(i, 0.9 * i / iterations, 0.4 * i / iterations, full=i == iterations)
        for i in range(0, iterations + 1, every)
    ]


def iterative(iterations: int, every: int = 10) -> list[dict]:
    """Iterative training, switched halfway, with accuracy that changes linearly.

    Initial training ends at 0.9 nice. Restricted training ends at 0.5 nice and 0.3 real.
    """
    half = iterations // 2
    first = [point(i, 0.9 * i / half, 0.1, phase="initial") for i in range(0, half, every)]
    return first + [
        point(
            half + i,
            0.9 - 0.4 * i / half,
            0.1 + 0.2 * i / half,
            phase="restricted",
            phase_iteration=i,
            full=i in (0, half),
        )
        for i in range(0, half + 1, every)
    ]


def lines(points: Iterable[dict]) -> str:
    """The text of a log file."""
    return "".join(json.dumps(one) + "\n" for one in points)


def run(
    run_id: str,
    points: list[dict],
    *,
    status: str | None = "finished",
    error: str | None = None,
    method: str = "mixed",
    data: str = "synthetic",
    fingerprint: str = "0123456789abcdef",
    **changes: Any,
) -> Run:
    """A run folder under FRUITLAB_CHECKPOINTS.

    Args:
        status: None writes no summary, as in an interrupted run.
        changes: settings that differ from the quick preset's.
    """
    config = configure(method, preset="quick", data=data, **changes)
    half = {"nice": 500, "real": 500}
    header = {
        "device": "auto",
        "trained_on": "cpu",
        "data": {
            "name": data,
            "kind": "drawn",
            "fingerprint": fingerprint,
            "categories": CATEGORIES,
            "training_pictures": {"mixed": half}
            if method == "mixed"
            else {"initial": half | {"real": 0}, "restricted": half | {"nice": 0}},
        },
    }
    made = catalog.create(header, config=config, run_id=run_id)
    made.log.write_text(lines(points))
    if status is not None:
        write_json(
            made.folder / "summary.json",
            {"status": status}
            | ({"error": error} if error else {})
            | accuracy.last_scores(points)
            | {"best": accuracy.best_scores(points)},
        )
    return made
