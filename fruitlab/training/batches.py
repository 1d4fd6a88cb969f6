"""A phase's training pictures, one batch at a time (paper 3.5)."""

from collections.abc import Iterator

import torch
from torch import Tensor

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.batching import batches_per_epoch
from fruitlab.methods.phase import Batch, Phase
from fruitlab.models.model import to_float
from fruitlab.training import rng
from fruitlab.training.augmentation import augment
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.scoring import features_of
from fruitlab.training.state import State


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
        self.features = None
        if phase.inputs == "features":
            every = torch.cat(self.pools)
            found = features_of(state.network, data, every)
            self.features = found.split([len(pool) for pool in self.pools])
        self.epoch = -1
        self.order: Tensor | None = None

    def at(self, iteration: int) -> Batch:
        """The batch of that iteration of the phase."""
        parts = [self._next_of_first(iteration)]
        parts += [
            self._next_of_buffer(place, iteration * size, size)
            for place, size in enumerate(self.extra, start=1)
            if size and len(self.pools[place])
        ]
        return self._batch(parts, iteration)

    def once(self) -> Iterator[Batch]:
        """One pass over the first pool in order, without augmentation."""
        first = self.pools[0]
        for part in torch.arange(len(first), device=first.device).chunk(self.per_epoch):
            yield self._batch([(0, part)], None)

    def _next_of_first(self, iteration: int) -> tuple[int, Tensor]:
        epoch, i = divmod(iteration, self.per_epoch)
        if epoch != self.epoch or self.order is None:
            self.epoch, self.order = epoch, self._order(0, epoch)
        count = len(self.order)
        return 0, self.order[i * count // self.per_epoch : (i + 1) * count // self.per_epoch]

    def _next_of_buffer(self, place: int, start: int, size: int) -> tuple[int, Tensor]:
        """`size` pictures from `start` on, in the endless sequence of a pool's shuffled passes."""
        count = len(self.pools[place])
        first, last = start // count, (start + size - 1) // count
        passes = torch.cat([self._order(place, number) for number in range(first, last + 1)])
        return place, passes[start - first * count :][:size]

    def _order(self, place: int, number: int) -> Tensor:
        """int64: the order of a pool's pictures in its pass of that number."""
        pool = self.pools[place]
        parts = (
            ("order", self.number, number) if place == 0 else ("pool", self.number, place, number)
        )
        return rng.order(len(pool), rng.key(self.config.seed, *parts), pool.device)

    def _batch(self, parts: list[tuple[int, Tensor]], iteration: int | None) -> Batch:
        index = torch.cat([self.pools[place][chosen] for place, chosen in parts])
        if self.features is not None:
            inputs = torch.cat([self.features[place][chosen] for place, chosen in parts])
        else:
            inputs = to_float(self.data.images[index])
            until = self.config.augment_until * self.phase.horizon
            if iteration is not None and iteration < until:
                stream = rng.key(self.config.seed, "augment", self.number, iteration)
                inputs = augment(inputs, self.config, stream)
            inputs = self.network.standardize(inputs)
        last = iteration is not None and iteration % self.per_epoch == self.per_epoch - 1
        real = self.data.is_real[index].sum()
        return Batch(inputs, self.data.labels[index], index, real, last)
