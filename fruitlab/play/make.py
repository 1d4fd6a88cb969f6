"""Makes a play file (file.py) of an iterative run: features in a byte each, and the head.

For a run of the `quick` preset at 50% on 23 categories of photos, 3,360 pictures are 4.8 MB, of
which the weights of the head are 0.9 MB. Bytes in place of float32 change an accuracy by 0.5 points
at most, and by 0.1 on average, over 40 points of the curve (650 and 850 test pictures).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save

from fruitlab.config.errors import RunError
from fruitlab.config.files import write_whole
from fruitlab.config.progress import Say
from fruitlab.methods.base import Method
from fruitlab.methods.batching import batches_per_epoch
from fruitlab.models.model import Model
from fruitlab.models.paper_resnet import Dense
from fruitlab.play import file as play
from fruitlab.play import reference
from fruitlab.runs.folder import Run
from fruitlab.training import devices, rng
from fruitlab.training.device_dataset import DeviceDataset, stratified
from fruitlab.training.loop import train
from fruitlab.training.scoring import pooled_features
from fruitlab.training.state import State
from fruitlab.worker.reading import read_data

# Pictures of each set, at most.
COUNTS = {"nice_train": 560, "real_train": 1300, "nice_test": 650, "real_test": 850}
STEPS = 600  # iterations, at most: everything is forgotten by then
LARGEST = 5_000_000  # bytes


def make(run: Run, out: Path, *, say: Say, counts: dict[str, int] = COUNTS) -> dict[str, Any]:
    """Write the play file of an iterative run.

    Args:
        out: where to write it.
        say: receives messages for the user.
        counts: pictures of each set, at most.

    Returns:
        {file, bytes, pictures, steps, lost, before, after}. *lost* is the effect of bytes
        in place of floats: the difference of a test set's accuracy along the curve, *most* and
        *mean*, in points.
        *before* and *after* are the accuracies at the ends of the curve.

    Raises:
        RunError: it is no iterative run, or a play file cannot represent its restricted training.
        DataError: its data is missing or has changed.
    """
    config = run.config()
    play.check(run)
    device = devices.resolve("cpu")
    devices.repeatable(device, run.header().get("threads"))
    data = read_data(run, config.data, say)
    dataset = DeviceDataset.of(data, config, device)
    state = at_switch(run, config, dataset, say)
    head = head_tensors(run, state.network)
    first, second = config.phases()
    indices = {
        "nice_train": dataset.pool(first.pools[0], seed=config.seed),
        "real_train": dataset.pool(second.pools[0], seed=config.seed),
        "nice_test": dataset.test["nice"],
        "real_test": dataset.test["real"],
    }
    whole = {name: len(index) for name, index in indices.items()}
    indices = {
        name: index[stratified(dataset.labels[index], counts[name])]
        for name, index in indices.items()
    }
    pictures = {name: len(index) for name, index in indices.items()}
    say(f"Computing the features of {sum(pictures.values()):,} pictures.")
    features = {
        name: pooled_features(state.network, dataset.images, index).numpy()
        for name, index in indices.items()
    }
    low, scale = ranges(np.concatenate(list(features.values())))
    tensors = {"low": low, "scale": scale} | head
    for name, index in indices.items():
        tensors |= {
            f"features.{name}": to_bytes(features[name], low, scale),
            f"labels.{name}": dataset.labels[index].numpy().astype(np.uint16),
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
        "streams": streams(config, steps, pictures),
        "whole": whole,
    }
    file = play.PlayFile(out, notes, tensors)
    say("Training the head twice: on the bytes, and on the floats they stand for.")
    floats = {name: value.astype(np.float64) for name, value in features.items()}
    curve = list(reference.curve(file, state))
    exact = list(reference.curve(file, state, floats))
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
        "pictures": pictures,
        "steps": steps,
        "lost": lost,
        "before": accuracies(file, curve[0]),
        "after": accuracies(file, curve[-1]),
    }


def at_switch(run: Run, config: Method, dataset: DeviceDataset, say: Say) -> State:
    """The run's state when initial training has just ended.

    From its switch.safetensors if it has one; otherwise initial training is done again.

    Raises:
        RunError: the run has no second phase.
    """
    device = dataset.labels.device
    precision = devices.precision_of(run.header(), device, config.network)
    state = State(config, categories=len(dataset.categories), device=device, precision=precision)
    if run.has("switch"):
        tensors, _ = run.read_tensors("switch")
        state.network.load_state_dict(
            {name: torch.from_numpy(array) for name, array in tensors.items()}
        )
        return state
    say(
        f"{run.id} kept no weights of the switch, so its initial training is done again: "
        f"{config.phases()[0].iterations:,} iterations."
    )
    for evaluation in train(config, dataset, state):
        if evaluation is not None:
            say(f"iteration {state.iteration:,}")
        if evaluation is not None and state.phase == 1:
            return state
    raise RunError(f"{run.id} has no second phase.")


def head_tensors(run: Run, network: Model) -> dict[str, np.ndarray]:
    """The network's head under the play file's names.

    Raises:
        RunError: it is not of the kind that a play file can hold.
    """
    layers = network.layer_groups()["head"]
    if len(layers) != len(play.LAYERS) or not all(isinstance(layer, Dense) for layer in layers):
        raise RunError(
            f"{run.id} cannot be played: the browser can only train a head of two dense layers "
            f"with running statistics, and that of the network {network.name!r} is another."
        )
    return {
        f"{name}.{part}": tensor.numpy(force=True)
        for name, layer in zip(play.LAYERS, layers, strict=True)
        for part, tensor in layer.state_dict().items()
    }


def ranges(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least value and 1/255 of the range of each feature, float32 [features] each."""
    low = features.min(0)
    return low, (features.max(0) - low) / np.float32(255)


def to_bytes(features: np.ndarray, low: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The nearest of 256 evenly spaced values: uint8 [n, features]."""
    return np.rint((features - low) / np.where(scale > 0, scale, 1)).clip(0, 255).astype(np.uint8)


def streams(config: Method, steps: int, counts: dict[str, int]) -> dict[str, list[int]]:
    """The keys of each epoch's random order.

    Real pictures get the trainer's own. Nice ones get as many as a play can use, if it keeps 100%.
    """
    per_epoch = batches_per_epoch(counts["real_train"], config.batch_size)
    size = config.batch_size or -(-counts["real_train"] // per_epoch)
    real = -(-steps // per_epoch)
    nice = -(-steps * size // counts["nice_train"])
    return {
        "real": [rng.key(config.seed, "order", 1, epoch) for epoch in range(real)],
        "nice": [rng.key(config.seed, "rehearsal", epoch) for epoch in range(nice)],
    }


def accuracies(file: play.PlayFile, point: dict[str, int]) -> dict[str, float]:
    """Shares of right answers at a point of the curve."""
    return {domain: point[domain] / file.count(f"{domain}_test") for domain in ("nice", "real")}
