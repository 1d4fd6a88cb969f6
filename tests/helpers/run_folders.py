"""Complete run folders without training: log, summary and predictions from a seed. No torch."""

import json
from typing import Any

import numpy as np

from fruitlab.config.files import write_json
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run

CATEGORIES = ("Bolt", "Nut", "Washer")
TESTED = 30  # test pictures of a category and domain


def run_folder(
    run_id: str,
    *,
    status: str = "finished",
    method: str = "mixed",
    points: int = 6,
    hashes: dict[str, list[str]] | None = None,
    fingerprint: str = "0123456789abcdef",
    **changes: Any,
) -> Run:
    """A run folder under FRUITLAB_CHECKPOINTS.

    Args:
        status: finished, stopped, failed, or interrupted (no summary).
        hashes: content hashes of its test pictures by domain, TESTED for each category in turn.
        changes: settings that differ from the quick preset's.
    """
    config = configure(
        method, **({"preset": "quick", "data": "things", "iterations": 100} | changes)
    )
    header = {
        "device": "cpu",
        "data": {
            "name": config.data,
            "kind": "photographs",
            "fingerprint": fingerprint,
            "categories": list(CATEGORIES),
        },
    }
    made = catalog.create(header, config=config, run_id=run_id)
    made.log.write_text("".join(json.dumps(line) + "\n" for line in log(config, points)))
    made.write_tensors("weights", {"w": np.arange(4, dtype=np.float32)}, {})
    last = accuracy.last_scores(made.metrics())
    if status == "finished":
        table = predictions(config.seed, hashes)
        np.savez_compressed(made.folder / "predictions.npz", **table)
        write_json(
            made.folder / "summary.json",
            {"status": status, "iteration": config.iterations, "images_seen": 6400, "seconds": 60.0}
            | accuracy.table_scores(table)
            | {"best": accuracy.best_scores(made.metrics())},
        )
    elif status != "interrupted":
        write_json(
            made.folder / "summary.json",
            {"status": status}
            | ({"error": "The disk is full."} if status == "failed" else {})
            | last,
        )
    return made


def log(config: RunConfig, points: int) -> list[dict[str, Any]]:
    """Evaluations at equal distances, the last one full. Accuracy rises, with noise per seed."""
    rng, lines = np.random.default_rng(config.seed), []
    for i in range(points):
        at = i * config.iterations // max(1, points - 1)
        nice, real = (
            int(min(90, 18 + slope * i / max(1, points - 1) + rng.integers(0, 4)))
            for slope in (60, 30)
        )
        restricted = config.method == "iterative" and at >= config.iterations * config.split / 100
        lines.append(
            {
                "iteration": at,
                "phase": "mixed"
                if config.method == "mixed"
                else "restricted"
                if restricted
                else "initial",
                "phase_iteration": at,
                "full": i == points - 1,
                "nice": [90, nice, min(90, nice + 8)],
                "real": [90, real, min(90, real + 12)],
                "seen": {"nice": 25 * at, "real": 39 * at},
                "seconds": 0.6 * at,
                "loss": None if i == 0 else 3.0 / (1 + i),
                "penalty": 0.01,
                "learning_rate": 0.02,
                "momentum": 0.9,
            }
        )
    return lines


def predictions(seed: int, hashes: dict[str, list[str]] | None = None) -> dict[str, np.ndarray]:
    """Predictions for TESTED pictures of each category and domain.

    9 of 10 nice pictures and 6 of 10 real ones are right. The others get the next category.
    """
    rng, columns = np.random.default_rng([seed, 7]), []
    for real in (False, True):
        for label in range(len(CATEGORIES)):
            for i in range(TESTED):
                right = i % 10 < (6 if real else 9)
                order = (
                    [label, (label + 1) % 3, (label + 2) % 3]
                    if right
                    else [(label + 1) % 3, label, (label + 2) % 3]
                )
                domain = "real" if real else "nice"
                known = (hashes or {}).get(domain, [])
                name = (
                    known[label * TESTED + i]
                    if label * TESTED + i < len(known)
                    else f"{seed:08x}{real:d}{label:03d}{i:04d}"
                )
                columns.append(
                    (
                        name,
                        f"{domain}/{CATEGORIES[label]}/{i:03d}.jpg",
                        real,
                        label,
                        0 if right else 1,
                        order,
                        sorted(rng.dirichlet([6, 2, 1]).tolist(), reverse=True),
                    )
                )
    names = ("hash", "path", "real", "truth", "rank", "top3", "probability")
    table = {
        name: np.array([column[place] for column in columns]) for place, name in enumerate(names)
    }
    return table | {
        "categories": np.array(CATEGORIES),
        "truth": table["truth"].astype(np.int32),
        "top3": table["top3"].astype(np.int32),
        "rank": table["rank"].astype(np.int32),
        "probability": table["probability"].astype(np.float32),
    }
