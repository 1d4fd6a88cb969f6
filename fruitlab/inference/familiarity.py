"""Whether a photo looks like what a run's network was trained on."""

import numpy as np

from fruitlab.config.errors import RunError
from fruitlab.features import familiar
from fruitlab.inference import client
from fruitlab.inference.client import PredictorError
from fruitlab.runs.folder import Run

UNFAMILIAR = "This does not look like anything the network was trained on."


def is_familiar(run: Run, pixels: np.ndarray) -> bool | None:
    """Whether a photo looks like the training pictures of a run's dataset (`features.familiar`).

    Args:
        pixels: the photo as networks are given it, uint8 [100, 100, 3].

    Returns:
        None if nothing is known of the dataset, the prediction server does not answer, or so many
        ask that answers come first: this takes ten times as long as a small network.
    """
    if client.crowded():
        return None
    try:
        known = familiar.find(str(run.header()["data"]["fingerprint"]))
        if known is None:
            return None
        _, feature_map = client.feature_map(known.network, known.input_size, pixels)
    except (RunError, PredictorError, KeyError, TypeError):
        return None
    return known.includes(feature_map.mean((1, 2)))
