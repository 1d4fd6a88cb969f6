"""Closed-form training of a dataset without a run: which ratio is best, and the slider's file."""

from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.closed_form.leave_one_out import Choice, Pictures, choose
from fruitlab.config.progress import Progress
from fruitlab.data.domains import TwoDomains
from fruitlab.features import cache

Pair = tuple[Pictures, Pictures]


def pictures(
    data: TwoDomains,
    network: str,
    *,
    size: int | None = None,
    split_seed: int = 0,
    balance: bool = False,
    progress: Progress | None = None,
) -> tuple[Pair, Pair]:
    """The features of nice and real training pictures, and of nice and real test pictures.

    Args:
        size: of the network's input in pixels; None is its own.
        balance: give every category of a domain the same weight.

    Raises:
        ConfigError, DataError: as `features.cache.features`.
    """
    found = cache.features(data, network, size=size, split_seed=split_seed, progress=progress)
    count = len(data.categories)
    nice, real = found.nice, found.real
    train = (
        Pictures.of(nice.train, nice.train_labels, count, balance=balance),
        Pictures.of(real.train, real.train_labels, count, balance=balance),
    )
    test = (
        Pictures.of(nice.test, nice.test_labels, count),
        Pictures.of(real.test, real.test_labels, count),
    )
    return train, test


def every_ratio(
    data: TwoDomains,
    network: str,
    train: Pair,
    test: Pair,
    *,
    ridge: float | None = None,
    progress: Progress = lambda step, done, total: None,
) -> tuple[AllRatios, Choice]:
    """The heads at all ratios with the best ridge, and how it was chosen.

    Args:
        train, test: as `pictures` returns them.
        ridge: None chooses it by leave-one-out predictions on training pictures.
    """
    chosen = choose(*train, len(data.categories), ridge=ridge)
    facts = {
        "categories": list(data.categories),
        "network": network,
        "data": data.name,
        "fingerprint": data.fingerprint,
        "training_pictures": [len(domain.labels) for domain in train],
        "test_pictures": [len(domain.labels) for domain in test],
    }
    return AllRatios.of(chosen.path, train, test, facts, progress), chosen
