"""Reservoir sampling: a bounded, uniform sample of a stream, for each category and domain.

Vitter 1985, "Random sampling with a reservoir", algorithm R: the n-th picture of a cell is kept
with probability kept / n, in the place of a random one. What is kept depends on the seed and the
order of the pictures alone, so it can be computed again from a list of them.
"""

from collections import Counter
from typing import Generic, TypeVar

import numpy as np

from fruitlab.data.domains import DomainName

T = TypeVar("T")


class Reservoirs(Generic[T]):
    """One reservoir for each category of each domain.

    Args:
        kept: how many items each of them keeps at most; 0 keeps none.
        seed: decides which ones.
    """

    def __init__(self, kept: int, seed: int) -> None:
        self.kept = kept
        self._cells: dict[tuple[DomainName, int | str], list[T]] = {}
        self._offered: Counter[tuple[DomainName, int | str]] = Counter()
        self._random = np.random.Generator(np.random.Philox([seed, 3]))

    def offer(self, item: T, domain: DomainName, category: int | str) -> None:
        """Take an item of the stream into the sample, or leave it."""
        items = self._cells.setdefault((domain, category), [])
        self._offered[domain, category] += 1
        place = int(self._random.random() * self._offered[domain, category])
        if len(items) < self.kept:
            items.append(item)
        elif place < self.kept:
            items[place] = item

    def held(self, domain: DomainName) -> list[T]:
        """What the reservoirs of a domain hold."""
        return [item for (of, _), items in self._cells.items() if of == domain for item in items]
