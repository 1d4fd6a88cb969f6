"""The feature cache: what a network's pretrained backbone computes of every picture of a dataset.

`<data root>/.features/` holds one array per dataset fingerprint, network (with the digits of its
weights), input size and view, so nothing in it is ever out of date. Reading needs no torch.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Progress
from fruitlab.data.domains import DOMAINS, DomainName, TwoDomains
from fruitlab.features import writer
from fruitlab.features.views import VERSION, VIEWS
from fruitlab.models import weights
from fruitlab.models.weights import Weights


@dataclass(frozen=True, eq=False)
class DomainFeatures:
    """The features of one domain, in the order of its `Domain`.

    Attributes:
        rows: float16 [n, size], a read-only memory map.
        labels: int64 [n].
        train_index, test_index: ascending int64 places of training and test pictures in `rows`.
    """

    rows: np.ndarray
    labels: np.ndarray
    train_index: np.ndarray
    test_index: np.ndarray

    @property
    def train(self) -> np.ndarray:
        """The features of the training pictures, float16 [m, size]."""
        return self.rows[self.train_index]

    @property
    def test(self) -> np.ndarray:
        """The features of the test pictures, float16 [m, size]."""
        return self.rows[self.test_index]

    @property
    def train_labels(self) -> np.ndarray:
        """The labels of the training pictures, int64 [m]."""
        return self.labels[self.train_index]

    @property
    def test_labels(self) -> np.ndarray:
        """The labels of the test pictures, int64 [m]."""
        return self.labels[self.test_index]


@dataclass(frozen=True, eq=False)
class Features:
    """The features of both domains: the network's own, not standardized."""

    nice: DomainFeatures
    real: DomainFeatures

    @property
    def size(self) -> int:
        """Length of the features of one picture."""
        return self.nice.rows.shape[1]


def available(
    domains: TwoDomains, network: str, *, size: int | None = None, view: str = "whole"
) -> bool:
    """Whether `features` returns at once. Arguments as there."""
    return computed(domains.fingerprint, network, size=size, view=view)


def computed(
    fingerprint: str, network: str, *, size: int | None = None, view: str = "whole"
) -> bool:
    """`available` for a dataset of which only the fingerprint is known."""
    found = weights.find(network)
    return found is not None and _path(fingerprint, found, size, view).is_file()


def features(
    domains: TwoDomains,
    network: str,
    *,
    size: int | None = None,
    view: str = "whole",
    split_seed: int = 0,
    progress: Progress | None = None,
    device: str | None = None,
) -> Features:
    """The features of a dataset, computed if they are not in the cache yet.

    If another process computes them, this one waits for it. One that was interrupted at any moment
    is continued.

    Args:
        domains: the dataset.
        network: name of a registered network with pretrained weights, or timm:NAME.
        size: side of its input in pixels; None is the network's own.
        view: a name in `views.VIEWS`.
        split_seed: decides which pictures are for training and which for testing.
        progress: called with pictures done and all pictures.
        device: name of a torch device to compute them on; None is the CPU.

    Raises:
        ConfigError: there is no such network, or its weights are not on this machine.
        DataError: the dataset cannot be split, or the features cannot be written.
    """
    split = domains.split(split_seed)
    rows = _rows(domains, DOMAINS, network, size, view, progress, device)
    count = len(domains.nice.labels)
    return Features(
        nice=DomainFeatures(rows[:count], domains.nice.labels, split.nice_train, split.nice_test),
        real=DomainFeatures(rows[count:], domains.real.labels, split.real_train, split.real_test),
    )


def carry_over(before: TwoDomains, after: TwoDomains) -> None:
    """Write the features of a changed dataset that follow from those of the earlier one.

    After pictures were left out or grouped, the network need not look at the others again.

    Raises:
        DataError: the features cannot be written.
    """
    for path in (data_root() / ".features").glob(f"{before.fingerprint}-*-v{VERSION}.npy"):
        target = path.with_name(path.name.replace(before.fingerprint, after.fingerprint, 1))
        rows, start, places = np.load(path, mmap_mode="r"), 0, []
        names = [name for name in DOMAINS if path.stem.endswith(f"-{name}-v{VERSION}")] or DOMAINS
        for name in names:
            row_of = {content: start + i for i, content in enumerate(before.domain(name).hashes)}
            start += len(before.domain(name).hashes)
            places += [row_of.get(content, -1) for content in after.domain(name).hashes]
        if -1 not in places and not target.exists():
            writer.write_rows(target, rows[places])


def domain_features(
    domains: TwoDomains,
    name: DomainName,
    network: str,
    *,
    size: int | None = None,
    view: str = "whole",
    split_seed: int = 0,
    progress: Progress | None = None,
    device: str | None = None,
) -> DomainFeatures:
    """The features of one domain, for a view that is of no use in the other.

    Arguments and errors as for `features`, whose cache it does not share.
    """
    split = domains.split(split_seed)
    return DomainFeatures(
        _rows(domains, (name,), network, size, view, progress, device),
        domains.domain(name).labels,
        split.indices(name, "train"),
        split.indices(name, "test"),
    )


def _rows(
    domains: TwoDomains,
    names: tuple[DomainName, ...],
    network: str,
    size: int | None,
    view: str,
    progress: Progress | None,
    device: str | None,
) -> np.ndarray:
    """The features of the named domains, one after the other, float16 [n, size]."""
    path = _path(domains.fingerprint, weights.require(network), size, view, names)
    if not path.is_file():
        from fruitlab.features.extraction import Extractor

        def report(step: str, done: int, total: int) -> None:
            if progress is not None:  # another view is not the same work again, and says so
                progress(step if view == "whole" else f"{step} of the {view}", done, total)

        writer.write(
            path,
            [domains.domain(name).images for name in names],
            partial(Extractor, network, size, device),
            VIEWS[view],
            report,
        )
    return np.load(path, mmap_mode="r")


def _path(
    fingerprint: str,
    found: Weights,
    size: int | None,
    view: str,
    names: tuple[DomainName, ...] = DOMAINS,
) -> Path:
    """Where the features are or will be."""
    if view not in VIEWS:
        raise DataError(f"There is no view {view!r}. Choose one of: {', '.join(VIEWS)}.")
    folder = weights.folder(found.network).name
    view = view if names == DOMAINS else "-".join((view, *names))
    parts = (fingerprint, folder, found.key, size or found.input_size, view, f"v{VERSION}")
    return data_root() / ".features" / ("-".join(map(str, parts)) + ".npy")
