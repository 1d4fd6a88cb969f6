"""Both domains' pictures as one uint8 tensor on the device, and the index sets that runs draw from.

A picture takes 30 kB: 18,000 take 540 MB. They stay uint8 and become floats one batch at a time.
"""

import unicodedata
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from fruitlab.config.run_config import RunConfig
from fruitlab.data.domains import DOMAINS, TwoDomains
from fruitlab.methods.phase import Pool


@dataclass(frozen=True)
class DeviceDataset:
    """Two domains on a device, split into training and test pictures.

    Attributes:
        images: uint8 [n, 100, 100, 3], nice pictures first.
        labels: int64 [n].
        is_real: bool [n].
        train, test: {"nice": ..., "real": ...}, int64 places in `images`. `test` are validation
            pictures if the run holds some back.
        targets: float32 [n, categories], what the network should answer to each picture, as
            probabilities (soft targets). None: the label.
        features: float [n, size], what the pretrained backbone computes of `images`, for a run that
            never changes the backbone; None if that is not known.
        held, arrivals: int64 places of pictures outside of the split, for a stream from folders:
            those in the buffers at the start, and those that arrive, in their order.
    """

    categories: tuple[str, ...]
    images: Tensor
    labels: Tensor
    is_real: Tensor
    train: dict[str, Tensor]
    test: dict[str, Tensor]
    targets: Tensor | None = None
    features: Tensor | None = None
    held: Tensor | None = None
    arrivals: Tensor | None = None

    @classmethod
    def of(cls, data: TwoDomains, config: RunConfig, device: torch.device) -> "DeviceDataset":
        """Split the pictures as the run does (paper 4.3) and copy everything to the device.

        Raises:
            DataError: as `TwoDomains.split`.
        """
        split = data.split(config.split_seed, config.validation)
        nice, real = data.nice, data.real
        count = len(nice.labels) + len(real.labels)
        images = torch.empty((count, *nice.images.shape[1:]), dtype=torch.uint8)
        np.concatenate([nice.images, real.images], out=images.numpy())  # without another copy
        labels = np.concatenate([nice.labels, real.labels])
        offset = len(nice.labels)

        def moved(array: np.ndarray, offset: int = 0) -> Tensor:
            return torch.from_numpy(array + offset).to(device)

        return cls(
            categories=data.categories,
            images=images.to(device),
            labels=moved(labels),
            is_real=moved(np.arange(len(labels))) >= offset,
            train={"nice": moved(split.nice_train), "real": moved(split.real_train, offset)},
            test={"nice": moved(split.nice_test), "real": moved(split.real_test, offset)},
        )

    def pool(self, pool: Pool, *, seed: int) -> Tensor:
        """Places of a pool's training pictures (paper 4.4), int64; chosen at random by the seed.

        Pools are nested: a larger fraction holds the pictures of a smaller one, and a larger
        buffer those of a smaller one, so two runs of a seed differ by what was exchanged. Of a
        stream from folders, all its pictures: those held, and then those that arrive.
        """
        if self.held is not None and self.arrivals is not None:
            return torch.cat([self.held, self.arrivals])
        chosen = []
        for number, (domain, share) in enumerate(zip(DOMAINS, (pool.nice, pool.real), strict=True)):
            pictures = self.train[domain]
            random = np.random.Generator(np.random.Philox([seed, number]))
            order = random.permutation(len(pictures))[: int(share * len(pictures) + 0.5)]
            if pool.per_category is not None:
                order = order[self._rank_in_category(pictures, order) < pool.per_category]
            chosen.append(pictures[torch.from_numpy(order).to(pictures.device)])
        return torch.cat(chosen)

    def test_subset(self, domain: str, count: int) -> Tensor:
        """At most `count` test pictures of a domain, int64 places; always the same ones.

        Every category has its share.
        """
        test = self.test[domain]
        return test[stratified(self.labels[test], count)]

    def labelled_as(self, categories: tuple[str, ...]) -> "DeviceDataset":
        """The same pictures with the labels of a network with other categories.

        Test pictures of categories that the network does not know are left out.
        """
        places = {normalized(name): place for place, name in enumerate(categories)}
        known = [places.get(normalized(name), -1) for name in self.categories]
        labels = torch.tensor(known, device=self.labels.device)[self.labels]
        test = {domain: index[labels[index] >= 0] for domain, index in self.test.items()}
        return replace(self, categories=categories, labels=labels, test=test)

    def _rank_in_category(self, pictures: Tensor, order: np.ndarray) -> np.ndarray:
        """How many pictures of its category come before each picture, int64 [n]."""
        labels = self.labels[pictures].cpu().numpy()[order]
        rank = np.empty(len(order), dtype=np.int64)
        for label in np.unique(labels):
            of_label = np.flatnonzero(labels == label)
            rank[of_label] = np.arange(len(of_label))
        return rank


def stratified(labels: Tensor, count: int) -> Tensor:
    """Ascending places of at most `count` pictures, every category in proportion, int64.

    The choice is always the same for the same labels.

    Args:
        labels: int64 [n].
    """
    if count >= len(labels):
        return torch.arange(len(labels), device=labels.device)
    # Picture i of a category's n gets position (i + 1/2) / n, so the lowest positions have every
    # category in proportion.
    known = labels.cpu().numpy()
    position = np.empty(len(labels))
    for label in np.unique(known):
        of_label = np.flatnonzero(known == label)
        random = np.random.Generator(np.random.Philox([0, int(label)]))
        shuffled = random.permutation(len(of_label))
        position[of_label[shuffled]] = (np.arange(len(of_label)) + 0.5) / len(of_label)
    chosen = np.sort(np.argsort(position, kind="stable")[:count])
    return torch.from_numpy(chosen).to(labels.device)


def normalized(category: str) -> str:
    """A category's name for comparison, regardless of case and Unicode composition."""
    return unicodedata.normalize("NFC", category).casefold()
