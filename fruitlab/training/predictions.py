"""A network's answer to every test picture, as the table in predictions.npz."""

import numpy as np
import torch
from torch import Tensor

from fruitlab.data.domains import DOMAINS, Domain, TwoDomains
from fruitlab.models.model import Model
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.scoring import infer, ranks


def predictions(
    network: Model,
    data: TwoDomains,
    device_dataset: DeviceDataset,
    logits: dict[str, Tensor] | None = None,
) -> dict[str, np.ndarray]:
    """Arrays for predictions.npz, which can be read without torch and without the data.

    Args:
        logits: float [n, categories] of each domain's test pictures, if they are known already.

    Returns:
        *categories*, and for n pictures, nice ones first: *hash*, *path*, *real* (bool), *truth*
        and *rank* (int32; see `scoring.ranks`), and of the top three categories *top3* (int32
        [n, 3]) and *probability* (float32 [n, 3]).
    """
    columns: dict[str, list[np.ndarray]] = {}
    truth = device_dataset.labels
    first = 0
    for domain, source in zip(DOMAINS, (data.nice, data.real), strict=True):
        index = device_dataset.test[domain]
        answering = network.for_domain(domain)
        scores = (
            infer(answering, device_dataset.images, index) if logits is None else logits[domain]
        )
        with torch.inference_mode():
            top = torch.softmax(scores, 1).topk(min(3, scores.shape[1]), dim=1)
            rank = ranks(scores, truth[index])
        rows = (index - first).cpu().numpy()
        for name, column in _of_pictures(source, rows).items():
            columns.setdefault(name, []).append(column)
        answers = {
            "truth": truth[index],
            "rank": rank,
            "top3": top.indices,
            "probability": top.values,
        }
        for name, tensor in answers.items():
            columns.setdefault(name, []).append(tensor.cpu().numpy())
        first += len(source.labels)
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    narrow = {"truth": np.int32, "rank": np.int32, "top3": np.int32}
    return {
        name: column.astype(narrow.get(name, column.dtype)) for name, column in table.items()
    } | {"categories": np.array(device_dataset.categories)}


def _of_pictures(domain: Domain, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "hash": np.array([domain.hashes[i] for i in rows]),
        "path": np.array([f"{domain.name}/{domain.paths[i]}" for i in rows]),
        "real": np.full(len(rows), domain.name == "real"),
    }
