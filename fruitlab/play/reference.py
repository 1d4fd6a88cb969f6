"""The curve of a head that keeps no nice pictures, by the trainer's own step in double precision.

The browser draws it beside what a visitor plays. Its arithmetic (assets/play_head.js) and torch's
must both reproduce tests/play/fixture.json.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch

from fruitlab.methods.batching import batches_per_epoch
from fruitlab.methods.phase import Batch
from fruitlab.play.file import SETS, PlayFile, evaluation_points
from fruitlab.training import rng
from fruitlab.training.scoring import correct
from fruitlab.training.state import State
from fruitlab.training.step import step

CPU = torch.device("cpu")


def curve(
    file: PlayFile, state: State, features: Mapping[str, np.ndarray] | None = None
) -> Iterator[dict[str, int]]:
    """Train the head to the end of a play file.

    Args:
        state: as initial training left it, on the CPU. A copy of it is trained.
        features: float64 [n, features] for each of SETS, in place of the file's own.

    Yields:
        {step, nice, real}: how many test pictures are right, at each evaluation point.
    """
    config, state = file.config, copy.deepcopy(state)
    phase = replace(
        config.phases()[1], inputs="features", running_statistics="frozen", horizon=file.steps
    )
    state.network.double()
    state.enter(1, fresh_clock=True)
    state.iteration = file.notes["iteration"]
    state.trains(phase)
    x = {name: torch.from_numpy((features or {}).get(name, file.features(name))) for name in SETS}
    y = {name: torch.from_numpy(file.labels(name)) for name in SETS}
    count, streams = file.count("real_train"), file.notes["streams"]["real"]
    per_epoch = batches_per_epoch(count, config.batch_size)
    points = set(evaluation_points(file.steps))
    for number in range(file.steps + 1):
        if number in points:
            yield {"step": number} | {
                domain: _right(state, x[f"{domain}_test"], y[f"{domain}_test"])
                for domain in ("nice", "real")
            }
        if number < file.steps:
            epoch, i = divmod(number, per_epoch)
            if i == 0:
                order = rng.order(count, streams[epoch], CPU)
            index = order[i * count // per_epoch : (i + 1) * count // per_epoch]
            inputs, labels = x["real_train"][index], y["real_train"][index]
            real, last = torch.tensor(len(index)), i == per_epoch - 1
            step(config, phase, state, Batch(inputs, labels, index, real, last))


@torch.no_grad()
def _right(state: State, features: torch.Tensor, labels: torch.Tensor) -> int:
    return int(correct(state.network.eval().head(features), labels)[0])
