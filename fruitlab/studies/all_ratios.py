"""Closed-form training of a dataset without a run: which ratio is best, and the slider's file."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.closed_form.learning_curve import half_and_all
from fruitlab.closed_form.leave_one_out import Choice, Pictures, choose
from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root, shipped_root
from fruitlab.config.progress import Progress
from fruitlab.data import store
from fruitlab.data.domains import TwoDomains
from fruitlab.features import cache, familiar
from fruitlab.features.familiar import Familiar
from fruitlab.methods.closed_form import ClosedForm

NAME = "ratios.safetensors"
Pair = tuple[Pictures, Pictures]


def files() -> list[Path]:
    """The shipped ratios file, and those of the datasets on this machine."""
    prints = [str(data["fingerprint"]) for data in store.available() if data["fingerprint"]]
    return [
        path
        for path in (shipped_root() / NAME, *map(file_of, dict.fromkeys(prints)))
        if path.is_file()
    ]


def file_of(fingerprint: str) -> Path:
    """Where the ratios file of a dataset on this machine is or will be."""
    return data_root() / ".features" / f"{fingerprint}-{NAME}"


def named(name: str) -> AllRatios:
    """The heads at all ratios of a dataset, by its name.

    Raises:
        DataError: there are none yet.
    """
    for path in files():
        with suppress(DataError):
            if (found := AllRatios.load(path)).facts["data"] == name:
                return found
    raise DataError(
        f"There is no answer for {name} yet. Compute it: python -m fruitlab answer --data {name}"
    )


def pictures(data: TwoDomains, config: ClosedForm, progress: Progress | None) -> tuple[Pair, Pair]:
    """The features of nice and real training pictures, and of nice and real test pictures.

    Args:
        config: its network, input size, split and balance.

    Raises:
        ConfigError, DataError: as `features.cache.features`.
    """
    found = cache.features(
        data,
        config.network,
        size=config.input_size or None,
        split_seed=config.split_seed,
        progress=progress,
    )
    domains, count = (found.nice, found.real), len(data.categories)
    nice, real = (
        Pictures.of(one.train, one.train_labels, count, balance=config.balance) for one in domains
    )
    nice_test, real_test = (Pictures.of(one.test, one.test_labels, count) for one in domains)
    _keep_familiar(data, config, nice, real)
    return (nice, real), (nice_test, real_test)


def _keep_familiar(data: TwoDomains, config: ClosedForm, nice: Pictures, real: Pictures) -> None:
    """Write what the dataset looks like beside its features, unless it is there."""
    path = familiar.file_of(data.fingerprint)
    if path.is_file() or not path.parent.is_dir():
        return
    made = Familiar.of(
        nice.features,
        real.features,
        network=config.network,
        input_size=config.input_size,
        fingerprint=data.fingerprint,
    )
    with suppress(OSError):  # a full disk: photos are answered without it
        made.save(path)


def choose_for(
    data: TwoDomains,
    config: ClosedForm,
    *,
    ratio: int | None,
    ridge: float | None,
    progress: Progress | None = None,
) -> Choice:
    """The best ratio and ridge for a dataset (`leave_one_out.choose`); None is to be chosen."""
    train, _ = pictures(data, config, progress)
    return choose(*train, len(data.categories), ratio=ratio, ridge=ridge, progress=progress)


def every_ratio(
    data: TwoDomains,
    config: ClosedForm,
    *,
    ridge: float | None = None,
    progress: Progress | None = None,
) -> AllRatios:
    """The heads at all ratios and how they do on the test pictures.

    Args:
        ridge: None chooses the best by leave-one-out predictions on training pictures.
    """
    train, test = pictures(data, config, progress)
    count = len(data.categories)
    chosen = choose(*train, count, ridge=ridge, progress=progress)
    half, full = half_and_all(chosen.path, *train, count, chosen.ratio / 100)
    facts = {
        "categories": list(data.categories),
        "network": config.network,
        "input_size": config.input_size,
        "data": data.name,
        "fingerprint": data.fingerprint,
        "training_pictures": [len(domain.labels) for domain in train],
        "test_pictures": [len(domain.labels) for domain in test],
        "learning_curve": {
            "half": half.round(4).tolist(),
            "all": full.round(4).tolist(),
            "pictures": np.bincount(train[1].labels, minlength=count).tolist(),
        },
    }
    return AllRatios.of(chosen.path, train, test, facts, progress)
