"""Run folders of an untrained network with random predictions, laid out as a finished run's."""

from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import torch

from fruitlab.config.files import write_json
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.models.paper_resnet import PaperResNet
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run

CATEGORIES = ("Apple", "Banana", "Kiwi", "Lemon", "Plum")


def network(seed: int = 0, **shape: Any) -> PaperResNet:
    """An untrained network in evaluation mode, with the running statistics of a batch of noise."""
    return deepcopy(_network(seed, **shape))


@cache
def _network(seed: int, categories: int = len(CATEGORIES), width: float = 0.25) -> PaperResNet:
    torch.manual_seed(seed)
    made = PaperResNet(categories=categories, width=width).train()
    with torch.no_grad():
        made(torch.rand(16, 3, 1, 1) * (0.3 + 0.7 * torch.rand(16, 3, 100, 100)))
    return made.eval()


def run(
    run_id: str,
    *,
    seed: int = 0,
    status: str = "finished",
    kind: str = "drawn",
    data: str = "synthetic:20",
    categories: tuple[str, ...] = CATEGORIES,
    predictions: bool = True,
    method: str = "mixed",
    fingerprint: str = "0123456789abcdef",
    seed_of_run: int = 0,
    **changes: Any,
) -> Run:
    """A run folder under FRUITLAB_CHECKPOINTS.

    Args:
        seed: for the weights and the predictions.
        seed_of_run: the setting `seed` of the run.
        changes: settings that differ from the glance preset's.
    """
    config: RunConfig = configure(
        method, preset="glance", data=data, width=0.25, seed=seed_of_run, **changes
    )
    header = {
        "device": "cpu",
        "data": {
            "name": data,
            "kind": kind,
            "fingerprint": fingerprint,
            "categories": list(categories),
        },
    }
    made = catalog.create(header, config=config, run_id=run_id)
    made.write_tensors(
        "weights",
        weights(network(seed, categories=len(categories))),
        {"categories": list(categories)},
    )
    if status == "finished" and predictions:
        answers = table(seed, categories)
        np.savez(made.folder / "predictions.npz", **answers)
        write_json(
            made.folder / "summary.json",
            {"status": status, "iteration": config.iterations} | accuracy.table_scores(answers),
        )
    else:
        write_json(
            made.folder / "summary.json",
            {"status": status, "error": "It broke." if status == "failed" else None},
        )
    return made


def weights(made: PaperResNet) -> dict[str, np.ndarray]:
    """The network's tensors by name."""
    # safetensors ignores strides, and convolutions are stored channels last.
    return {
        name: np.ascontiguousarray(tensor.numpy()) for name, tensor in made.state_dict().items()
    }


def table(
    seed: int = 0, categories: tuple[str, ...] = CATEGORIES, per_category: int = 40
) -> dict[str, np.ndarray]:
    """Predictions as in predictions.npz.

    Nice pictures are right as often as their confidence says, real ones half as often.
    """
    rng = np.random.default_rng(seed)
    count = per_category * len(categories)
    truth = np.tile(np.repeat(np.arange(len(categories)), per_category), 2).astype(np.int32)
    real = np.arange(2 * count) >= count
    confidence = rng.uniform(0.2, 1, 2 * count).astype(np.float32)
    right = rng.uniform(size=2 * count) < np.where(real, 0.5, 1) * confidence
    other = (truth + 1) % len(categories)
    top3 = np.stack(
        [
            np.where(right, truth, other),
            np.where(right, other, truth),
            (truth + 2) % len(categories),
        ],
        1,
    ).astype(np.int32)
    paths = [
        f"{'real' if is_real else 'nice'}/{categories[label]}/{i:04d}"
        for i, (is_real, label) in enumerate(zip(real, truth, strict=True))
    ]
    return {
        "categories": np.array(categories),
        "hash": np.array([f"{i:032x}" for i in range(2 * count)]),
        "path": np.array(paths),
        "real": real,
        "truth": truth,
        "rank": np.where(right, 0, 1).astype(np.int32),
        "top3": top3,
        "probability": np.stack(
            [confidence, 0.6 * (1 - confidence), 0.4 * (1 - confidence)], 1
        ).astype(np.float32),
    }
