"""What a network says of every test picture, as a table for predictions.npz."""

import numpy as np
import torch
from torch import Tensor

from fruitlab.data.domains import Domain, TwoDomains
from fruitlab.models.paper_resnet import Network
from fruitlab.training.device_dataset import DOMAINS, Resident
from fruitlab.training.scoring import infer, ranks


def predictions(
    network: Network, data: TwoDomains, resident: Resident, logits: dict[str, Tensor] | None = None
) -> dict[str, np.ndarray]:
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
        for name, column in (
            ("truth", truth[index]),
            ("rank", rank),
            ("top3", top.indices),
            ("probability", top.values),
        ):
            columns.setdefault(name, []).append(column.cpu().numpy())
        first += len(source.labels)
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    narrow = {"truth": np.int32, "rank": np.int32, "top3": np.int32}
    return {
        name: column.astype(narrow.get(name, column.dtype)) for name, column in table.items()
    } | {"categories": np.array(resident.categories)}


def _of_pictures(domain: Domain, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "hash": np.array([domain.hashes[i] for i in rows]),
        "path": np.array([f"{domain.name}/{domain.paths[i]}" for i in rows]),
        "real": np.full(len(rows), domain.name == "real"),
    }
