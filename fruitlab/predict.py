"""What a finished run makes of a photo: the three likeliest categories and how sure it is."""

from pathlib import Path
from typing import Any, BinaryIO

import torch

from fruitlab.data import pictures
from fruitlab.network import Network, as_input
from fruitlab.runs import Run, RunError


def load_network(run: Run) -> tuple[Network, tuple[str, ...]]:
    """A run's network with its last weights, in testing mode on the CPU, and its categories.

    Raises:
        RunError: there are no weights yet, or they are damaged or of another network.
    """
    # A run that was stopped or interrupted has its weights in the state, under a prefix.
    tensors, notes = run.read_tensors("weights" if run.has("weights") or not run.has("state") else "state")
    weights = {name.removeprefix("network."): torch.from_numpy(array) for name, array in tensors.items()
               if "." in name and not name.startswith(("velocity.", "memory.", "counter."))}
    config = run.config()
    categories = tuple(notes.get("categories") or run.header()["data"]["categories"])
    try:
        network = Network(categories=len(categories), width=config.width, epsilon=config.norm_epsilon)
        network.load_state_dict(weights)
    except RuntimeError:
        raise RunError(f"{run.id}: its weights are not those of the network its config.json describes. Train it again.") from None
    return network.eval(), categories


class Predictor:
    """A run's network, ready for photos."""

    def __init__(self, run: Run) -> None:
        self.network, self.categories = load_network(run)

    @torch.inference_mode()
    def top3(self, photo: Path | bytes | BinaryIO) -> list[dict[str, Any]]:
        """[{category, probability}] of the three likeliest, the likeliest first (fewer where there are fewer categories).

        Raises:
            BadPicture: it is no picture, or one that cannot be used; the text says why.
        """
        picture = torch.from_numpy(pictures.read(photo))
        probability = torch.softmax(self.network(as_input(picture.unsqueeze(0))), 1).squeeze(0)
        top = probability.topk(min(3, len(self.categories)))
        return [{"category": self.categories[index], "probability": value}
                for value, index in zip(top.values.tolist(), top.indices.tolist(), strict=True)]
