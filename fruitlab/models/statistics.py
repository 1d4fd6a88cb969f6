"""Running statistics estimated anew, after the weights have changed."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from fruitlab.models.kernels.execution import accelerate
from fruitlab.models.layers import RunningNorm
from fruitlab.models.model import Model

TORCH_LAYERS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@torch.no_grad()
def reestimate(network: Model, inputs: Iterable[Tensor]) -> None:
    """Replace all running statistics by their mean over these batches.

    Every layer sees the batch as normalized by its own statistics. As
    `torch.optim.swa_utils.update_bn`, which knows PyTorch's own layers only. Leaves the network in
    evaluation mode.

    Args:
        inputs: as `Model.prepare` returns them, with the domains in proportion in every batch: the
            spread between domains is a part of the variance.
    """
    before: list[tuple[nn.Module, str, Any]] = []
    for module in network.modules():
        if isinstance(module, TORCH_LAYERS):
            before.append((module, "momentum", module.momentum))
            module.reset_running_stats()
            module.momentum = None  # a mean over all batches
        elif isinstance(module, RunningNorm):
            before.append((module, "statistics", module.statistics))
            module.statistics = "batch"
    run = accelerate(network.train())
    for number, batch in enumerate(inputs):
        network.set_statistics_momentum(number / (number + 1))
        run(batch)
    for module, name, value in before:
        setattr(module, name, value)
    network.eval()
