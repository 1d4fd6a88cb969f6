"""Training a run into its folder."""

import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch

from fruitlab.config.progress import Say
from fruitlab.data.domains import TwoDomains
from fruitlab.methods.phase import labels
from fruitlab.models.kernels.execution import accelerate
from fruitlab.runs.folder import Run
from fruitlab.training import devices
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.loop import train
from fruitlab.training.state import State
from fruitlab.worker import messages
from fruitlab.worker.recorder import Recorder, describe
from fruitlab.worker.stop import Stopped

Noted = Callable[[Recorder, dict[str, Any]], None]


def train_into(
    run: Run,
    data: TwoDomains,
    *,
    where: torch.device,
    device: str,
    threads: int,
    say: Say,
    stop: Callable[[], bool],
    noted: Noted = lambda recorder, point: None,
) -> dict[str, Any]:
    """Train a run from where it is to its end and write everything but the summary to its folder.

    Args:
        where: the device to train on.
        device: what was asked for, such as "auto".
        stop: asked after every iteration.
        noted: called after every evaluation with its line of the log.

    Returns:
        The summary.

    Raises:
        Stopped: the run was asked to stop; its state is saved.
        RunError, DataError, ArithmeticError: as the data, the state and the training loop raise.
    """
    header, config = run.header(), run.config()
    precision = devices.precision_of(header, where)
    dataset = DeviceDataset.of(data, config.split_seed, where)
    if stop():
        raise Stopped
    phases = config.phases()
    pools = {
        label: torch.cat([dataset.pool(pool, seed=config.seed) for pool in phase.pools])
        for label, phase in zip(labels(phases), phases, strict=True)
    }
    versions = {name: version(name) for name in ("torch", "numpy")}
    state = State(config, categories=len(data.categories), device=where, precision=precision)
    run.write_header(
        header
        | {
            "device": device,
            "trained_on": str(where),
            "threads": threads,
            "computed_in": str(precision).removeprefix("torch."),
            "execution": accelerate(state.network, precision).title,
            "data": describe(data, config, dataset, pools),
            "versions": versions | {"python": platform.python_version()},
        }
    )
    recorder = Recorder(run, config, state, data.categories)
    if recorder.resume():
        say(f"Resuming at iteration {state.iteration:,} of {config.iterations:,}.")
    run.doing("training")
    started, first = time.monotonic(), state.iteration
    snapshots = set(header.get("snapshots", ()))
    for evaluation in train(config, dataset, state):
        if evaluation is not None:
            point = recorder.note(evaluation)
            say(messages.progress(point, config.iterations, time.monotonic() - started, first))
            noted(recorder, point)
        elif state.phase == 0 and state.iteration in snapshots:
            recorder.snapshot()
        if stop():
            recorder.keep()
            raise Stopped
    run.doing("writing the results")
    return recorder.results(data, dataset)
