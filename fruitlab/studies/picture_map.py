"""A map of both domains in two dimensions: pictures that look alike lie close together."""

from pathlib import Path

import numpy as np
from scipy.linalg import eigh

from fruitlab.closed_form.similar import directions
from fruitlab.config.paths import data_root
from fruitlab.features import writer
from fruitlab.features.cache import Features
from fruitlab.features.views import VERSION

COMPONENTS = 50  # principal components that the map is drawn from
ITERATIONS = 500  # half of scikit-learn's: the map is for looking at
PERPLEXITY = 30


def draw(features: Features, fingerprint: str) -> None:
    """Compute the map and keep it beside the features.

    t-SNE (van der Maaten and Hinton 2008) of the first principal components. 45 seconds of
    processor time for 17,000 pictures (AMD EPYC).

    Raises:
        DataError: the disk is full or the folder is not writable.
    """
    from sklearn.manifold import TSNE  # takes seconds to import

    pictures = _rows(features)
    pictures = pictures - pictures.mean(0)
    last, kept = pictures.shape[1] - 1, min(COMPONENTS, *pictures.shape)
    _, axes = eigh(pictures.T @ pictures, subset_by_index=[last - kept + 1, last])
    places = TSNE(
        perplexity=min(PERPLEXITY, (len(pictures) - 1) / 3),
        max_iter=ITERATIONS,
        init="pca",
        random_state=0,
    ).fit_transform(pictures @ axes)
    writer.write_rows(file_of(fingerprint), places.astype(np.float32))


def read(fingerprint: str) -> np.ndarray | None:
    """Where the nice, then the real pictures lie, float32 [n, 2]; None without a map."""
    try:
        return np.load(file_of(fingerprint))
    except (OSError, ValueError):
        return None


def neighbours(features: Features, row: int, count: int) -> np.ndarray:
    """The pictures most like one, most alike first; counted nice, then real. int64 [count]."""
    unit = directions(_rows(features))
    order = np.argsort(-(unit @ unit[row]), kind="stable")
    return order[order != row][:count]


def file_of(fingerprint: str) -> Path:
    """Where the map is. `features.cache.carry_over` keeps it when pictures are left out."""
    return data_root() / ".features" / f"{fingerprint}-map-v{VERSION}.npy"


def _rows(features: Features) -> np.ndarray:
    """The features of nice, then real pictures, float32 [n, features]."""
    return np.concatenate([features.nice.rows, features.real.rows]).astype(np.float32)
