"""Makes a play file (`play.py`) of an iterative run: pooled features in a byte each, and the head as it was at the switch.

The quick recipe's run of 50 % on 23 categories of photos: 3,360 pictures are 4.8 MB, of which the head's weights 0.9 MB. Bytes in
place of float32 move an accuracy by 0.5 points at most at any of 40 points of the curve (650 and 850 test pictures), 0.1 on average.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save

from fruitlab.config.errors import RunError
from fruitlab.config.files import write_whole
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.batching import BATCHES_PER_EPOCH, batches_per_epoch
from fruitlab.play import file as play
from fruitlab.play import head
from fruitlab.runs.folder import Run
from fruitlab.training import devices, rng
from fruitlab.training.device_dataset import Resident, stratified
from fruitlab.training.loop import train
from fruitlab.training.scoring import pooled_features
from fruitlab.training.state import State
from fruitlab.worker.reading import read_data

HEAD = ("hidden.", "output.")
COUNTS = {
    "nice_train": 560,
    "real_train": 1300,
    "nice_test": 650,
    "real_test": 850,
}  # pictures, where there are so many
STEPS = 600  # played at most: longer is no longer a play, and all is forgotten by then
LARGEST = 5_000_000  # bytes

Say = Callable[[str], None]


def make(run: Run, out: Path, *, say: Say, counts: dict[str, int] = COUNTS) -> dict[str, Any]:
    """Writes the play file of an iterative run; returns {file, bytes, pictures, steps, lost, before, after}.

    `lost` is what bytes in place of floats cost: how far a test set's accuracy is off over the whole curve, *most* and *mean*, in points.

    Raises:
        RunError: it is not an iterative run, or one whose restricted training a play does not know. DataError: its data is gone or has changed.
    """
    config = run.config()
    play.check(run)
    device = devices.resolve("cpu")
    devices.repeatable(device, run.header().get("threads"))
    data = read_data(run, config.data, say)
    resident = Resident.of(data, config.split_seed, device)
    state = at_switch(run, config, resident, say)
    first, second = config.phases()
    indices = {
        "nice_train": resident.pool(first.pools[0], seed=config.seed),
        "real_train": resident.pool(second.pools[0], seed=config.seed),
        "nice_test": resident.test["nice"],
        "real_test": resident.test["real"],
    }
    whole = {name: len(index) for name, index in indices.items()}
    indices = {
        name: index[stratified(resident.labels[index], counts[name])]
        for name, index in indices.items()
    }
    say(f"Computing the pooled features of {sum(map(len, indices.values())):,} pictures.")
    features = {
        name: pooled_features(state.network, resident.images, index).numpy()
        for name, index in indices.items()
    }
    low, scale = ranges(np.concatenate(list(features.values())))
    tensors = {"low": low, "scale": scale} | {
        name: tensor.detach().numpy()
        for name, tensor in state.network.state_dict().items()
        if name.startswith(HEAD)
    }
    for name, index in indices.items():
        tensors |= {
            f"features.{name}": to_bytes(features[name], low, scale),
            f"labels.{name}": resident.labels[index].numpy().astype(np.uint16),
        }
    steps = min(second.iterations, STEPS)
    notes = {
        "format": play.FORMAT,
        "run": run.id,
        "data": config.data,
        "fingerprint": data.fingerprint,
        "kind": data.kind,
        "categories": list(data.categories),
        "config": config.model_dump(),
        "iteration": first.iterations,
        "steps": steps,
        "streams": streams(config, steps, {name: len(index) for name, index in indices.items()}),
        "whole": whole,
    }
    file = play.PlayFile(out, notes, tensors)
    say("Playing it twice: from bytes, and from the floats they stand for.")
    floats = {name: value.astype(np.float64) for name, value in features.items()}
    curve, exact = list(head.play(file)), list(head.play(file, features=floats))
    apart = [
        100 * abs(a[domain] - b[domain]) / file.count(f"{domain}_test")
        for domain in ("nice", "real")
        for a, b in zip(curve, exact, strict=True)
    ]
    lost = {"most": max(apart), "mean": sum(apart) / len(apart)}
    notes |= {
        "reference": {name: [point[name] for point in curve] for name in ("step", "nice", "real")},
        "lost": lost,
    }
    content = save(tensors, {"fruitlab": json.dumps(notes, ensure_ascii=False)})
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, content)
    play.read(out)
    return {
        "file": str(out),
        "bytes": len(content),
        "pictures": {name: len(index) for name, index in indices.items()},
        "steps": steps,
        "lost": lost,
        "before": scores(file, curve[0]),
        "after": scores(file, curve[-1]),
    }


def at_switch(run: Run, config: RunConfig, resident: Resident, say: Say) -> State:
    """The run's state when initial training has just ended: from its `switch.safetensors`, or trained again."""
    state = State(config, categories=len(resident.categories), device=resident.labels.device)
    if run.has("switch"):
        tensors, _ = run.read_tensors("switch")
        state.network.load_state_dict(
            {name: torch.from_numpy(array) for name, array in tensors.items()}
        )
        return state
    say(
        f"{run.id} kept no weights of the switch: its initial training is done again, {config.phases()[0].iterations:,} iterations."
    )
    for evaluation in train(config, resident, state):
        if evaluation is not None:
            say(f"iteration {state.iteration:,}")
        if evaluation is not None and state.phase == 1:
            return state
    raise RunError(f"{run.id} has no second phase.")


def ranges(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least value and 1/255 of the range of each feature, float32 [1152] each; the range of one that never changes is 0."""
    low = features.min(0)
    return low, (features.max(0) - low) / np.float32(255)


def to_bytes(features: np.ndarray, low: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """uint8 [n, 1152]: the nearest of 256 evenly spaced values."""
    return np.rint((features - low) / np.where(scale > 0, scale, 1)).clip(0, 255).astype(np.uint8)


def streams(config: RunConfig, steps: int, counts: dict[str, int]) -> dict[str, list[int]]:
    """Keys of each epoch's order: of the real pictures as the trainer has them, of the nice ones for as many as a play can take."""
    real = counts["real_train"]
    largest = config.batch_size or math.ceil(real / BATCHES_PER_EPOCH)
    epochs = {
        "real": math.ceil(steps / batches_per_epoch(real, config.batch_size)),
        "nice": math.ceil(steps * largest / counts["nice_train"]),
    }
    return {
        "real": [rng.key(config.seed, "order", 1, epoch) for epoch in range(epochs["real"])],
        "nice": [rng.key(config.seed, "rehearsal", epoch) for epoch in range(epochs["nice"])],
    }


def scores(file: play.PlayFile, point: dict[str, int]) -> dict[str, float]:
    return {domain: point[domain] / file.count(f"{domain}_test") for domain in ("nice", "real")}
