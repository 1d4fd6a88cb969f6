"""Training a run into its folder."""

import platform
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from fruitlab.config.progress import Progress, Say
from fruitlab.config.run_config import RunConfig
from fruitlab.data.domains import TwoDomains
from fruitlab.features import cache
from fruitlab.methods.phase import labels
from fruitlab.models import weights
from fruitlab.models.kernels.execution import accelerate
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run
from fruitlab.training import devices
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.evaluation import Diverged
from fruitlab.training.loop import train
from fruitlab.training.scoring import pooled_features
from fruitlab.training.state import State
from fruitlab.training.steps import capture_on
from fruitlab.worker import messages
from fruitlab.worker.recorder import Recorder, describe
from fruitlab.worker.start import load_start, with_arrivals
from fruitlab.worker.stop import Stopped
from fruitlab.worker.teachers import with_targets
from fruitlab.worker.trace import Trace

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
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a run from where it is to its end and write everything but the summary to its folder.

    Args:
        where: the device to train on.
        device: what was asked for, such as "auto".
        stop: asked after every iteration.
        noted: called after every evaluation with its line of the log.
        progress: of computing features, if the run's backbone is pretrained and stays as it is, or
            if it learns from one.

    Returns:
        The summary.

    Raises:
        Stopped: the run was asked to stop; its state is saved.
        RunError, DataError, ArithmeticError: as the data, the state and the training loop raise.
    """
    header, config = run.header(), run.config()
    precision = devices.precision_of(header, where, config.network)
    dataset = DeviceDataset.of(data, config, where)
    dataset = with_arrivals(dataset, run)
    dataset = with_targets(dataset, data, config, device=str(where), progress=progress)
    if stop():
        raise Stopped
    phases = config.phases()
    pools = {
        label: torch.cat([dataset.pool(pool, seed=config.seed) for pool in phase.pools])
        for label, phase in zip(labels(phases), phases, strict=True)
    }
    versions = {name: version(name) for name in ("torch", "numpy")}
    state = State(config, categories=len(dataset.categories), device=where, precision=precision)
    run.write_header(
        header
        | {
            "device": device,
            "trained_on": str(where),
            "threads": threads,
            "computed_in": str(precision).removeprefix("torch."),
            "steps": "captured" if capture_on(where) else "eager",
            "execution": accelerate(state.network, precision).title,
            "data": describe(data, config, dataset, pools),
            "versions": versions | {"python": platform.python_version()},
        }
    )
    if all(phase.inputs == "features" for phase in phases):
        found = pretrained_features(data, config, where, progress)
        dataset = replace(dataset, features=found)
        if found is not None and len(found) < len(
            dataset.labels
        ):  # pictures of a stream of folders
            new = torch.arange(len(found), len(dataset.labels), device=where)
            more = pooled_features(state.network, dataset.images, new)
            dataset = replace(dataset, features=torch.cat([found, more.to(found.dtype)]))
    recorder = Recorder(run, config, state, dataset.categories)
    if recorder.resume():
        say(f"Resuming at iteration {state.iteration:,} of {config.iterations:,}.")
    elif start := config.start_run():
        load_start(state.network, catalog.find(start), dataset.categories)
    trace = Trace(run, state)
    trace.progress()
    started, first = time.monotonic(), state.iteration
    snapshots = set(header.get("snapshots", ()))
    try:
        for evaluation in train(config, dataset, state):
            if evaluation is not None:
                trace.flush()
                point = recorder.note(evaluation)
                say(messages.progress(point, config, time.monotonic() - started, first))
                noted(recorder, point)
                note_steps(run, state)
            else:
                trace.add()
                if state.phase == 0 and state.iteration in snapshots:
                    trace.flush()
                    recorder.snapshot()
            if stop():
                trace.flush()
                recorder.keep()
                raise Stopped
    except Diverged:
        trace.flush()  # the curve shows where it happened
        raise
    run.doing("writing the results")
    return recorder.results(data, dataset)


def note_steps(run: Run, state: State) -> None:
    """Write to the header why steps are not captured, once that is known."""
    steps = f"eager: {state.not_captured}"
    if state.not_captured and run.header()["steps"] != steps:
        run.write_header(run.header() | {"steps": steps})


def pretrained_features(
    data: TwoDomains, config: RunConfig, where: torch.device, progress: Progress | None
) -> torch.Tensor | None:
    """What the run's pretrained backbone computes of all pictures, nice ones first, from the cache.

    Returns:
        float16 [n, size] on the device; None if the network is not a pretrained one.
    """
    if not config.pretrained or weights.find(config.network) is None:
        return None
    found = cache.features(
        data,
        config.network,
        size=config.input_size or None,
        split_seed=config.split_seed,
        progress=progress,
        device=str(where),
    )
    rows = np.concatenate([found.nice.rows, found.real.rows])
    return torch.from_numpy(rows).to(where)
