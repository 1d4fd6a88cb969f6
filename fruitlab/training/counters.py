"""What the device counts while a run trains: losses, real pictures seen, the plateau.

The numbers stay on the device until an evaluation reads them, because reading waits for it.
"""

import torch
from torch import Tensor


class Counters(dict[str, Tensor]):
    """Tensors by name: float scalars but for two.

    `tested`, float [2, 2]: nice and real pictures of a stream since the last evaluation, and how
    many of each were right. `real_pictures`, an int64 scalar: those seen in training.
    """

    def __init__(self, device: torch.device) -> None:
        names = ("loss", "loss_since", "epoch_loss", "stale", "halvings", "rate")
        super().__init__({name: torch.zeros((), device=device) for name in names})
        self["best_epoch"] = torch.full((), float("inf"), device=device)
        self["tested"] = torch.zeros(2, 2, device=device)
        self["real_pictures"] = torch.zeros((), dtype=torch.int64, device=device)

    def restart_plateau(self) -> None:
        """Forget all epochs and halvings."""
        self["stale"].zero_()
        self["halvings"].zero_()
        self["best_epoch"].fill_(float("inf"))

    def set_rate(self, learning_rate: float | Tensor) -> Tensor:
        """Set the rate of this iteration: the learning rate, less the halvings on a plateau."""
        return torch.exp2(-self["halvings"], out=self["rate"]).mul_(learning_rate)

    def count(self, loss: Tensor, pictures: int, real: Tensor) -> None:
        """Count an iteration.

        Args:
            loss: mean cross entropy of its batch, float scalar.
            pictures: size of the batch.
            real: how many of its pictures are real, int64 scalar.
        """
        self["loss"].copy_(loss)
        self["loss_since"].add_(loss, alpha=pictures)
        self["epoch_loss"].add_(loss, alpha=pictures)
        self["real_pictures"].add_(real)

    def end_epoch(self, pictures: int, iterations: int, plateau: int) -> None:
        """Halve the learning rate after `plateau` iterations without progress (paper 3.4).

        Progress is an epoch whose mean loss is the lowest so far.
        """
        mean = self["epoch_loss"] / pictures
        improved = mean < self["best_epoch"]
        torch.minimum(mean, self["best_epoch"], out=self["best_epoch"])
        self["stale"].add_(iterations).mul_(~improved)
        halve = self["stale"] >= plateau
        self["halvings"].add_(halve)
        self["stale"].mul_(~halve)
        self["epoch_loss"].zero_()
