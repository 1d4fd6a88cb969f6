"""The training loop (paper section 3): a generator over a run's iterations that touches no file.

    state = State(config, categories=23, device=device)
    for evaluation in train(config, data, state):
        ...                      # an Evaluation, or None after an ordinary iteration

Everything that changes is in `state`. It can be saved whenever the generator yields and loaded into
a new run, which continues with the same bits. An iteration transfers nothing to or from the device;
losses are read at evaluations.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from fruitlab.methods.base import Method
from fruitlab.methods.phase import labels
from fruitlab.training.batches import Batches
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.evaluation import Evaluation, Evaluator
from fruitlab.training.state import State
from fruitlab.training.steps import Capture, Steps, capture_on


def train(
    config: Method,
    data: DeviceDataset,
    state: State,
    *,
    capture: Callable[[torch.device], Capture | None] = capture_on,
) -> Iterator[Evaluation | None]:
    """Run the phases that are left.

    Args:
        capture: how steps are captured on a device; called for every phase.

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
        steps = Steps(config, phase, state, batches, capture(state.device))
        while True:
            if evaluator.due(last_phase=last):
                yield with_stream(evaluator.evaluate(), batches, state)
            if state.phase_iteration >= phase.iterations:
                break
            started = time.perf_counter()
            if batches.arrivals is not None:
                state.counters["tested"] += batches.tested(state.phase_iteration)
            steps(state.phase_iteration)
            state.seconds += time.perf_counter() - started
            yield None
        if phase.at_end is not None and not state.ended:
            state.remember(phase.at_end(state.network, batches.once, state.memory))
            state.ended = True
            if last:
                yield evaluator.evaluate()


def with_stream(evaluation: Evaluation, batches: Batches, state: State) -> Evaluation:
    """The evaluation with what has arrived since the last one, if the phase has a stream."""
    if batches.arrivals is None:
        return evaluation
    nice, real = state.counters["tested"].int().tolist()
    state.counters["tested"].zero_()
    kept = batches.arrivals.sizes(state.phase_iteration)
    return replace(evaluation, stream={"nice": nice, "real": real, "kept": kept})
