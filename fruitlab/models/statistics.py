"""Running statistics estimated anew, after the weights have changed."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from fruitlab.models.model import Model

MODERN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@torch.no_grad()
def reestimate(network: Model, inputs: Iterable[Tensor]) -> None:
    """Replace all running statistics by their mean over these batches.

    As `torch.optim.swa_utils.update_bn`, which knows PyTorch's own layers only. Leaves the network
    in evaluation mode.

    Args:
        inputs: as `Model.prepare` returns them, with the domains in proportion in every batch: the
            spread between domains is a part of the variance.
    """
    layers = [module for module in network.modules() if isinstance(module, MODERN)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a mean over all batches
    network.train()
    for number, batch in enumerate(inputs):
        network.set_statistics_momentum(number / (number + 1))
        network(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
