"""Scoring in full: every test picture's truth and prediction."""

from collections.abc import Callable
from typing import Any

import torch

from fruitlab.config.errors import DataError
from fruitlab.data import store
from fruitlab.inference.predict import load_network
from fruitlab.metrics import accuracy
from fruitlab.runs.folder import Run
from fruitlab.training.device_dataset import Resident, normalized
from fruitlab.training.predictions import predictions


def evaluate(
    run: Run,
    *,
    data: str | None,
    device: torch.device,
    say: Callable[[str], None],
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """A run's last weights scored on both whole test sets, of its own data or another's (categories matched by name).

    Where its own data is not on this machine, the scores are those of the predictions it wrote when it finished.

    Raises:
        RunError: nothing to score. DataError: no such data, none of its categories, or it changed since the run.
    """
    header, config = run.header(), run.config()
    name = data or config.data
    last = accuracy.last_scores(run.metrics())
    result = {
        "run": run.id,
        "data": name,
        "images_seen": last["images_seen"],
        "iteration": last["iteration"],
    }
    try:
        pair = store.load(name, say=say, progress=progress)
    except DataError:
        if data is not None or not (run.folder / "predictions.npz").exists():
            raise
        say(
            f"The data {name!r} is not on this machine: these are the scores that the run wrote when it finished."
        )
        return result | {"from": "predictions.npz"} | accuracy.table_scores(run.predictions())
    known = header.get("data") or {}
    if known.get("fingerprint") != pair.fingerprint and known.get("name") == pair.name:
        raise DataError(
            f"The data {name!r} has changed since {run.id} was trained, so its test pictures may have been trained on. "
            "Import the new pictures under another name and evaluate on that."
        )
    network, categories = load_network(run)
    resident = Resident.of(pair, config.split_seed, device)
    left_out = [
        name for name in pair.categories if normalized(name) not in set(map(normalized, categories))
    ]
    if len(left_out) == len(pair.categories):
        raise DataError(
            f"{run.id} knows none of the categories of {name!r}. It knows: {', '.join(categories)}."
        )
    if left_out:
        say(f"Left out, as {run.id} does not know them: {', '.join(left_out)}.")
    table = predictions(
        network.to(device, memory_format=torch.channels_last),
        pair,
        resident.labelled_as(categories),
    )
    return result | {"from": "weights", "left_out": left_out} | accuracy.table_scores(table)
