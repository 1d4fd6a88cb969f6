"""A phase's training pictures, one batch at a time (paper 3.5)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import torch
from torch import Tensor

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.batching import batches_per_epoch
from fruitlab.methods.phase import Batch, Phase
from fruitlab.models.model import to_float
from fruitlab.training import rng
from fruitlab.training.augmentation import augment
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.scoring import pooled_features
from fruitlab.training.state import State


@dataclass(frozen=True)
class Choice:
    """Which pictures make up a batch, and how they are changed.

    Attributes:
        places: int64 [batch], in the phase's pools one after the other.
        streams: an `rng.key` for everything that is random about the batch, by name. Without
            "augment", its pictures are not augmented.
        last_of_epoch: as in `Batch`.
    """

    places: Tensor
    streams: Mapping[str, int | Tensor]
    last_of_epoch: bool


class Batches:
    """The batches of a phase. Each is a function of seed, phase and iteration alone.

    The first pool is passed through in a random order that changes with every epoch. Every further
    pool fills a fixed share of each batch, in random orders of its own, repeated as needed.
    """

    def __init__(self, config: RunConfig, phase: Phase, data: DeviceDataset, state: State) -> None:
        self.config, self.phase, self.data, self.number = config, phase, data, state.phase
        self.network = state.network
        self.pools = [data.pool(pool, seed=config.seed) for pool in phase.pools]
        count, share = len(self.pools[0]), sum(pool.batch_share or 0 for pool in phase.pools)
        size = config.batch_size
        if size:
            self.extra = [round((pool.batch_share or 0) * size) for pool in phase.pools[1:]]
            self.per_epoch = batches_per_epoch(count, max(1, size - sum(self.extra)))
        else:
            self.per_epoch = batches_per_epoch(count, 0)
            whole = -(-count // self.per_epoch) / (1 - share) if share < 1 else 0.0
            self.extra = [round((pool.batch_share or 0) * whole) for pool in phase.pools[1:]]
        self.starts = list(accumulate((len(pool) for pool in self.pools), initial=0))
        self.every = torch.cat(self.pools)
        self.features = None
        if phase.inputs == "features":
            self.features = pooled_features(state.network, data.images, self.every)
        self.order = lru_cache(maxsize=16)(self._order)  # a pass lasts for many batches

    def at(self, iteration: int) -> Batch:
        """The batch of that iteration of the phase."""
        return self.gather(self.choose(iteration))

    def choose(self, iteration: int) -> Choice:
        """The pictures of that iteration of the phase."""
        parts = [self._next_of_first(iteration)]
        parts += [
            self._next_of_buffer(place, iteration * size, size)
            for place, size in enumerate(self.extra, start=1)
            if size and len(self.pools[place])
        ]
        augmented = iteration < self.config.augment_until * self.phase.horizon
        random = ["augment"] if augmented and self.features is None else []
        return Choice(
            places=torch.cat(parts),
            streams={
                name: rng.key(self.config.seed, name, self.number, iteration) for name in random
            },
            last_of_epoch=iteration % self.per_epoch == self.per_epoch - 1,
        )

    def gather(self, choice: Choice) -> Batch:
        """The batch of these pictures, computed on the device."""
        index = self.every[choice.places]
        if self.features is not None:
            inputs = self.features[choice.places]
        else:
            inputs = to_float(self.data.images[index])
            if "augment" in choice.streams:
                inputs = augment(inputs, self.config, choice.streams["augment"])
            inputs = self.network.standardize(inputs)
        real = self.data.is_real[index].sum()
        return Batch(inputs, self.data.labels[index], index, real, choice.last_of_epoch)

    def once(self) -> Iterator[Batch]:
        """One pass over the first pool in order, without augmentation."""
        first = self.pools[0]
        for part in torch.arange(len(first), device=first.device).chunk(self.per_epoch):
            yield self.gather(Choice(part, {}, False))

    def _next_of_first(self, iteration: int) -> Tensor:
        epoch, i = divmod(iteration, self.per_epoch)
        order, count = self.order(0, epoch), len(self.pools[0])
        return order[i * count // self.per_epoch : (i + 1) * count // self.per_epoch]

    def _next_of_buffer(self, place: int, start: int, size: int) -> Tensor:
        """`size` pictures from `start` on, in the endless sequence of a pool's shuffled passes."""
        count = len(self.pools[place])
        first, last = start // count, (start + size - 1) // count
        passes = torch.cat([self.order(place, number) for number in range(first, last + 1)])
        return self.starts[place] + passes[start - first * count :][:size]

    def _order(self, place: int, number: int) -> Tensor:
        """int64: the order of a pool's pictures in its pass of that number."""
        pool = self.pools[place]
        parts = (
            ("order", self.number, number) if place == 0 else ("pool", self.number, place, number)
        )
        return rng.order(len(pool), rng.key(self.config.seed, *parts), pool.device)
