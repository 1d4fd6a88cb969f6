"""Predictions of a run's network for a photo: the likeliest categories, and where it looked."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fruitlab.config.errors import ConfigError, RunError
from fruitlab.data import decoding
from fruitlab.inference.heatmap import Explanation
from fruitlab.models import registry
from fruitlab.models.folded import inference_model
from fruitlab.models.mirrored import Mirrored
from fruitlab.models.model import Model
from fruitlab.runs import versions
from fruitlab.runs.folder import Run
from fruitlab.worker.recorder import MEMORY

# Points of the path integral. Twice as many change no element by more than 1% of the largest.
PATH_STEPS = 64


def load_network(run: Run, file: str | None = None) -> tuple[Model, tuple[str, ...]]:
    """A run's network with its last weights, in evaluation mode on the CPU, and its categories.

    Args:
        file: the weights to load instead, such as "switch".

    Raises:
        RunError: there are no weights yet, they are damaged or those of another network, or the
            network is not installed.
    """
    # A run that was stopped or interrupted has its weights in its state, under a prefix.
    from_state = file is None and run.has("state") and not run.has("weights")
    name = file or ("state" if from_state else "weights")
    tensors, metadata = versions.read_tensors(run, name)
    found = {name: torch.from_numpy(array) for name, array in tensors.items()}
    memory = {k.removeprefix(MEMORY): x for k, x in found.items() if k.startswith(MEMORY)}
    weights = {
        name.removeprefix("network."): tensor
        for name, tensor in found.items()
        if (name.startswith("network.") if from_state else not name.startswith(MEMORY))
    }
    categories = tuple(metadata.get("categories") or run.header()["data"]["categories"])
    config = run.config()
    try:
        network = registry.build(config, len(categories))
        network.load_state_dict(weights)
    except ConfigError as error:
        raise RunError(f"{run.id}: {error}") from None
    except RuntimeError:
        raise RunError(
            f"{run.id}: its weights are not those of the network its config.json describes. "
            "Train it again."
        ) from None
    return config.answers(network, memory).eval(), categories


def relevance(network: Model, feature_map: Tensor, category: int) -> Tensor:
    """Where the evidence for a category lay, by integrated gradients (Sundararajan et al. 2017).

    The gradients of log p(category) by the feature map are integrated along the straight line from
    the average picture's map to this one's, which gives each place its share: the result sums to
    log p(category | picture) - log p(category | average picture).

    Grad-CAM averages a channel's gradient over the picture, which suits networks that end in global
    pooling. The paper's network ends in dense layers over 6 x 6 places, where a channel means
    something else in each place. Measured on 150 real test photos (`quick`, 60%): blurring the
    highest fifth of the map takes 0.59 from the answer's log probability (Grad-CAM 0.46, random
    places 0.07), and blurring the lowest half takes 0.04 (0.32, 0.49). Captum computes the same
    numbers to 0.02% of the largest, but depends on Matplotlib.

    Args:
        network: in evaluation mode, with `spatial` True.
        feature_map: float [1, channels, height, width], `network.feature_map` of the picture.
        category: index of the output.

    Returns:
        float [height, width]; negative where something spoke against the category.
    """
    average = network.average_map()
    # Midpoints of equal steps from 0 to 1: exact where the gradient changes linearly.
    along = ((torch.arange(PATH_STEPS) + 0.5) / PATH_STEPS).view(-1, 1, 1, 1)
    with torch.enable_grad():
        path = (average + along * (feature_map - average)).requires_grad_()
        logits = network.head(network.pool(path))
        score = torch.log_softmax(logits, 1)[:, category].sum()
        (gradients,) = torch.autograd.grad(score, path)
    return (gradients.mean(0) * (feature_map[0] - average)).sum(0)


def class_activation(network: Model, feature_map: Tensor, logits: Tensor) -> Tensor | None:
    """Where the evidence for the answer lies: its class activation map (Zhou et al. 2016).

    If the features are the mean of the feature map over all places and the head is linear, then the
    logits are the mean of what the head says of each place, so this is exact, and takes a
    fiftieth of the time of `relevance` (0.1 ms for EfficientNet-Lite0).

    Args:
        network: in evaluation mode.
        feature_map: float [1, channels, height, width], `network.feature_map` of the picture.
        logits: float [1, categories], the network's for the picture.

    Returns:
        float [height, width], the score of the likeliest category above the average category's at
        each place; its mean is that of the whole picture. None for any other kind of network.
    """
    _, channels, height, width = feature_map.shape
    if network.feature_size != channels:
        return None
    scores = network.head(feature_map[0].flatten(1).T)
    if not torch.allclose(scores.mean(0), logits[0], rtol=1e-3, atol=1e-3):
        return None
    return (scores[:, logits.argmax()] - scores.mean(1)).view(height, width)


class Predictor:
    """A run's network, ready for photos. Raises RunError as `load_network` does."""

    def __init__(self, run: Run, *, mirror: bool = False) -> None:
        """Load it. With `mirror`, `top3` and `top3_many` answer as `Mirrored` does."""
        network, self.categories = load_network(run)
        self.network = inference_model(network)
        self.answering = Mirrored(self.network).eval() if mirror else self.network

    def top3(self, photo: Path | bytes | np.ndarray) -> list[dict[str, Any]]:
        """[{category, probability}] of the three likeliest categories, the likeliest first.

        Args:
            photo: a picture file, its bytes, or what `decoding.read` returned for it.

        Raises:
            BadPicture: the photo cannot be used; the message says why.
        """
        picture = photo if isinstance(photo, np.ndarray) else decoding.read(photo)
        return self.top3_many(picture[None])[0]

    @torch.inference_mode()
    def top3_many(self, pictures: np.ndarray) -> list[list[dict[str, Any]]]:
        """`top3` of pictures, uint8 [n, 100, 100, 3]: at once they take half the time."""
        return self._top3(self.answering(self.network.prepare(torch.tensor(pictures))))

    @torch.inference_mode()
    def features(self, pictures: np.ndarray) -> np.ndarray:
        """The backbone's features, float32 [n, size], of pictures uint8 [n, 100, 100, 3]."""
        return self.network.features(self.network.prepare(torch.tensor(pictures))).numpy()

    @torch.no_grad()
    def explain(self, photo: Path | bytes | np.ndarray) -> Explanation:
        """`top3`, the picture as the network saw it, and where it looked. Raises BadPicture."""
        seen = photo if isinstance(photo, np.ndarray) else decoding.read(photo)
        x = self.network.prepare(torch.tensor(seen[None]))
        if not self.network.spatial:
            return Explanation(self._top3(self.network(x))[0], seen, None)
        feature_map = self.network.feature_map(x)
        logits = self.network.head(self.network.pool(feature_map))
        where = class_activation(self.network, feature_map, logits)
        if where is None:
            where = relevance(self.network, feature_map, int(logits.argmax()))
        return Explanation(self._top3(logits)[0], seen, where.numpy())

    def _top3(self, logits: Tensor) -> list[list[dict[str, Any]]]:
        top = torch.softmax(logits, 1).topk(min(3, len(self.categories)))
        return [
            [
                {"category": self.categories[index], "probability": value}
                for value, index in zip(values, indices, strict=True)
            ]
            for values, indices in zip(top.values.tolist(), top.indices.tolist(), strict=True)
        ]


class RunFeatures:
    """Computes features with a run's network, for `features.writer`. Raises as `load_network`."""

    batch = 64

    def __init__(self, run: Run) -> None:
        predictor = Predictor(run)
        if not hasattr(predictor.network, "feature_size"):
            raise RunError(f"{run.id} has a network for each domain, without common features.")
        self.size, self._features = predictor.network.feature_size, predictor.features

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """See `features.writer.Compute`."""
        return self._features(pictures)
