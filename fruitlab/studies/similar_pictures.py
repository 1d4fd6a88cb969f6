"""Similar pictures of a dataset: their groups, and what they do to the accuracy."""

import dataclasses
from contextlib import suppress
from statistics import mean
from typing import Any

import numpy as np

from fruitlab.closed_form.path import scores, solve_head
from fruitlab.closed_form.similar import groups, similar_pairs
from fruitlab.closed_form.statistics import Statistics
from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress
from fruitlab.config.text import percent
from fruitlab.data import changes
from fruitlab.data.domains import DOMAINS, DomainName, Split, TwoDomains
from fruitlab.data.splitting import group_pictures
from fruitlab.features import cache
from fruitlab.features.cache import DomainFeatures, Features

RATIO, RIDGE = 0.6, 0.03  # of the heads; close to the best for photos
SEEDS = (0, 1, 2)  # splits of each kind that are compared


def find(data: TwoDomains, features: Features) -> dict[DomainName, np.ndarray]:
    """Groups of similar pictures in each domain, int64 [n] (`closed_form.similar.groups`)."""
    return {
        name: groups(
            similar_pairs(getattr(features, name).rows),
            data.domain(name).labels,
            data.domain(name).groups,
        )
        for name in DOMAINS
    }


def keep_together(
    data: TwoDomains, network: str, *, device: str | None = None, progress: Progress | None = None
) -> TwoDomains:
    """Keep similar pictures of an imported dataset on one side of every split.

    Raises:
        ConfigError, DataError: as `features.cache.features` and `data.changes.group`.
    """
    found = cache.features(data, network, progress=progress, device=device)
    changed = changes.group(data.name, _keys(data, find(data, found)), progress)
    cache.carry_over(data, changed)
    return changed


def splits(
    data: TwoDomains, features: Features, grouped: dict[DomainName, np.ndarray]
) -> dict[str, dict[str, list[float]]]:
    """Accuracy on test pictures if each picture is split on its own, and if groups stay together.

    Returns:
        {"alone" | "together": {"nice" | "real": top-1 accuracy with each seed}}. Without those of
        seeds with which some category would have no test pictures.
    """
    kinds: dict[str, dict[str, str]] = {"alone": {}, "together": _keys(data, grouped)}
    result: dict[str, dict[str, list[float]]] = {}
    for kind, keys in kinds.items():
        regrouped = _regrouped(data, keys)
        tested = []
        for seed in SEEDS:
            with suppress(DataError):
                tested.append(_tested(features, regrouped.split(seed), data.categories))
        result[kind] = {name: [one[name] for one in tested] for name in DOMAINS}
    return result


def mean_accuracy(found: list[float]) -> str:
    """The mean over the splits, "—" if there is none."""
    return percent(mean(found)) if found else "—"


def describe(features: Features, name: DomainName, grouped: np.ndarray) -> dict[str, Any]:
    """The groups of one domain with more than one picture, the largest first.

    Returns:
        *pictures* in groups; *across*, test pictures in a group with training pictures; *test*,
        all test pictures; *groups*, lists of rows.
    """
    test = np.zeros(len(grouped), bool)
    test[getattr(features, name).test_index] = True
    sizes, tests = np.bincount(grouped), np.bincount(grouped, weights=test)
    order = np.argsort(grouped, kind="stable")
    members = np.split(order, np.cumsum(sizes)[:-1])
    several = sorted((m.tolist() for m in members if len(m) > 1), key=lambda m: (-len(m), m[0]))
    return {
        "pictures": int(sizes[sizes > 1].sum()),
        "across": int((test & (tests < sizes)[grouped]).sum()),
        "test": int(test.sum()),
        "groups": several,
    }


def _keys(data: TwoDomains, grouped: dict[DomainName, np.ndarray]) -> dict[str, str]:
    """A group key for every picture that is similar to another, by content hash."""
    keys: dict[str, str] = {}
    for name, found in grouped.items():
        hashes = np.array(data.domain(name).hashes)
        for group in np.flatnonzero(np.bincount(found) > 1).tolist():
            members = hashes[found == group].tolist()
            keys |= dict.fromkeys(members, f"similar {min(members)}")
    return keys


def _regrouped(data: TwoDomains, keys: dict[str, str]) -> TwoDomains:
    """The dataset with these groups only."""
    hashes = data.nice.hashes + data.real.hashes
    grouped, group_keys = group_pictures(hashes, [keys.get(content) for content in hashes])
    count = len(data.nice.hashes)
    nice = dataclasses.replace(data.nice, groups=grouped[:count])
    real = dataclasses.replace(data.real, groups=grouped[count:])
    return dataclasses.replace(data, nice=nice, real=real, group_keys=group_keys)


def _tested(features: Features, split: Split, categories: tuple[str, ...]) -> dict[str, float]:
    """Top-1 accuracy of a head on either test set."""
    count, sides = len(categories), []
    for name in DOMAINS:
        domain: DomainFeatures = getattr(features, name)
        train, test = split.indices(name, "train"), split.indices(name, "test")
        sides.append((domain, train, test))
    nice, real = (
        Statistics.of(one.rows[train], one.labels[train], count) for one, train, _ in sides
    )
    head = solve_head(nice, real, RATIO, RIDGE)
    return {
        name: float((scores(one.rows[test], head).argmax(1) == one.labels[test]).mean())
        for name, (one, _, test) in zip(DOMAINS, sides, strict=True)
    }
