"""Training in float64 on the CPU: a measure of what float32 rounds."""

from pathlib import Path

import torch

from fruitlab.data import store
from fruitlab.methods.base import Method
from fruitlab.runs.folder import Run
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.loop import train
from fruitlab.training.state import State
from fruitlab.worker.teachers import with_targets


def train_exactly(config: Method, folder: Path) -> Run:
    """Train a configuration; returns a run with log and weights, and nothing else."""
    cpu = torch.device("cpu")
    pair = store.load(config.data, say=print)
    data = with_targets(DeviceDataset.of(pair, config, cpu), pair, config)
    state = State(config, categories=len(data.categories), device=cpu)
    network = state.network.double()
    standardize = network.standardize
    network.standardize = lambda x, **size: standardize(x.double(), **size)
    folder.mkdir()
    made = Run(folder)
    for evaluation in train(config, data, state):
        if evaluation is not None:
            point = vars(evaluation).items()
            made.append({name: value for name, value in point if name != "logits"})
    # Files know nothing of memory formats.
    tensors = {name: x.contiguous().numpy() for name, x in network.state_dict().items()}
    made.write_tensors("weights", tensors, {})
    return made
