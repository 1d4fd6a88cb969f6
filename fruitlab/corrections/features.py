"""The features of a collection's pictures, kept beside them and deleted with them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fruitlab.config.errors import DataError, RunError
from fruitlab.data import collection
from fruitlab.features import writer
from fruitlab.inference import client
from fruitlab.inference.client import PredictorError
from fruitlab.methods.base import Method
from fruitlab.models import weights


def features(hashes: Sequence[str], config: Method, name: str) -> np.ndarray:
    """The features of pictures of a collection, computed if they are not kept yet.

    Args:
        config: of the run whose network computes them.
        name: of the collection.

    Returns:
        float32 [n, features].

    Raises:
        DataError: a picture is no longer there, or was changed.
        RunError: the network cannot be used.
    """
    here = {one.hash: one for one in collection.pictures(name)}
    network, size = config.network, config.input_size
    place = f"{weights.folder(network).name}-{weights.require(network).key}-{size}"
    rows = []
    for found in hashes:
        path = _folder(name) / f"{found}-{place}.npy"
        if not path.is_file():
            if found not in here:
                raise DataError(f"The picture {found} is no longer in {collection.folder(name)}.")
            try:
                _, feature_map = client.feature_map(network, size, here[found].read())
            except PredictorError as error:
                raise RunError(str(error)) from None
            writer.write_rows(path, feature_map.mean((1, 2)))
        rows.append(np.load(path))
    return np.array(rows)


def delete_unused(name: str) -> None:
    """Delete the features of pictures that are no longer in the collection."""
    here = {one.hash for one in collection.pictures(name)}
    for path in _folder(name).glob("*.npy"):
        if path.name.partition("-")[0] not in here:
            path.unlink(missing_ok=True)


def _folder(name: str) -> Path:
    return collection.folder(name) / ".features"
