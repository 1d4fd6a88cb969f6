"""What a run's network makes of a photo: the three likeliest categories, how sure it is, and where it looked."""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.config.errors import RunError
from fruitlab.data import pictures
from fruitlab.inference.heatmap import Explanation
from fruitlab.models.folded import FoldedNetwork
from fruitlab.models.paper_resnet import Network, as_input
from fruitlab.runs.folder import Run

PATH_STEPS = 64  # points of the path integral; doubling them moves no element by more than 1 % of the largest


def load_network(run: Run) -> tuple[Network, tuple[str, ...]]:
    """A run's network with its last weights, in testing mode on the CPU, and its categories.

    Raises:
        RunError: there are no weights yet, or they are damaged or of another network.
    """
    # A run that was stopped or interrupted has its weights in the state, under a prefix.
    tensors, notes = run.read_tensors(
        "weights" if run.has("weights") or not run.has("state") else "state"
    )
    weights = {
        name.removeprefix("network."): torch.from_numpy(array)
        for name, array in tensors.items()
        if "." in name and not name.startswith(("velocity.", "memory.", "counter."))
    }
    config = run.config()
    categories = tuple(notes.get("categories") or run.header()["data"]["categories"])
    try:
        network = Network(
            categories=len(categories), width=config.width, epsilon=config.norm_epsilon
        )
        network.load_state_dict(weights)
    except RuntimeError:
        raise RunError(
            f"{run.id}: its weights are not those of the network its config.json describes. Train it again."
        ) from None
    return network.eval(), categories


def relevance(network: FoldedNetwork, maps: Tensor, category: int) -> Tensor:
    """Where the evidence for a category lay: integrated gradients (Sundararajan et al. 2017) at the last convolution's output.

    Grad-CAM averages a channel's gradient over the picture, which suits a network that ends in global pooling. This one
    ends in fully connected layers over 6 x 6 places, so a channel means something else in each of them. Integrated along the
    straight line from the average training picture's features to this one's, the gradients give each place its share: the map
    sums to log p(category | picture) - log p(category | average picture). Measured on 150 real test photos (`quick`, 60 %):
    blurring the highest fifth of the map takes 0.59 from the answer's log probability (Grad-CAM 0.46, chance 0.07), and blurring
    the lowest half 0.04 (0.32, 0.49). Captum gives the same numbers to 0.02 % of the largest, but brings Matplotlib along.

    Args:
        maps: float [1, channels, 12, 12], `network.maps` of the picture.
        category: index of the output.
    Returns:
        float [12, 12]; negative where something spoke against the category.
    """
    average, features = network.average, network.pooled(maps)
    # Midpoints of equal steps from 0 to 1: they need no end points, and are exact where the gradient changes evenly.
    along = ((torch.arange(PATH_STEPS) + 0.5) / PATH_STEPS).unsqueeze(1)
    with torch.enable_grad():
        path = (average + along * (features - average)).requires_grad_()
        score = torch.log_softmax(network.head(path), 1)[:, category].sum()
        (gradients,) = torch.autograd.grad(score, path)
    side = maps.shape[-1] // 2
    gradient, average = (
        x.view(side, side, -1).permute(2, 0, 1) for x in (gradients.mean(0), average)
    )
    # Pooling is an average of four, so each of the four has a quarter of the gradient and all of the average.
    gradient, average = F.interpolate(
        torch.stack([gradient / 4, average]), scale_factor=2, mode="nearest"
    )
    return (gradient * (maps[0] - average)).sum(0)


class Predictor:
    """A run's network, ready for photos."""

    def __init__(self, run: Run) -> None:
        network, self.categories = load_network(run)
        self.network = FoldedNetwork(network)

    @torch.inference_mode()
    def top3(self, photo: Path | bytes | BinaryIO | np.ndarray) -> list[dict[str, Any]]:
        """[{category, probability}] of the three likeliest, the likeliest first (fewer where there are fewer categories).

        Args:
            photo: a picture file, its bytes, or what `pictures.read` made of one.
        Raises:
            BadPicture: it is no picture, or one that cannot be used; the text says why.
        """
        return self._top3(self.network(_as_batch(photo)))

    @torch.no_grad()
    def explain(self, photo: Path | bytes | BinaryIO | np.ndarray) -> Explanation:
        """The same, with the picture as the network saw it and where it looked. Raises BadPicture."""
        seen = photo if isinstance(photo, np.ndarray) else pictures.read(photo)
        maps = self.network.maps(_as_batch(seen))
        logits = self.network.head(self.network.pooled(maps))
        where = relevance(self.network, maps, int(logits.argmax()))
        return Explanation(self._top3(logits), seen, where.numpy())

    def _top3(self, logits: Tensor) -> list[dict[str, Any]]:
        top = torch.softmax(logits, 1).squeeze(0).topk(min(3, len(self.categories)))
        return [
            {"category": self.categories[index], "probability": value}
            for value, index in zip(top.values.tolist(), top.indices.tolist(), strict=True)
        ]


def _as_batch(photo: Path | bytes | BinaryIO | np.ndarray) -> Tensor:
    picture = photo if isinstance(photo, np.ndarray) else pictures.read(photo)
    return as_input(torch.tensor(picture).unsqueeze(0))
