"""When a run is evaluated during training, and on what."""

import time
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from fruitlab.data.domains import DOMAINS
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Phase
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.scoring import features_of, score
from fruitlab.training.state import State

DENSE = (0, 1, 2, 5, 10, 20)  # accuracy moves fastest at a phase's start: points of Figure 14


class Diverged(ArithmeticError):
    """The loss is no longer finite."""


@dataclass(frozen=True)
class Evaluation:
    """One line of the log. Counts are [pictures, top-1 correct, top-3 correct]."""

    iteration: int  # of the run
    phase: str
    phase_iteration: int
    full: bool  # on both whole test sets, or on a fixed subset of each
    nice: list[int]
    real: list[int]
    seen: dict[str, int]  # training pictures of each domain so far
    seconds: float  # of training and evaluation so far
    loss: float | None  # mean cross entropy of the pictures since the last evaluation
    penalty: float  # L2 penalty
    learning_rate: float
    momentum: float
    # Of a stream since the last evaluation: {nice: [pictures, right before they were learned],
    # real: ..., kept: {nice: pictures in the buffers, real: ...}}.
    stream: dict[str, Any] | None = None
    # Of the test pictures of each domain, float [n, categories]; None on a subset.
    logits: dict[str, Tensor] | None = field(repr=False, default=None)


class Evaluator:
    """Evaluates a phase at its evaluation points.

    There are a few dense points at the phase's start and one every `live_every` iterations, on a
    fixed subset of each test set; and `full_evaluations` points over the run, besides the first and
    last iteration of a phase, on both whole test sets.
    """

    def __init__(
        self,
        config: Method,
        phase: Phase,
        data: DeviceDataset,
        state: State,
        *,
        label: str,
        before: int,
    ) -> None:
        """`label`: the phase's unique name. `before`: iterations of the phases before this one."""
        self.config, self.phase, self.label = config, phase, label
        self.data, self.state = data, state
        total, count = config.iterations, config.full_evaluations
        self.full = {round(total * k / count) - before for k in range(1, count + 1)}
        # A later phase starts from the scores that the one before it ended with: forgetting is
        # measured between the two.
        self.full |= {phase.iterations} | ({0} if before else set())
        self.subset: dict[str, Tensor] = {
            name: data.test_subset(name, config.live_pictures) for name in DOMAINS
        }
        self.features = _known_features(phase, data, state)

    def due(self, *, last_phase: bool) -> bool:
        """Whether an evaluation is due now and has not been made yet.

        The end of a phase is evaluated as the start of the next one, unless an end action may
        change the weights in between.
        """
        state, t, end = self.state, self.state.phase_iteration, self.phase.iterations
        if state.scored == state.moment():
            return False
        if t == end and not last_phase and self.phase.at_end is None:
            return False
        return t in DENSE or t % self.config.live_every == 0 or t in self.full

    def evaluate(self) -> Evaluation:
        """Evaluate now. Raises Diverged if the loss is not finite."""
        state, started = self.state, time.perf_counter()
        t = state.phase_iteration
        full = t in self.full or self.features is not None
        index = self.data.test if full else self.subset
        network = self.config.answers(state.network, state.memory)
        counts, logits = score(network, self.data, index, self.features)
        loss, seen = state.read()
        if loss is not None and not loss < float("inf"):
            raise Diverged(
                f"The loss is not finite at iteration {state.iteration}: the updates are too large."
                f" Start again with {self.config.if_it_diverges()}."
            )
        state.scored = state.moment()
        state.seconds += time.perf_counter() - started
        return Evaluation(
            iteration=state.iteration,
            phase=self.label,
            phase_iteration=t,
            full=full,
            nice=counts["nice"],
            real=counts["real"],
            seen=seen,
            seconds=round(state.seconds, 3),
            loss=loss,
            penalty=state.penalty(),
            learning_rate=state.learning_rate(),
            momentum=state.momentum,
            logits=logits if full else None,
        )


def last_logits(config: Method, data: DeviceDataset, state: State) -> dict[str, Tensor]:
    """The logits of a run's last evaluation, to the last bit, after a resume behind it.

    Returns:
        {nice: float [n, categories] of the test pictures, real: ...}
    """
    network = config.answers(state.network, state.memory)
    features = _known_features(config.phases()[-1], data, state)
    return score(network, data, data.test, features)[1]


def _known_features(phase: Phase, data: DeviceDataset, state: State) -> dict[str, Tensor] | None:
    """The features of both test sets if the phase's backbone is frozen; else None.

    Evaluating both whole test sets then costs two small products.
    """
    if phase.inputs != "features":
        return None
    return {name: features_of(state.network, data, data.test[name]) for name in DOMAINS}
