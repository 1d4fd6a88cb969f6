"""A phase's training pictures, one batch at a time (paper 3.5)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.config.errors import DataError
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.batching import batches_per_epoch
from fruitlab.methods.phase import Batch, Phase, Pool, Stream
from fruitlab.models import moments
from fruitlab.models.kernels.execution import accelerate
from fruitlab.models.model import to_float
from fruitlab.training import rng
from fruitlab.training.arrivals import Arrivals, order_of
from fruitlab.training.augmentation import augment
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.scoring import features_of, infer
from fruitlab.training.state import State


@dataclass(frozen=True)
class Choice:
    """Which pictures make up a batch, and how they are changed.

    Attributes:
        places: int64 [batch], in the phase's pools one after the other.
        streams: an `rng.key` for everything that is random about the batch, by name. Without
            "augment", its pictures are not augmented.
        last_of_epoch: as in `Batch`.
        half_size: whether they have half the side.
    """

    places: Tensor
    streams: Mapping[str, int | Tensor]
    last_of_epoch: bool
    half_size: bool = False


class Batches:
    """The batches of a phase. Each is a function of seed, phase and iteration alone.

    The first pool is passed through in a random order that changes with every epoch. Every further
    pool fills a fixed share of each batch, in random orders of its own, repeated as needed.
    """

    def __init__(self, config: RunConfig, phase: Phase, data: DeviceDataset, state: State) -> None:
        self.config, self.phase, self.data, self.number = config, phase, data, state.phase
        self.network, self.memory = state.network, state.memory
        self.pools = [self._places(pool) for pool in phase.pools]
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
        self.labels, self.is_real = data.labels[self.every], data.is_real[self.every]
        self.features: Tensor | None = None
        if phase.inputs == "features":
            self.features = self._features()
        self.arrivals = None if phase.stream is None else self._arrivals(phase.stream)

    def at(self, iteration: int) -> Batch:
        """The batch of that iteration of the phase."""
        return self.gather(self.choose(iteration))

    def choose(self, iteration: int) -> Choice:
        """The pictures of that iteration of the phase."""
        if self.arrivals is not None:
            parts = [self._on_device(self.arrivals.batch(iteration))]
        else:
            parts = [self._next_of_first(iteration)]
        parts += [
            self._next_of_buffer(place, iteration * size, size)
            for place, size in enumerate(self.extra, start=1)
            if size and len(self.pools[place])
        ]
        augmented = iteration < self.config.augment_until * self.phase.horizon
        random = ["augment"] if augmented and self.features is None else []
        random += ["mixup", "blend"] if self.phase.mixup else []
        return Choice(
            places=torch.cat(parts),
            streams={
                name: rng.key(self.config.seed, name, self.number, iteration) for name in random
            },
            last_of_epoch=iteration % self.per_epoch == self.per_epoch - 1,
            half_size=iteration < self.phase.half_size,
        )

    def gather(self, choice: Choice) -> Batch:
        """The batch of these pictures, computed on the device."""
        index, labels = self.every[choice.places], self.labels[choice.places]
        if self.features is not None:
            inputs = self.features[choice.places]
        else:
            inputs = self._pictures(index, choice.streams.get("augment"), choice.half_size)
        targets = None if self.data.targets is None else self.data.targets[index]
        if "mixup" in choice.streams:
            if targets is None:
                targets = F.one_hot(labels, len(self.data.categories)).float()
            inputs, targets = mixed_up(inputs, targets, self.phase.mixup, choice.streams)
        real = self.is_real[choice.places].sum()
        return Batch(inputs, labels, index, real, choice.last_of_epoch, targets)

    def once(self, pool: Pool | None = None) -> Iterator[Batch]:
        """One pass over the pictures of a pool, the first by default, without augmentation.

        Every batch has the domains in the pool's proportion.
        """
        places = self.pools[0] if pool is None else self._places(pool)
        count = batches_per_epoch(len(places), self.config.batch_size)
        for start in range(count):
            last = start == count - 1
            if pool is None:
                rows = torch.arange(start, len(places), count, device=places.device)
                yield self.gather(Choice(rows, {}, last))
            else:
                index = places[start::count]
                real = self.data.is_real[index].sum()
                yield Batch(self._pictures(index), self.data.labels[index], index, real, last)

    def tested(self, iteration: int) -> Tensor:
        """How the network does on the pictures that arrive at an iteration, before it learns them.

        Returns:
            float [2, 2]: nice and real pictures, and how many of them are right.
        """
        assert self.arrivals is not None
        places = self._on_device(self.arrivals.new(iteration))
        if not len(places):
            return torch.zeros(2, 2, device=places.device)
        if self.features is None:
            logits = infer(self.network, self.data.images, self.every[places])
        else:
            with torch.inference_mode():
                logits = accelerate(self.network.eval()).head(self.features[places])
        real = self.is_real[places].float()
        right = (logits.argmax(1) == self.labels[places]).float()
        return torch.stack(
            [torch.stack([part.sum(), (part * right).sum()]) for part in (1 - real, real)]
        )

    def _arrivals(self, stream: Stream) -> Arrivals:
        """The stream of the phase, whose pictures are those of its first pool."""
        labels, is_real = self.labels.cpu().numpy(), self.is_real.cpu().numpy()
        held = np.zeros(0, dtype=np.int64)
        if stream.order == "folders":
            if self.data.arrivals is None:
                raise DataError("Only `fruitlab online` trains on a stream of folders.")
            held, order = np.split(np.arange(len(labels)), [len(labels) - len(self.data.arrivals)])
        else:
            order = order_of(stream, labels, is_real, self.data.categories, self.config.seed)
        return Arrivals(
            stream,
            order,
            held,
            labels,
            is_real,
            iterations=self.phase.iterations,
            batch=self.config.batch_size,
            seed=self.config.seed,
        )

    def _on_device(self, places: np.ndarray) -> Tensor:
        return torch.from_numpy(places).to(self.every.device)

    def _places(self, pool: Pool) -> Tensor:
        """Places of a pool's pictures, int64; -1 for each drawn feature."""
        if pool.moments is not None:
            return moments.labels(self.memory, pool.moments).fill_(-1)
        if pool.chosen is not None:
            return self.memory[pool.chosen]
        return self.data.pool(pool, seed=self.config.seed)

    def _pictures(
        self, index: Tensor, stream: int | Tensor | None = None, half_size: bool = False
    ) -> Tensor:
        """The network's input for the pictures at `index`; augmented if there is a stream."""
        inputs = to_float(self.data.images[index])
        if half_size:  # before the augmentation, which then takes a quarter of the time
            inputs = halved(inputs)
        if stream is not None:
            inputs = augment(inputs, self.config, stream)
        return self.network.standardize(inputs, half_size=half_size)

    def _features(self) -> Tensor:
        """The features of all pools; those of no picture are drawn, and get their labels here."""
        found = []
        for place, pool in enumerate(self.phase.pools):
            if pool.moments is None:
                found.append(features_of(self.network, self.data, self.pools[place]))
                continue
            stream = rng.key(self.config.seed, "moments", self.number, place)
            found.append(moments.draw(self.memory, pool.moments, seed=stream))
            rows = slice(self.starts[place], self.starts[place + 1])
            self.labels[rows] = moments.labels(self.memory, pool.moments)
            self.is_real[rows] = False
        return torch.cat(found)

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

    def order(self, place: int, number: int) -> Tensor:
        """int64: the order of a pool's pictures in its pass of that number."""
        pool = self.pools[place]
        parts = (
            ("order", self.number, number) if place == 0 else ("pool", self.number, place, number)
        )
        return _order(len(pool), rng.key(self.config.seed, *parts), pool.device)


@lru_cache(maxsize=16)  # a pass lasts for many batches
def _order(count: int, key: int, device: torch.device) -> Tensor:
    return rng.order(count, key, device)


def halved(x: Tensor) -> Tensor:
    """Pictures of half the side: the mean of every four pixels.

    As F.avg_pool2d, which takes seven times as long on a CPU where channels are last in memory.

    Args:
        x: float [batch, 3, side, side], channels last in memory.
    """
    rows = x[:, :, 0::2] + x[:, :, 1::2]
    return (rows[..., 0::2] + rows[..., 1::2]).mul_(0.25)


def mixed_up(
    x: Tensor, targets: Tensor, limit: float, streams: Mapping[str, int | Tensor]
) -> tuple[Tensor, Tensor]:
    """MixUp (Zhang et al. 2018): blend inputs and targets with those of another order.

    Each picture has a weight of its own, uniform rather than beta distributed: with a limit of 1
    that is their alpha of 1.
    """
    order = rng.order(len(x), streams["mixup"], x.device)
    weight = (rng.uniform(len(x), streams["blend"], x.device) * limit).unsqueeze(1)
    mixed = torch.lerp(x, x[order], weight.view(-1, *[1] * (x.dim() - 1)))
    return mixed, torch.lerp(targets, targets[order], weight)
