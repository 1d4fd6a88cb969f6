"""One correction by a person: the photo is kept, and the network learns it if it can."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from fruitlab.config.errors import DataError, RunError
from fruitlab.config.modes import Action, changes
from fruitlab.config.progress import Progress
from fruitlab.corrections import base
from fruitlab.data import collection
from fruitlab.data.collection import Collected
from fruitlab.inference import client
from fruitlab.runs import catalog, versions
from fruitlab.runs.folder import Run


@dataclass(frozen=True)
class Correction:
    """What came of a correction.

    Attributes:
        kept: the photo in the collection.
        run: the version that has learned it; None if the network did not.
        why_not: why it did not; else empty.
        photo: what the network says of the photo before and after, each as {category, probability},
            the three likeliest first.
        scores: {nice, real, combined} on the test sets before and after.
    """

    kept: Collected
    run: Run | None = None
    why_not: str = ""
    photo: tuple[list[dict[str, Any]], ...] = ()
    scores: tuple[dict[str, Any], ...] = ()


@changes(Action.COLLECT, collection.of_collection)
def correct(
    run_id: str | None,
    photo: np.ndarray | bytes | Path,
    category: str,
    *,
    name: str | None = None,
    progress: Progress | None = None,
) -> Correction:
    """Keep a photo in a collection under its right category, and teach it to a network.

    Args:
        run_id: the run that was wrong. If it is a closed-form run or a version of one, a new
            version learns the photo. None only keeps it.
        photo: uint8 [100, 100, 3], or a picture file or its bytes.
        category: one of the network's, a new one, or `collection.NO_FRUIT`.
        name: of the collection; None for the pages'.

    Raises:
        DataError: the photo or the category cannot be used, or the collection is full.
        RunError: there is no such run.
    """
    from fruitlab.corrections import learning  # SciPy takes a while

    run = catalog.find(run_id) if run_id else None
    name = name or collection.own()
    kept = collection.add(photo, category, name)
    if run is None:
        return Correction(kept, why_not=base.NO_NETWORK)
    if why := base.why_not(versions.base_of(run)):
        return Correction(kept, why_not=why)
    try:
        made = learning.learn(run, [kept], name=name, progress=progress)
    except RunError as error:
        return Correction(kept, why_not=str(error))
    opened, version = base.open_base(versions.base_of(made)), versions.read_version(made)
    assert version is not None
    parent = catalog.find(version.parent)
    return Correction(
        kept,
        made,
        photo=tuple(learning.answers(opened, each, kept.hash, name) for each in (parent, made)),
        scores=tuple(learning.summary_scores(each) for each in (parent, made)),
    )


@changes(Action.COLLECT)
def prepare(run_id: str) -> Thread:
    """Load in the background what a correction needs; one that comes earlier waits for it."""
    thread = Thread(target=_load, args=(run_id,), daemon=True)
    thread.start()
    return thread


def _load(run_id: str) -> None:
    """Load PyTorch and the network on the prediction server, SciPy and the solution here."""
    with suppress(DataError, RunError, client.PredictorError):  # the correction itself will say so
        run = versions.base_of(catalog.find(run_id))
        if base.why_not(run) is None:
            config, blank = run.config(), np.zeros((100, 100, 3), np.uint8)
            client.feature_map(config.network, config.input_size, blank)
            base.open_base(run)
            from fruitlab.corrections import learning  # noqa: F401
