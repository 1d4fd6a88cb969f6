"""A phase: a stretch of training with one choice of pictures and one choice of layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # pages and listings import methods without torch
    from torch import Tensor

    from fruitlab.models.model import Model

    Memory = Mapping[str, Tensor]
    ExtraLoss = Callable[[Model, "Batch", Tensor, Memory], Tensor]
    Batches = Callable[..., Iterator["Batch"]]
    EndAction = Callable[[Model, Batches, Memory], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Batch:
    """One batch, on the run's device.

    Attributes:
        inputs: pictures, float [batch, 3, side, side], or pooled features, float [batch, features].
        labels: int64 [batch].
        index: int64 [batch], places in the device dataset; -1 for features of no picture.
        real: int64 scalar, how many of the pictures are real.
        last_of_epoch: whether it completes a pass over the first pool.
        targets: float [batch, categories], probabilities to learn in place of the labels, or None.
    """

    inputs: Tensor
    labels: Tensor
    index: Tensor
    real: Tensor
    last_of_epoch: bool
    targets: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Training pictures that a phase draws from.

    Attributes:
        nice, real: fraction of each domain's training set, 0 to 1. Pools are nested: the pictures
            of a smaller fraction are among those of a larger one.
        per_category: keep at most this many pictures of each category and domain, chosen at random
            by the run's seed (a replay buffer); None keeps all.
        batch_share: fraction of every batch that comes from this pool. None, for the first pool of
            a phase: the rest of the batch.
        chosen: name of a tensor in the run's memory, int64 places in the device dataset, that takes
            the place of the random choice. The other attributes still say how many these are.
        moments: prefix of class moments in the run's memory (`models.moments`). The pool then holds
            no pictures: its features are drawn from these, for phases that train on features.
    """

    nice: float = 0.0
    real: float = 0.0
    per_category: int | None = None
    batch_share: float | None = None
    chosen: str | None = None
    moments: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Training pictures that arrive during a phase, instead of being there from the start.

    Attributes:
        order: "nice-first", "alternating", "late:CATEGORY" (`training.arrivals.order_of`), or
            "folders": that of the dataset's own arrivals.
        ratio: percentage of real pictures in every batch.
        kept: pictures of each category and domain that are kept for later batches.
    """

    order: str
    ratio: int
    kept: int


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What the training loop needs to know; a method is a list of these.

    Attributes:
        name: such as "initial" or "restricted". Phases of a run may share a name.
        pools: where the pictures come from. One epoch passes once over the first pool; further
            pools fill their fixed share of each batch and are repeated as often as needed.
        iterations: number of steps.
        half_size: how many of them, the first ones, train on pictures of half the side.
        horizon: iterations that a one-cycle schedule spans: the phase's own, or the whole run's.
        trains: names of the layer groups to train, such as ("head",). None trains all of them.
        running_statistics: whether the running statistics of layer groups that are not trained are
            "updated" with the phase's pictures or stay "frozen"; "all-frozen" freezes those of
            trained groups too.
        inputs: "pictures", or "features": the backbone's pooled outputs, computed once. Only for
            phases that train the head alone with frozen running statistics. Such a phase sees its
            pictures without augmentation.
        fresh_clock: restart the learning rate and momentum schedules, the velocity and the plateau
            counter at the beginning of the phase.
        mixup: blend each picture, and its target, with another one of its batch, by a weight drawn
            from 0 to this (MixUp). 0 turns it off.
        stream: how the pictures of its single pool arrive; None if they are there from the start.
        extra_loss: (network, batch, logits, memory) -> scalar to add to the loss. A GPU may record
            its operations once and replay them, so it must depend on its arguments alone.
        at_end: (network, batches, memory) -> tensors to remember for later phases. It may change
            the weights, those of the head alone if the inputs are features; the network is
            evaluated again afterwards. `batches()` iterates once over the first pool, without
            augmentation, nice pictures first in every batch; `batches(pool)` over the pictures of
            another one.
    """

    name: str
    pools: tuple[Pool, ...]
    iterations: int
    horizon: int
    trains: tuple[str, ...] | None = None
    running_statistics: Literal["updated", "frozen", "all-frozen"] = "updated"
    inputs: Literal["pictures", "features"] = "pictures"
    fresh_clock: bool = True
    half_size: int = 0
    mixup: float = 0.0
    stream: Stream | None = None
    extra_loss: ExtraLoss | None = None
    at_end: EndAction | None = None

    def __post_init__(self) -> None:
        if not self.pools or self.pools[0].batch_share is not None:
            raise ValueError(f"Phase {self.name}: the first pool takes the rest of each batch.")
        if any(pool.batch_share is None for pool in self.pools[1:]):
            raise ValueError(f"Phase {self.name}: every further pool needs a batch_share.")
        if self.inputs == "features" and not self.only_head_moves:
            raise ValueError(f"Phase {self.name}: features need a frozen backbone.")

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains whose pictures it trains on."""
        shares = {
            "nice": sum(pool.nice for pool in self.pools),
            "real": sum(pool.real for pool in self.pools),
        }
        return tuple(name for name, share in shares.items() if share > 0)

    @property
    def summary(self) -> str:
        """What it trains on what: "restricted training: only the head, on real pictures"."""
        layers = "all layers" if self.trains is None else f"only the {' and '.join(self.trains)}"
        return f"{self.name} training: {layers}, on {' and '.join(self.domains)} pictures"

    def head_only(self) -> Phase:
        """The same phase with a frozen backbone, on features where the phase allows it."""
        needs_pictures = self.extra_loss is not None or self.at_end is not None
        return replace(
            self,
            trains=("head",),
            running_statistics="frozen",
            inputs=self.inputs if needs_pictures else "features",
        )

    @property
    def only_head_moves(self) -> bool:
        return self.trains == ("head",) and self.running_statistics != "updated"


def pool_size(pool: Pool, domain: str, training_pictures: int, categories: int) -> int:
    """Pictures of a domain in a pool, given the size of that domain's training set.

    With `per_category` this is an upper bound: small categories may have fewer pictures.
    """
    count = int(getattr(pool, domain) * training_pictures + 0.5)
    return count if pool.per_category is None else min(count, pool.per_category * categories)


def labels(phases: Sequence[Phase]) -> list[str]:
    """Unique names for a run's phases: the phase's name, or "name 2", "name 3", ... if repeated."""
    seen: Counter[str] = Counter()
    result = []
    for phase in phases:
        seen[phase.name] += 1
        result.append(phase.name if seen[phase.name] == 1 else f"{phase.name} {seen[phase.name]}")
    return result
