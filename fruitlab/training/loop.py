"""The training loop (paper section 3): a generator over a run's iterations that touches no file.

    state = State(config, categories=23, device=device)
    for evaluation in train(config, data, state):
        ...                      # an Evaluation, or None after an ordinary iteration

Everything that changes is in `state`. It can be saved whenever the generator yields and loaded into
a new run, which continues with the same bits. An iteration transfers nothing to or from the device;
losses are read at evaluations.
"""

import time
from collections.abc import Iterator

from torch.nn import functional as F

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Batch, Phase, labels
from fruitlab.models.kernels.execution import accelerate
from fruitlab.training import schedules
from fruitlab.training.batches import Batches
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.evaluation import Evaluation, Evaluator
from fruitlab.training.state import State


def train(config: Method, data: DeviceDataset, state: State) -> Iterator[Evaluation | None]:
    """Run the phases that are left.

    Yields:
        An Evaluation where one is due, and None after every iteration.

    Raises:
        ConfigError: a phase trains a layer group that the network does not have.
        Diverged: the loss is not finite at an evaluation.
    """
    phases = config.phases()
    names = labels(phases)
    for phase in phases:
        state.check_groups(phase)
    for number in range(state.phase, len(phases)):
        phase, before = phases[number], sum(p.iterations for p in phases[:number])
        last = number == len(phases) - 1
        if number > state.phase:
            state.enter(number, fresh_clock=phase.fresh_clock)
        batches = Batches(config, phase, data, state)
        evaluator = Evaluator(config, phase, data, state, label=names[number], before=before)
        state.trains(phase)
        while True:
            if evaluator.due(last_phase=last):
                yield evaluator.evaluate()
            if state.phase_iteration >= phase.iterations:
                break
            started = time.perf_counter()
            step(config, phase, state, batches.at(state.phase_iteration))
            state.seconds += time.perf_counter() - started
            yield None
        if phase.at_end is not None and not state.ended:
            state.memory.update(phase.at_end(state.network, batches.once, state.memory))
            state.ended = True
            evaluator.features = None  # the action may have changed the backbone
            if last:
                yield evaluator.evaluate()


def step(config: RunConfig, phase: Phase, state: State, batch: Batch) -> None:
    """One iteration: forward, backward, update."""
    network, clock = state.network, state.clock
    state.train_mode()
    network.set_statistics_momentum(schedules.norm_momentum(config, state.iteration))
    run = accelerate(network, state.precision)
    logits = run.head(batch.inputs) if phase.inputs == "features" else run(batch.inputs)
    loss = F.cross_entropy(logits, batch.labels, label_smoothing=config.label_smoothing)
    total = loss
    if phase.extra_loss is not None:
        total = loss + phase.extra_loss(network, batch, logits, state.memory)
    total.backward()
    state.update(
        learning_rate=schedules.learning_rate(config, clock, phase.horizon),
        momentum=schedules.momentum(config, clock),
        decay=penalty_factor(config, len(batch)),
    )
    state.count(loss.detach(), len(batch), batch.real)
    if batch.last_of_epoch and config.plateau:
        state.end_epoch(config.plateau)


def penalty_factor(config: RunConfig, batch: int) -> float:
    """The factor f of the L2 penalty f / 2 * sum(w^2). The paper's text lost its scale (3.2)."""
    return config.regularisation / batch if config.penalty == "per-batch" else config.regularisation
