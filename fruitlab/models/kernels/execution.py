"""`accelerate(network)`: the fastest available forward pass of a network.

An execution holds no parameters: it reads, and in training updates, those of the network, so the
two can be used alternately. On a CPU, the paper's network runs by fused operations (fused.py). Any
other network, device or dtype, and a machine that numba does not support, executes the network's
own modules. Outputs, gradients and running statistics agree to rounding
(tests/models/test_execution.py).
"""

import warnings
from functools import lru_cache
from typing import ClassVar

import torch
from torch import Tensor

from fruitlab.models.model import Model
from fruitlab.models.paper_resnet import PaperResNet

# The network that has fused kernels, and pairs of the dtype of its parameters and `precision`.
FUSED_NETWORK = PaperResNet
FUSED = {
    (torch.float32, torch.float32),
    (torch.float64, torch.float32),
    (torch.float32, torch.bfloat16),
}


class Execution:
    """A network's forward pass, by the network's own modules.

    Attributes:
        title: what a run's header calls it.

    Args:
        precision: what the backbone computes in: float32 for the network's own dtype, which may be
            float64, or bfloat16. Parameters, statistics, features and head keep the network's
            dtype.
    """

    title: ClassVar = "plain network"

    def __init__(self, network: Model, precision: torch.dtype = torch.float32) -> None:
        self.network, self.precision = network, precision

    def features(self, x: Tensor) -> Tensor:
        """Input as `Model.prepare` returns it -> features, float [batch, feature_size]."""
        if self.precision == torch.float32:
            return self.network.features(x)
        with torch.autocast(x.device.type, self.precision):
            return self.network.features(x).float()

    def head(self, features: Tensor) -> Tensor:
        """Features -> logits, float [batch, categories]."""
        return self.network.head(features)

    def __call__(self, x: Tensor) -> Tensor:
        """Input -> logits, float [batch, categories]."""
        return self.head(self.features(x))


def accelerate(network: Model, precision: torch.dtype = torch.float32) -> Execution:
    """The fastest execution of this network in this precision, on the device where it is."""
    parameter = next(network.parameters())
    if (
        type(network) is FUSED_NETWORK
        and parameter.device.type == "cpu"
        and (parameter.dtype, precision) in FUSED
        and (fused := fused_execution())
    ):
        return fused(network, precision)
    return Execution(network, precision)


@lru_cache(maxsize=1)
def computes_bfloat16() -> bool:
    """Whether this CPU has instructions for bfloat16. Others emulate it at a tenth of the speed."""
    # Older versions of torch cannot tell.
    can: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    used = torch.backends.cpu.get_cpu_capability() == "AVX512"  # ATEN_CPU_CAPABILITY may say no
    return used and bool(can.get("avx512_bf16") or can.get("amx_bf16"))


@lru_cache(maxsize=1)
def fused_execution() -> type[Execution] | None:
    """The execution by compiled loops, or None on a machine that numba does not support.

    Once per machine, compiling takes some seconds. Call it in a thread early, so that nothing has
    to wait for it.
    """
    try:
        from fruitlab.models.kernels import fused

        fused.prepare(torch.float32, *[torch.bfloat16] * computes_bfloat16())
    except Exception as error:  # numba is missing, or LLVM does not know the CPU
        warnings.warn(f"Training is slower, without fused kernels: {error!r}", stacklevel=2)
        return None
    return fused.FusedExecution
