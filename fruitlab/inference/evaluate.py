"""Evaluation of a finished run: its network on whole test sets."""

from typing import Any

import torch

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress, Say
from fruitlab.data import store
from fruitlab.inference.predict import load_network
from fruitlab.metrics import accuracy
from fruitlab.models.mirrored import Mirrored
from fruitlab.runs.folder import Run
from fruitlab.training.device_dataset import DeviceDataset, normalized
from fruitlab.training.predictions import predictions


def evaluate(
    run: Run,
    *,
    data: str | None,
    device: torch.device,
    say: Say,
    mirror: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Score a run's last weights on both test sets, or on its validation pictures if it has any.

    Args:
        data: name of the data; None is the run's own. Categories are matched by name.
        mirror: whether the answers are those of `Mirrored`.
        say: receives messages for the user.
        progress: see `fruitlab.config.progress`.

    Returns:
        Scores by domain. If the run's own data is not on this machine, they are those of the
        predictions that the run wrote when it finished.

    Raises:
        RunError: the run has no weights. DataError: the data is missing, shares no category with
            the run, or has changed since.
    """
    header, config = run.header(), run.config()
    known = header.get("data") or {}
    name = data or store.local_name(config.data, known.get("fingerprint")) or config.data
    last = accuracy.last_scores(run.metrics())
    result = {
        "run": run.id,
        "data": name,
        "scored_on": config.scored_on,
        "mirror": mirror,
        "images_seen": last["images_seen"],
        "iteration": last["iteration"],
    }
    try:
        pair = store.load(name, say=say, progress=progress)
    except DataError:
        if data is not None or mirror or not (run.folder / "predictions.npz").exists():
            raise
        say(
            f"The data {name!r} is not on this machine. "
            "These are the scores that the run wrote when it finished."
        )
        return result | {"from": "predictions.npz"} | accuracy.table_scores(run.predictions())
    if known.get("fingerprint") != pair.fingerprint and known.get("name") == pair.name:
        raise DataError(
            f"The data {name!r} has changed since {run.id} was trained, so its test pictures may "
            "include training pictures. Import the new pictures under another name and evaluate "
            "on that."
        )
    network, categories = load_network(run)
    dataset = DeviceDataset.of(pair, config, device)
    known_names = set(map(normalized, categories))
    left_out = [category for category in pair.categories if normalized(category) not in known_names]
    if len(left_out) == len(pair.categories):
        raise DataError(
            f"{run.id} knows none of the categories of {name!r}. It knows: {', '.join(categories)}."
        )
    if left_out:
        say(f"Left out, because {run.id} does not know them: {', '.join(left_out)}.")
    if mirror:
        network = Mirrored(network).eval()
    network.to(device).to(memory_format=torch.channels_last)
    table = predictions(network, pair, dataset.labelled_as(categories))
    return result | {"from": "weights", "left_out": left_out} | accuracy.table_scores(table)
