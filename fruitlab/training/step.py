"""One training iteration: forward, backward, update (paper section 3).

`compute` is the device's part and `finish` the host's. What changes from one iteration to the next
reaches `compute` in its arguments alone, so that a GPU can capture and replay it (steps.py).
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.phase import Batch, Phase
from fruitlab.models.kernels.execution import accelerate
from fruitlab.training import schedules
from fruitlab.training.state import State


@dataclass(frozen=True)
class Rates:
    """What the schedules say at an iteration: numbers, or float scalars on the device."""

    learning_rate: float | Tensor  # before any halving on a plateau
    momentum: float | Tensor
    norm_momentum: float | Tensor


def scheduled(config: RunConfig, phase: Phase, state: State) -> Rates:
    """The rates of the iteration that comes next."""
    return Rates(
        learning_rate=schedules.learning_rate(config, state.clock, phase.horizon),
        momentum=schedules.momentum(config, state.clock),
        norm_momentum=schedules.norm_momentum(config, state.iteration),
    )


def step(config: RunConfig, phase: Phase, state: State, batch: Batch) -> None:
    """One iteration, started operation by operation."""
    rates = scheduled(config, phase, state)
    compute(config, phase, state, batch, rates)
    finish(config, state, len(batch), last_of_epoch=batch.last_of_epoch)


def compute(config: RunConfig, phase: Phase, state: State, batch: Batch, rates: Rates) -> None:
    """The device's part of an iteration. It neither reads nor changes the host's counters."""
    network = state.network
    state.train_mode()
    network.set_statistics_momentum(rates.norm_momentum)
    run = accelerate(network, state.precision)
    logits = run.head(batch.inputs) if phase.inputs == "features" else run(batch.inputs)
    targets = batch.labels if batch.targets is None else batch.targets
    loss = F.cross_entropy(logits, targets, label_smoothing=config.label_smoothing)
    total = loss
    if phase.extra_loss is not None:
        total = loss + phase.extra_loss(network, batch, logits, state.memory)
    total.backward()
    state.update(
        learning_rate=rates.learning_rate,
        momentum=rates.momentum,
        decay=penalty_factor(config, len(batch)),
    )
    state.counters.count(loss.detach(), len(batch), batch.real)


def finish(config: RunConfig, state: State, pictures: int, *, last_of_epoch: bool) -> None:
    """The host's part: count the iteration, and at the end of an epoch look for a plateau."""
    state.momentum = schedules.momentum(config, state.clock)
    state.decay = penalty_factor(config, pictures)
    state.advance(pictures)
    if last_of_epoch and config.plateau:
        state.end_epoch(config.plateau)


def penalty_factor(config: RunConfig, batch: int) -> float:
    """The factor f of the L2 penalty f / 2 * sum(w^2). The paper's text lost its scale (3.2)."""
    return config.regularisation / batch if config.penalty == "per-batch" else config.regularisation
