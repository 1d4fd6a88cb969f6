"""Learning corrections, going back, and forgetting pictures.

What a version knows follows from its base and the list of its pictures. So learning adds to the
list, and forgetting a picture takes it off the list of every version: the weights are then those of
a network that has never seen it.
"""

import time
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from scipy.special import softmax

from fruitlab.closed_form.corrections import Solution
from fruitlab.closed_form.path import scores as scores_of
from fruitlab.config.errors import RunError
from fruitlab.config.files import write_json
from fruitlab.config.modes import Action, changes
from fruitlab.config.progress import Progress
from fruitlab.corrections.base import Base, open_base
from fruitlab.corrections.features import delete_unused, features
from fruitlab.data import cache, collection
from fruitlab.data.collection import Collected
from fruitlab.metrics import accuracy
from fruitlab.runs import catalog, labels, log, versions
from fruitlab.runs.folder import Run
from fruitlab.runs.versions import Picture, Version

LOCK = "versions"


@changes(Action.COLLECT, collection.of_collection)
def learn(
    run: Run,
    pictures: Sequence[Collected],
    *,
    name: str | None = None,
    progress: Progress | None = None,
) -> Run:
    """A new version of a run that has learned some pictures too.

    Args:
        run: a closed-form run or a version of one, its parent.
        pictures: of the collection called `name`; None for the pages'.

    Raises:
        RunError: the run cannot learn, has learned all of them, or learns from another collection.
        DataError: a picture cannot be used.
    """
    name = name or collection.own()
    run = catalog.find(refresh().get(run.id, run.id))
    base = open_base(versions.base_of(run), progress)
    with cache.locked(LOCK):
        before = versions.read_version(run)
        if before and before.collection != name:
            raise RunError(f"{run.id} learns from the collection {before.collection!r}.")
        learned = list(before.learned) if before else []
        known = {one.hash for one in learned}
        new = [Picture(hash=p.hash, category=p.category) for p in pictures if p.hash not in known]
        if not new:
            raise RunError(f"{run.id} has learned these pictures already.")
        version = Version(
            base=base.run.id,
            parent=run.id,
            collection=name,
            learned=learned + new,
            before=summary_scores(run),
        )
        made = catalog.create(
            base.run.header() | {"base": base.run.id, "created": time.time()},
            config=base.config,
            run_id=versions.next_name(base.run.id),
        )
        _write(made, base, version)
    return made


@changes(Action.COLLECT)
def undo(run: Run) -> Run:
    """Forget what a version learned beyond its parent; returns the parent.

    Raises:
        RunError: it is no version.
    """
    version = versions.read_version(run)
    if version is None:
        raise RunError(f"{run.id} is not a version of a run: there is nothing to undo.")
    parent = _found(version.parent, version.base)
    before = {one.hash for one in _learned(parent)}
    forget([one.hash for one in version.learned if one.hash not in before], version.collection)
    return parent


@changes(Action.COLLECT, collection.of_collection)
def forget(hashes: Collection[str], name: str | None = None) -> list[Collected]:
    """Delete pictures from a collection, with their features, and from all weights.

    Returns:
        Those that were in the collection.
    """
    name = name or collection.own()
    found = collection.remove(hashes, name)
    refresh()
    delete_unused(name)
    return found


def refresh() -> dict[str, str]:
    """Make all versions know just what is in their collections.

    Pictures may have been deleted or moved to another category by hand. A version that then knows
    no more than its parent is deleted.

    Returns:
        For the id of each deleted version, the run that knows the same.
    """
    with cache.locked(LOCK):
        replaced: dict[str, str] = {}  # deleted versions and their parents
        changed: set[str] = set()
        for run in versions.all_versions():
            try:
                version = versions.read_version(run)
                assert version is not None
            except RunError:  # damaged: its network cannot be used either
                continue
            here = {(one.hash, one.category) for one in collection.pictures(version.collection)}
            kept = [one for one in version.learned if (one.hash, one.category) in here]
            if kept == version.learned and version.parent not in changed:
                continue
            changed.add(run.id)
            try:
                parent = _found(replaced.get(version.parent, version.parent), version.base)
                if kept != _learned(parent):
                    now = {
                        "parent": parent.id,
                        "learned": [one.model_dump() for one in kept],
                        "before": summary_scores(parent),
                    }
                    changed_version = Version.model_validate(version.model_dump() | now)
                    _write(run, open_base(versions.base_of(run)), changed_version)
                    continue
                replaced[run.id] = parent.id
            except RunError:  # without its base it cannot be computed, and it must forget
                pass
            labels.delete(run)
    return replaced


def head_of(base: Base, learned: Sequence[Picture], name: str) -> tuple[np.ndarray, list[str]]:
    """The head that has learned some pictures, float64 [features + 1, n], and its n categories."""
    names = list(dict.fromkeys((*base.categories, *(one.category for one in learned))))
    labels_of = np.array([names.index(one.category) for one in learned], dtype=int)
    rows = features([one.hash for one in learned], base.config, name)
    head = Solution(base.inverse, base.head).corrected(rows, labels_of, len(names))
    return head, names


def answers(base: Base, run: Run, found: str, name: str) -> list[dict[str, Any]]:
    """What a version of a base says of a picture: {category, probability}, three likeliest first.

    Args:
        found: the picture's hash. name: of its collection.
    """
    head, names = head_of(base, _learned(run), name)
    scores = scores_of(features([found], base.config, name), head)[0]
    probability = softmax(scores / base.temperature)
    likeliest = np.argsort(-probability, kind="stable")[:3]
    return [{"category": names[i], "probability": float(probability[i])} for i in likeliest]


def _write(run: Run, base: Base, version: Version) -> None:
    """Write all files of a version."""
    head, names = head_of(base, version.learned, version.collection)
    versions.write_version(run, version)
    header = run.header()
    if header["data"]["categories"] != names:
        run.write_header(header | {"data": header["data"] | {"categories": names}})
    weight, bias = base.layer
    layer = (head / base.temperature).astype(np.float32)
    run.write_tensors(
        "weights",
        {weight: np.ascontiguousarray(layer[:-1].T), bias: layer[-1].copy()},
        {"categories": names, "network": base.config.network},
    )
    table = _predictions(base, head, names)
    run.write_predictions(table)
    scores = accuracy.table_scores(table)
    point = base.run.metrics()[-1] | {
        domain: [scores[domain]["pictures"], *_right(table, real)]
        for domain, real in (("nice", False), ("real", True))
    }
    log.cut(run.log, 0)
    run.append(point)
    _, _, number = run.id.rpartition("-v")
    title = base.run.label().get("title") or base.run.id
    write_json(run.label_file, {"title": f"{title}, version {number}"})
    summary = base.run.summary() or {}
    run.finish(summary | scores | {"best": accuracy.best_scores([point])})


def _predictions(base: Base, head: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    """The answers to the test pictures, as `training.predictions` lays them out."""
    logits = scores_of(base.test, (head / base.temperature).astype(np.float32))
    truth = base.table["truth"]
    of_truth = logits[np.arange(len(truth)), truth][:, None]
    top3 = np.argsort(-logits, axis=1, kind="stable")[:, : min(3, len(names))]
    return base.table | {
        "categories": np.array(names),
        "rank": ((logits >= of_truth).sum(1) - 1).astype(np.int32),
        "top3": top3.astype(np.int32),
        "probability": np.take_along_axis(softmax(logits, axis=1), top3, 1).astype(np.float32),
    }


def _right(table: dict[str, np.ndarray], real: bool) -> list[int]:
    rank = table["rank"][table["real"] == real]
    return [int((rank < 1).sum()), int((rank < 3).sum())]


def summary_scores(run: Run) -> dict[str, Any]:
    """A run's scores on both test sets, without those of each category."""
    summary = run.summary() or {}
    return {
        name: {key: value for key, value in summary[name].items() if key != "per_category"}
        for name in accuracy.SCORES
    }


def _learned(run: Run) -> list[Picture]:
    version = versions.read_version(run)
    return list(version.learned) if version else []


def _found(run_id: str, base_id: str) -> Run:
    """The run of that id; the base, if it was deleted."""
    try:
        return catalog.find(run_id)
    except RunError:
        return catalog.find(base_id)
