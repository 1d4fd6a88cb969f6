"""A network's answers with other weights than its own, without a second network in memory."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from fruitlab.models.kernels.execution import accelerate
from fruitlab.models.model import Model


class _Accelerated(nn.Module):
    """`accelerate(network)` as a module, so that `functional_call` can exchange its tensors."""

    def __init__(self, network: Model) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return accelerate(self.network)(x)


@torch.no_grad()
def logits_with(network: Model, tensors: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
    """Logits in evaluation mode with these tensors in place of the network's own, no gradient.

    Args:
        tensors: as in the network's state dict.
        inputs: as `Model.prepare` returns them.

    Returns:
        float [batch, categories]. The network is left in evaluation mode.
    """
    network.eval()
    ordered = {
        f"network.{name}": x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x
        for name, x in tensors.items()
    }
    return functional_call(_Accelerated(network), ordered, (inputs,))
