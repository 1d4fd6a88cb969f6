"""A stream of training pictures: which ones arrive at each iteration, and which are trained on.

Pictures arrive a few at a time, in an order that the phase's `Stream` says. Each is first tested
and then offered to the reservoir of its category and domain. A batch has fixed shares of both
domains, of a domain that has arrived: the new pictures, and for the rest pictures from the
reservoirs (experience replay; Chaudhry et al. 2019, "On tiny episodic memories in continual
learning").

All of it is a function of seed and iteration, so that a resumed run sees the same stream.
"""

from collections.abc import Sequence

import numpy as np

from fruitlab.config.errors import DataError
from fruitlab.data.domains import DOMAINS
from fruitlab.data.reservoir import Reservoirs
from fruitlab.methods.phase import Stream

LATE = 2 / 3  # a late category arrives in the last third of the stream
BATCH = 64  # pictures, where the configuration says one twentieth of the training set


class Arrivals:
    """The stream of a phase. Places are those of its pool.

    Args:
        stream: the phase's.
        order: places in the order in which they arrive, int64 [n].
        held: places that the reservoirs hold before the first one arrives, int64.
        labels, is_real: of all places.
        iterations: over which the pictures arrive, evenly.
        batch: pictures in a batch.
        seed: the run's.
    """

    def __init__(
        self,
        stream: Stream,
        order: np.ndarray,
        held: np.ndarray,
        labels: np.ndarray,
        is_real: np.ndarray,
        *,
        iterations: int,
        batch: int,
        seed: int,
    ) -> None:
        self.stream, self.order, self.held = stream, order, held
        self.labels, self.is_real = labels, is_real
        self.iterations, self.seed = iterations, seed
        real = round(stream.ratio / 100 * (batch or BATCH))
        self.shares = ((batch or BATCH) - real, real)
        self._restart()

    def new(self, iteration: int) -> np.ndarray:
        """The places that arrive at an iteration, int64."""
        return self.order[self._arrived_before(iteration) : self._arrived_before(iteration + 1)]

    def batch(self, iteration: int) -> np.ndarray:
        """The places that an iteration trains on, after its pictures have arrived, int64."""
        self._go_to(iteration + 1)
        new, last = self.new(iteration), self._arrived_before(iteration + 1)
        if not self.stream.kept:
            return new if len(new) else self.order[:last][-1:]  # the last one again
        random = np.random.Generator(np.random.Philox([self.seed, 4, iteration]))
        fresh = [new[self.is_real[new] == real] for real in (False, True)]
        buffers = [np.array(self._reservoirs.held(domain), dtype=np.int64) for domain in DOMAINS]
        shares = [
            share if len(held) else 0 for share, held in zip(self.shares, buffers, strict=True)
        ]
        if not any(shares):  # the ratio is 0 or 100%, and the other domain came first
            shares = [sum(self.shares) if len(held) else 0 for held in buffers]
        parts = []
        for arrived, buffer, share in zip(fresh, buffers, shares, strict=True):
            parts.append(arrived[:share])
            rest = share - len(parts[-1])
            parts.append(random.choice(buffer, rest) if rest else buffer[:0])
        return np.concatenate(parts)

    def sizes(self, iteration: int) -> dict[str, int]:
        """How many pictures of each domain are held before an iteration."""
        self._go_to(iteration)
        return {domain: len(self._reservoirs.held(domain)) for domain in DOMAINS}

    def _arrived_before(self, iteration: int) -> int:
        """How many pictures arrive before an iteration, rounded up: the first has some."""
        return min(-(-iteration * len(self.order) // self.iterations), len(self.order))

    def _restart(self) -> None:
        self._reservoirs: Reservoirs[int] = Reservoirs(self.stream.kept, self.seed)
        self._arrived = 0
        self._offer(self.held)

    def _go_to(self, iteration: int) -> None:
        """Let everything arrive that does before an iteration."""
        last = self._arrived_before(iteration)
        if last < self._arrived:
            self._restart()
        self._offer(self.order[self._arrived : last])
        self._arrived = last

    def _offer(self, places: np.ndarray) -> None:
        for place in places.tolist():
            domain = DOMAINS[int(self.is_real[place])]
            self._reservoirs.offer(place, domain, int(self.labels[place]))


def order_of(
    stream: Stream,
    labels: np.ndarray,
    is_real: np.ndarray,
    categories: Sequence[str],
    seed: int,
) -> np.ndarray:
    """The order in which the pictures of a dataset arrive, int64 [n].

    "nice-first": all nice pictures, then all real ones. "alternating": both, spread evenly.
    "late:CATEGORY": the same, but for one category, whose pictures all come in the last third.

    Raises:
        DataError: there is no such category.
    """
    shuffled = np.random.Generator(np.random.Philox([seed, 5])).permutation(len(labels))
    if stream.order == "nice-first":
        return np.concatenate([shuffled[~is_real[shuffled]], shuffled[is_real[shuffled]]])
    moment = np.empty(len(labels))
    late = labels == late_category(stream.order, categories)
    for group in (~is_real & ~late, is_real & ~late, ~is_real & late, is_real & late):
        places = shuffled[group[shuffled]]
        moment[places] = (np.arange(len(places)) + 0.5) / max(1, len(places))
    moment[late] = LATE + (1 - LATE) * moment[late]
    return np.argsort(moment, kind="stable")


def late_category(order: str, categories: Sequence[str]) -> int:
    """The label of the category that arrives late; -1 if none does. Raises DataError."""
    kind, _, name = order.partition(":")
    if kind != "late":
        return -1
    if name not in categories:
        raise DataError(
            f"There is no category {name!r} to arrive late. There are: {', '.join(categories)}."
        )
    return list(categories).index(name)
