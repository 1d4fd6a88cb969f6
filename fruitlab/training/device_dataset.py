"""Both domains' pictures as one uint8 tensor on the device, and the index sets a run draws from.

30 kB a picture: 18,000 are 540 MB, so they are kept as they are and turned into floats a batch at a time.
"""

import unicodedata
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from fruitlab.data.domains import DOMAINS, TwoDomains


@dataclass(frozen=True)
class Resident:
    """A pair of domains on a device, split into training and test pictures.

    Attributes:
        images: uint8 [n, 100, 100, 3], nice then real.
        labels: int64 [n].
        is_real: bool [n].
        train, test: for *nice* and *real*, int64 indices into images.
    """

    categories: tuple[str, ...]
    images: Tensor
    labels: Tensor
    is_real: Tensor
    train: dict[str, Tensor]
    test: dict[str, Tensor]

    @classmethod
    def of(cls, data: TwoDomains, split_seed: int, device: torch.device) -> "Resident":
        """Splits (paper 4.3) and moves everything to the device, once. Raises DataError as `TwoDomains.split` does."""
        split, nice, real = data.split(split_seed), data.nice, data.real
        images = torch.empty(
            (len(nice.labels) + len(real.labels), *nice.images.shape[1:]), dtype=torch.uint8
        )
        np.concatenate(
            [nice.images, real.images], out=images.numpy()
        )  # from the files straight to where they stay
        labels = np.concatenate([nice.labels, real.labels])

        def there(array: np.ndarray, offset: int = 0) -> Tensor:
            return torch.from_numpy(array + offset).to(device)

        offset = len(nice.labels)
        return cls(
            data.categories,
            images.to(device),
            there(labels),
            there(np.arange(len(labels))) >= offset,
            {"nice": there(split.nice_train), "real": there(split.real_train, offset)},
            {"nice": there(split.nice_test), "real": there(split.real_test, offset)},
        )

    def training_set(self, *, nice: float, real: float, seed: int) -> Tensor:
        """Indices of these shares of the two training sets (paper 4.4), int64; chosen at random by the seed, once.

        Nested: a larger share holds a smaller one's pictures, so two ratios of one seed differ by what was exchanged.
        """
        chosen = []
        for domain, share in zip(DOMAINS, (nice, real), strict=True):
            pictures = self.train[domain]
            order = np.random.Generator(
                np.random.Philox([seed, DOMAINS.index(domain)])
            ).permutation(len(pictures))
            count = int(share * len(pictures) + 0.5)
            chosen.append(pictures[torch.from_numpy(order[:count]).to(pictures.device)])
        return torch.cat(chosen)

    def test_subset(self, domain: str, count: int) -> Tensor:
        """At most `count` test pictures of the domain, each category in proportion, always the same ones: int64 indices."""
        test = self.test[domain]
        return test[stratified(self.labels[test], count)]

    def labelled_as(self, categories: tuple[str, ...]) -> "Resident":
        """The same pictures in a network's numbering; test pictures of a category that it does not know are left out."""
        places = {plain(name): place for place, name in enumerate(categories)}
        known = torch.tensor(
            [places.get(plain(name), -1) for name in self.categories], device=self.labels.device
        )
        labels = known[self.labels]
        test = {domain: index[labels[index] >= 0] for domain, index in self.test.items()}
        return replace(self, categories=categories, labels=labels, test=test)


def stratified(labels: Tensor, count: int) -> Tensor:
    """Ascending places of at most `count` of the pictures with these labels, each category in proportion, always the same ones: int64."""
    if count >= len(labels):
        return torch.arange(len(labels), device=labels.device)
    # The i-th of a category's n pictures stands at (i + 1/2) / n; the first ones by that number are spread evenly.
    known, place = labels.cpu().numpy(), np.empty(len(labels))
    for label in np.unique(known):
        of_label = np.flatnonzero(known == label)
        shuffled = np.random.Generator(np.random.Philox([0, int(label)])).permutation(len(of_label))
        place[of_label[shuffled]] = (np.arange(len(of_label)) + 0.5) / len(of_label)
    chosen = np.sort(np.argsort(place, kind="stable")[:count])
    return torch.from_numpy(chosen).to(labels.device)


def plain(category: str) -> str:
    """A category's name as it is compared: case and composition of letters aside."""
    return unicodedata.normalize("NFC", category).casefold()
