"""A phase's training pictures, one batch at a time (paper 3.5)."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.batching import batches_per_epoch
from fruitlab.methods.phase import Batch, Phase, Pool
from fruitlab.models import moments
from fruitlab.models.model import to_float
from fruitlab.training import rng
from fruitlab.training.augmentation import augment
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.scoring import pooled_features
from fruitlab.training.state import State


class Batches:
    """The batches of a phase. Each is a function of seed, phase and iteration alone.

    The first pool is passed through in a random order that changes with every epoch. Every further
    pool fills a fixed share of each batch, in random orders of its own, repeated as needed.
    """

    def __init__(self, config: RunConfig, phase: Phase, data: DeviceDataset, state: State) -> None:
        self.config, self.phase, self.data, self.number = config, phase, data, state.phase
        self.network, self.memory = state.network, state.memory
        self.pools = [self._places(pool) for pool in phase.pools]
        self.labels = [data.labels[pool] for pool in self.pools]
        self.is_real = [data.is_real[pool] for pool in self.pools]
        count, share = len(self.pools[0]), sum(pool.batch_share or 0 for pool in phase.pools)
        size = config.batch_size
        if size:
            self.extra = [round((pool.batch_share or 0) * size) for pool in phase.pools[1:]]
            self.per_epoch = batches_per_epoch(count, max(1, size - sum(self.extra)))
        else:
            self.per_epoch = batches_per_epoch(count, 0)
            whole = -(-count // self.per_epoch) / (1 - share) if share < 1 else 0.0
            self.extra = [round((pool.batch_share or 0) * whole) for pool in phase.pools[1:]]
        self.features: list[Tensor] | None = None
        if phase.inputs == "features":
            found = pooled_features(state.network, data.images, torch.cat(self.pools))
            self.features = list(found.split([len(pool) for pool in self.pools]))
            for place, pool in enumerate(phase.pools):
                if pool.moments is not None:
                    self._draw(place, pool.moments)
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

    def once(self, pool: Pool | None = None) -> Iterator[Batch]:
        """One pass over the pictures of a pool, the first by default, without augmentation.

        Every batch has the domains in the pool's proportion.
        """
        places = self.pools[0] if pool is None else self._places(pool)
        count = batches_per_epoch(len(places), self.config.batch_size)
        for start in range(count):
            index = places[start::count]
            real = self.data.is_real[index].sum()
            last = start == count - 1
            yield Batch(self._pictures(index, None), self.data.labels[index], index, real, last)

    def _places(self, pool: Pool) -> Tensor:
        """Places of a pool's pictures, int64; none for a pool of drawn features."""
        if pool.moments is not None:
            return self.data.train["nice"][:0]
        if pool.chosen is not None:
            return self.memory[pool.chosen]
        return self.data.pool(pool, seed=self.config.seed)

    def _draw(self, place: int, prefix: str) -> None:
        """Fill a pool with features drawn from class moments; always the same for a seed."""
        assert self.features is not None
        stream = rng.key(self.config.seed, "moments", self.number, place)
        drawn, labels = moments.draw(self.memory, prefix, seed=stream)
        self.features[place], self.labels[place] = drawn, labels
        self.pools[place] = torch.full_like(labels, -1)
        self.is_real[place] = torch.zeros_like(labels, dtype=torch.bool)

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

    def _batch(self, parts: list[tuple[int, Tensor]], iteration: int) -> Batch:
        def chosen(pools: Sequence[Tensor]) -> Tensor:
            return torch.cat([pools[place][rows] for place, rows in parts])

        index, labels, real = chosen(self.pools), chosen(self.labels), chosen(self.is_real)
        if self.features is not None:
            inputs = chosen(self.features)
        else:
            inputs = self._pictures(index, iteration)
        targets = None if self.data.targets is None else self.data.targets[index]
        if self.phase.mixup:
            if targets is None:
                targets = F.one_hot(labels, len(self.data.categories)).float()
            inputs, targets = self._mixed_up(inputs, targets, iteration)
        last = iteration % self.per_epoch == self.per_epoch - 1
        return Batch(inputs, labels, index, real.sum(), last, targets)

    def _pictures(self, index: Tensor, iteration: int | None) -> Tensor:
        """The network's input for the pictures at `index`; augmented as an iteration sees them."""
        inputs = to_float(self.data.images[index])
        until = self.config.augment_until * self.phase.horizon
        if iteration is not None and iteration < until:
            stream = rng.key(self.config.seed, "augment", self.number, iteration)
            inputs = augment(inputs, self.config, stream)
        return self.network.standardize(inputs)

    def _mixed_up(self, x: Tensor, targets: Tensor, iteration: int) -> tuple[Tensor, Tensor]:
        """MixUp (Zhang et al. 2018): blend inputs and targets with those of another order.

        Each picture has a weight of its own, uniform rather than beta distributed: with a limit of
        1 that is their alpha of 1.
        """
        count, seed = len(x), self.config.seed
        order = rng.order(count, rng.key(seed, "mixup", self.number, iteration), x.device)
        draws = rng.uniform(count, rng.key(seed, "weight", self.number, iteration), x.device)
        weight = (draws * self.phase.mixup).unsqueeze(1)
        mixed = torch.lerp(x, x[order], weight.view(-1, *[1] * (x.dim() - 1)))
        return mixed, torch.lerp(targets, targets[order], weight)
