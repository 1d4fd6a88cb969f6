"""Scoring in full: every test picture's truth and prediction."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fruitlab import metrics
from fruitlab.data import store
from fruitlab.data.domains import Domain, TwoDomains
from fruitlab.data.pictures import DataError
from fruitlab.network import Network
from fruitlab.predict import load_network
from fruitlab.resident import DOMAINS, Resident, plain
from fruitlab.runs import Run
from fruitlab.scoring import infer, ranks


def predictions(network: Network, data: TwoDomains, resident: Resident, logits: dict[str, Tensor] | None = None) -> dict[str, np.ndarray]:
    """What the network says of every test picture: arrays for predictions.npz, which need neither torch nor the data to be read.

    Args:
        logits: float [n, categories] of each domain's test pictures, where they are known already.
    Returns:
        categories; and of n pictures, nice first: hash, path, real (bool), truth, rank of the truth, top3 (indices) and
        probability of those three (float32).
    """
    columns: dict[str, list[np.ndarray]] = {}
    truth = resident.labels
    first = 0
    for domain, source in zip(DOMAINS, (data.nice, data.real), strict=True):
        index = resident.test[domain]
        scores = infer(network, resident.images, index) if logits is None else logits[domain]
        with torch.inference_mode():
            top = torch.softmax(scores, 1).topk(min(3, scores.shape[1]), dim=1)
            rank = ranks(scores, truth[index])
        rows = (index - first).cpu().numpy()
        for name, column in _of_pictures(source, rows).items():
            columns.setdefault(name, []).append(column)
        for name, column in (("truth", truth[index]), ("rank", rank), ("top3", top.indices), ("probability", top.values)):
            columns.setdefault(name, []).append(column.cpu().numpy())
        first += len(source.labels)
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    narrow = {"truth": np.int32, "rank": np.int32, "top3": np.int32}
    return {name: column.astype(narrow.get(name, column.dtype)) for name, column in table.items()} | {"categories": np.array(resident.categories)}


def _of_pictures(domain: Domain, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {"hash": np.array([domain.hashes[i] for i in rows]), "path": np.array([f"{domain.name}/{domain.paths[i]}" for i in rows]),
            "real": np.full(len(rows), domain.name == "real")}


def evaluate(run: Run, *, data: str | None, device: torch.device, say: Callable[[str], None],
             progress: Callable[[str, int, int], None] | None = None) -> dict[str, Any]:
    """A run's last weights scored on both whole test sets, of its own data or another's (categories matched by name).

    Where its own data is not on this machine, the scores are those of the predictions it wrote when it finished.

    Raises:
        RunError: nothing to score. DataError: no such data, none of its categories, or it changed since the run.
    """
    header, config = run.header(), run.config()
    name = data or config.data
    last = metrics.last_scores(run.metrics())
    result = {"run": run.id, "data": name, "images_seen": last["images_seen"], "iteration": last["iteration"]}
    try:
        pair = store.load(name, say=say, progress=progress)
    except DataError:
        if data is not None or not (run.folder / "predictions.npz").exists():
            raise
        say(f"The data {name!r} is not on this machine: these are the scores that the run wrote when it finished.")
        return result | {"from": "predictions.npz"} | metrics.table_scores(run.predictions())
    known = header.get("data") or {}
    if known.get("fingerprint") != pair.fingerprint and known.get("name") == pair.name:
        raise DataError(f"The data {name!r} has changed since {run.id} was trained, so its test pictures may have been trained on. "
                        "Import the new pictures under another name and evaluate on that.")
    network, categories = load_network(run)
    resident = Resident.of(pair, config.split_seed, device)
    left_out = [name for name in pair.categories if plain(name) not in set(map(plain, categories))]
    if len(left_out) == len(pair.categories):
        raise DataError(f"{run.id} knows none of the categories of {name!r}. It knows: {', '.join(categories)}.")
    if left_out:
        say(f"Left out, as {run.id} does not know them: {', '.join(left_out)}.")
    table = predictions(network.to(device, memory_format=torch.channels_last), pair, resident.labelled_as(categories))
    return result | {"from": "weights", "left_out": left_out} | metrics.table_scores(table)
