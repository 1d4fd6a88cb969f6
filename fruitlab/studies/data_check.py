"""The data check: similar pictures, what backgrounds tell, and labels that may be wrong.

Everything is computed from features of a pretrained network and heads in closed form, and kept as
JSON beside the features. docs/data-check.md says what each figure means.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from fruitlab.closed_form.leave_one_out import LeaveOneOut, Pictures, probabilities
from fruitlab.closed_form.path import Path as HeadPath
from fruitlab.closed_form.path import scores, solve_head
from fruitlab.closed_form.statistics import Statistics
from fruitlab.config.files import write_json
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Progress
from fruitlab.data import changes
from fruitlab.data.domains import DOMAINS, TwoDomains
from fruitlab.features import cache
from fruitlab.features.cache import DomainFeatures, Features
from fruitlab.metrics.accuracy import accuracy
from fruitlab.studies import picture_map, similar_pictures
from fruitlab.studies.similar_pictures import RATIO, RIDGE

SUSPECT = 0.75  # share of what a whole picture tells, from which on its border tells too much
DOUBTFUL = 60  # pictures of each domain
STEPS = 5


def check(
    data: TwoDomains, network: str, *, device: str | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Check a dataset, and keep the result for `read`. Also draws its `picture_map`.

    Returns:
        *fingerprint*, *network*; *similar* of each domain (`similar_pictures.describe`); *splits*
        (`similar_pictures.splits`); *background* (`background`); *doubtful* pictures of each
        domain (`doubtful`).

    Raises:
        ConfigError, DataError: as `features.cache.features`.
    """
    report = progress or (lambda step, done, total: None)
    found = cache.features(data, network, progress=progress, device=device)
    border = cache.domain_features(
        data, "real", network, view="border", progress=progress, device=device
    )
    report("Comparing pictures", 0, STEPS)
    grouped = similar_pictures.find(data, found)
    report("Comparing splits", 1, STEPS)
    result: dict[str, Any] = {
        "fingerprint": data.fingerprint,
        "network": network,
        "similar": {
            name: similar_pictures.describe(found, name, grouped[name]) for name in DOMAINS
        },
        "splits": similar_pictures.splits(data, found, grouped),
    }
    report("Looking at backgrounds", 2, STEPS)
    result["background"] = background(border, found.real, data.categories)
    report("Looking for doubtful labels", 3, STEPS)
    result["doubtful"] = doubtful(found, len(data.categories))
    report("Drawing the map", 4, STEPS)
    earlier = read(data.fingerprint)
    of_another_network = earlier is not None and earlier["network"] != network
    if of_another_network or not picture_map.file_of(data.fingerprint).exists():
        picture_map.draw(found, data.fingerprint)
    write_json(_file(data.fingerprint), result)
    report("Drawing the map", STEPS, STEPS)
    return result


def read(fingerprint: str) -> dict[str, Any] | None:
    """The last check of these pictures; None if there is none."""
    try:
        return json.loads(_file(fingerprint).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def exclude(data: TwoDomains, hashes: list[str], progress: Progress | None = None) -> TwoDomains:
    """Leave pictures out of an imported dataset, and keep the features of the others.

    Raises:
        DataError: as `data.changes.exclude`.
    """
    changed = changes.exclude(data.name, hashes, progress)
    cache.carry_over(data, changed)
    return changed


def background(
    border: DomainFeatures, whole: DomainFeatures, categories: tuple[str, ...]
) -> list[dict[str, Any]]:
    """What real pictures' borders tell about their category, on test pictures.

    Each head learns from training pictures, with the same weight for every category, so that
    random answers would be right in one of `len(categories)`.

    Returns:
        For each category *border* and *whole*, the accuracy of a head that sees that, with
        intervals; *called*, the share of other categories' pictures that the first head calls
        this; *share*, how much of what the whole picture tells, beyond random answers, the border
        tells too; and *suspect*, whether that is at least `SUSPECT`. The highest share first.
    """
    truth, count = whole.test_labels, len(categories)
    random = 1 / count
    seen = {"border": _answers(border, count), "whole": _answers(whole, count)}
    table = []
    for label, category in enumerate(categories):
        own = truth == label
        row: dict[str, Any] = {"category": category, "pictures": int(own.sum())}
        for name, answers in seen.items():
            row |= accuracy(int((answers[own] == label).sum()), int(own.sum()), name)
        row["called"] = float((seen["border"][~own] == label).mean())
        beyond = max(row["whole"] - random, 0.0)
        row["share"] = max(row["border"] - random, 0.0) / beyond if beyond else 0.0
        row["suspect"] = row["share"] >= SUSPECT
        table.append(row)
    return sorted(table, key=lambda row: -row["share"])


def doubtful(features: Features, categories: int) -> dict[str, list[dict[str, Any]]]:
    """The pictures with the lowest leave-one-out probability of their own label, lowest first.

    All pictures take part, training and test alike: each is scored by a head that has learned
    from all others.

    Returns:
        For each domain, *row*, *probability* of the label, the head's *answer* (a label), and the
        *answer_probability*.
    """
    nice, real = (
        Pictures.of(domain.rows, domain.labels, categories)
        for domain in (features.nice, features.real)
    )
    path = HeadPath(nice.statistics(categories), real.statistics(categories), RIDGE)
    found = LeaveOneOut(path, nice, real)
    temperature = found.temperature(RATIO)
    result: dict[str, list[dict[str, Any]]] = {}
    for name, domain, scored in zip(DOMAINS, (nice, real), found.scores(RATIO), strict=True):
        probability = probabilities(scored, temperature)
        own = probability[np.arange(len(scored)), domain.labels]
        result[name] = [
            {
                "row": row,
                "probability": float(own[row]),
                "answer": int(probability[row].argmax()),
                "answer_probability": float(probability[row].max()),
            }
            for row in np.argsort(own, kind="stable")[:DOUBTFUL].tolist()
            if probability[row].argmax() != domain.labels[row]
        ]
    return result


def _answers(domain: DomainFeatures, categories: int) -> np.ndarray:
    """What a head that has learned from this domain's training pictures calls its test pictures."""
    train = Pictures.of(domain.train, domain.train_labels, categories, balance=True)
    nothing = Statistics.of(domain.train[:0], domain.train_labels[:0], categories)
    head = solve_head(nothing, train.statistics(categories), 1.0, RIDGE)
    return scores(domain.test, head).argmax(1)


def _file(fingerprint: str) -> Path:
    return data_root() / ".features" / f"{fingerprint}-check.json"
