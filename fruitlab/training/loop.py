"""Training (paper section 3): a generator over a run's iterations that touches no file.

    state = State(config, categories=23, device=device)
    for evaluation in train(config, resident, state):
        ...                      # an Evaluation, or None after an ordinary iteration

All that changes is in `state`, which can be saved at any moment the generator rests and handed to a new one: it goes
on with the same bits. Nothing is moved to or from the device in an iteration; losses are read at evaluations.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.config.run_config import RunConfig
from fruitlab.methods import Phase, phases
from fruitlab.methods.batching import batches_per_epoch
from fruitlab.models.kernels.slices import alone
from fruitlab.models.paper_resnet import as_input
from fruitlab.training import rng, schedules
from fruitlab.training.augmentation import augment
from fruitlab.training.device_dataset import DOMAINS, Resident
from fruitlab.training.scoring import pooled_features, score
from fruitlab.training.state import State

DENSE = (0, 1, 2, 5, 10, 20)  # at a phase's start accuracy moves fastest: points of Figure 14


class Diverged(ArithmeticError):
    """The loss is no longer a number."""


@dataclass(frozen=True)
class Evaluation:
    """One line of the log. Counts are [pictures, right, within the first three]."""

    iteration: int  # of the run
    phase: str
    phase_iteration: int
    full: bool  # whole test sets, or the fixed subset of each
    nice: list[int]
    real: list[int]
    seen: dict[str, int]  # training pictures so far, of each domain
    seconds: float  # spent training and scoring
    loss: float | None  # cross entropy, mean over the pictures since the last evaluation
    penalty: float  # L2, beside it
    learning_rate: float
    momentum: float
    logits: dict[str, Tensor] | None = field(
        repr=False, default=None
    )  # of both whole test sets, where full


def train(config: RunConfig, data: Resident, state: State) -> Iterator[Evaluation | None]:
    """Runs the phases that are left. Yields an Evaluation where one is due and None after every other iteration.

    Raises:
        Diverged: when the loss is not finite at an evaluation.
    """
    plan = phases(config)
    for number in range(state.phase, len(plan)):
        phase, before = plan[number], sum(p.iterations for p in plan[:number])
        if number > state.phase:
            state.enter(number, fresh_clock=phase.fresh_clock)
        batches = Batches(config, phase, data, state)
        scorer = Scorer(config, phase, data, state, before)
        state.trains(phase)
        while True:
            if scorer.due(last=number == len(plan) - 1):
                yield scorer.evaluate()
            if state.phase_iteration >= phase.iterations:
                break
            started = time.perf_counter()
            step(config, phase, state, *batches.at(state.phase_iteration))
            state.seconds += time.perf_counter() - started
            yield None
        if phase.at_end and not state.ended:
            state.memory.update(phase.at_end(state.network, batches.once, state.memory))
            state.ended = True


@alone()
def step(
    config: RunConfig,
    phase: Phase,
    state: State,
    inputs: Tensor,
    labels: Tensor,
    real: Tensor,
    last_of_epoch: bool,
) -> None:
    """One iteration: forward, backward, update.

    Args:
        inputs: pictures, float [batch, 3, 100, 100] in 0..1, or features, float [batch, 1152].
        labels: int64 [batch]. real: how many pictures are real, int64 scalar, on the device as all the rest.
    """
    network, clock = state.network, state.clock
    train_mode(network, phase)
    for norm in network.norms():
        norm.momentum = schedules.norm_momentum(config, state.iteration)
    if phase.inputs == "features":
        logits = network.head(inputs)
    else:
        logits = network(inputs if state.precision == torch.float32 else inputs.to(state.precision))
    loss = F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
    total = (
        loss
        if phase.extra_loss is None
        else loss + phase.extra_loss(network, inputs, logits, state.memory)
    )

    total.backward()
    state.update(
        learning_rate=schedules.learning_rate(config, clock, phase.horizon),
        momentum=schedules.momentum(config, clock),
        decay=penalty_factor(config, len(labels)),
    )
    state.count(loss.detach(), len(labels), real)
    if last_of_epoch and config.plateau:
        state.end_epoch(config.plateau)


def penalty_factor(config: RunConfig, batch: int) -> float:
    """f in the L2 penalty f/2 * sum(w^2) (paper 3.2; its scale is lost)."""
    return config.regularisation / batch if config.penalty == "per-batch" else config.regularisation


def train_mode(network: torch.nn.Module, phase: Phase) -> None:
    """Norms that take a training batch into their statistics; the head's always do."""
    network.train()
    if phase.norms == "frozen":
        for norm in network.norms("convolutions"):
            norm.eval()


class Batches:
    """A phase's training pictures, a batch at a time (paper 3.5): in order, reshuffled after each epoch."""

    def __init__(self, config: RunConfig, phase: Phase, data: Resident, state: State) -> None:
        self.config, self.phase, self.data, self.number = config, phase, data, state.phase
        self.chosen = data.training_set(nice=phase.nice, real=phase.real, seed=config.seed)
        self.per_epoch = batches_per_epoch(len(self.chosen), config.batch_size)
        self.features = (
            pooled_features(state.network, data.images, self.chosen)
            if phase.inputs == "features"
            else None
        )
        self.epoch, self.order = -1, None

    def at(self, iteration: int) -> tuple[Tensor, Tensor, Tensor, bool]:
        """Inputs, labels, number of real pictures, and whether the batch is its epoch's last."""
        epoch, i = divmod(iteration, self.per_epoch)
        if epoch != self.epoch:
            stream = rng.key(self.config.seed, "order", self.number, epoch)
            self.epoch, self.order = epoch, rng.order(len(self.chosen), stream, self.chosen.device)
        count = len(self.chosen)
        batch = self.order[i * count // self.per_epoch : (i + 1) * count // self.per_epoch]
        index = self.chosen[batch]
        if self.features is not None:
            inputs = self.features[batch]
        else:
            inputs = as_input(self.data.images[index])
            if iteration < self.config.augment_until * self.phase.horizon:
                inputs = augment(
                    inputs,
                    self.config,
                    rng.key(self.config.seed, "augment", self.number, iteration),
                )
        return (
            inputs,
            self.data.labels[index],
            self.data.is_real[index].sum(),
            i == self.per_epoch - 1,
        )

    def once(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All of the phase's pictures, unchanged: inputs and labels, in batches."""
        for batch in torch.arange(len(self.chosen), device=self.chosen.device).chunk(
            self.per_epoch
        ):
            index = self.chosen[batch]
            yield (
                (
                    as_input(self.data.images[index])
                    if self.features is None
                    else self.features[batch]
                ),
                self.data.labels[index],
            )


class Scorer:
    """When to score, on what: a fixed subset of each test set, or all of both at the marks and at the phase's ends."""

    def __init__(
        self, config: RunConfig, phase: Phase, data: Resident, state: State, before: int
    ) -> None:
        self.config, self.phase, self.data, self.state, self.before = (
            config,
            phase,
            data,
            state,
            before,
        )
        self.marks = {
            round(config.iterations * k / config.full_marks) - before
            for k in range(1, config.full_marks + 1)
        }
        # A phase that follows another starts from the scores the other ended with: the figures forgetting is measured by.
        self.marks |= {phase.iterations} | ({0} if before else set())
        self.live = {domain: data.test_subset(domain, config.live_pictures) for domain in DOMAINS}
        self.features = None
        if phase.inputs == "features":
            # The convolutions stand still: both test sets cost two small matrix products, so every point scores them whole.
            self.features = {
                domain: pooled_features(state.network, data.images, data.test[domain])
                for domain in DOMAINS
            }

    def due(self, *, last: bool) -> bool:
        """Whether this iteration has a point that is still to be made. The end of a phase is the next one's start."""
        t, end = self.state.phase_iteration, self.phase.iterations
        if self.state.scored == self.state.moment() or (t == end and not last):
            return False
        return t in DENSE or t % self.config.live_every == 0 or t in self.marks

    def evaluate(self) -> Evaluation:
        state, started = self.state, time.perf_counter()
        t = state.phase_iteration
        full = t in self.marks or self.features is not None
        index = self.data.test if full else self.live
        counts, logits = score(state.network, self.data, index, self.features)
        loss, seen = state.read()
        if loss is not None and not loss < float("inf"):
            raise Diverged(
                f"The loss is no longer a number at iteration {state.iteration}: the steps are too large. "
                f"Start again with a lower learning rate than {self.config.learning_rate:g}."
            )
        state.scored = state.moment()
        state.seconds += time.perf_counter() - started
        return Evaluation(
            iteration=state.iteration,
            phase=self.phase.name,
            phase_iteration=t,
            full=full,
            **counts,
            seen=seen,
            seconds=round(state.seconds, 3),
            loss=loss,
            penalty=state.penalty(),
            learning_rate=state.learning_rate(),
            momentum=state.momentum,
            logits=logits if full else None,
        )
