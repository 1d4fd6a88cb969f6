"""A network that also looks at each picture's mirror image."""

import math

import torch
from torch import Tensor

from fruitlab.models.kernels.execution import accelerate
from fruitlab.models.model import Model


class Mirrored(Model):
    """Averages a network's probabilities for a picture and its mirror image. For evaluation only.

    It takes twice the time (docs/models.md has what it gains).
    """

    def __init__(self, network: Model) -> None:
        super().__init__()
        self.network = network
        self.input_size, self.batch = network.input_size, network.batch
        self.hyperparameters = network.hyperparameters

    def standardize(self, x: Tensor, *, half_size: bool = False) -> Tensor:
        return self.network.standardize(x, half_size=half_size)

    def features(self, x: Tensor) -> Tensor:
        """The logarithms of the mean probabilities: two pictures have no features in common."""
        run = accelerate(self.network)
        both = [torch.log_softmax(run(each), 1) for each in (x, x.flip(3))]
        return torch.logaddexp(*both) - math.log(2)

    def head(self, features: Tensor) -> Tensor:
        return features

    def for_domain(self, domain: str) -> Model:
        return Mirrored(self.network.for_domain(domain))
