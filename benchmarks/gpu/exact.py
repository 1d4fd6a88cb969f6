"""A finished run's training once more, in float64 on the CPU: a measure of what float32 rounds.

python -m benchmarks.gpu.exact RUN_FOLDER NEW_FOLDER
"""

import sys
from pathlib import Path

from fruitlab.data import store
from fruitlab.runs.folder import Run
from fruitlab.training.runtime import prepare

prepare()  # as in a run's process, before the first import of torch

import torch  # noqa: E402

from fruitlab.training.device_dataset import DeviceDataset  # noqa: E402
from fruitlab.training.loop import train  # noqa: E402
from fruitlab.training.state import State  # noqa: E402
from fruitlab.worker.teachers import with_targets  # noqa: E402


def train_exactly(run: Run, folder: Path) -> Run:
    """Train what `run` trained; returns a run with log and weights, and nothing else."""
    config, cpu = run.config(), torch.device("cpu")
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


if __name__ == "__main__":
    train_exactly(Run(Path(sys.argv[1])), Path(sys.argv[2]))
