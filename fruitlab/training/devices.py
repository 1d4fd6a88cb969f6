"""Devices and number formats: CUDA, MPS and CPU train by the same code."""

import os
from typing import Any

import torch

from fruitlab.config.errors import RunError
from fruitlab.models.kernels.execution import FUSED_NETWORK, computes_bfloat16, fused_execution

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def resolve(device: str) -> torch.device:
    """The device of a name: auto, cpu, cuda, cuda:1 or mps.

    A GPU with a number becomes the current one of this process: CUDA graphs, streams, and questions
    about what a GPU can do are about the current one.

    Raises:
        RunError: there is no such device.
    """
    if device == "auto":
        device = (
            "cuda"
            if torch.cuda.is_available()
            else "mps"
            if torch.backends.mps.is_available()
            else "cpu"
        )
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise RunError(
            f"There is no device {device!r}: give auto, cpu, cuda, cuda:1, … or mps."
        ) from None
    if chosen.type == "cuda" and not (
        torch.cuda.is_available() and (chosen.index or 0) < torch.cuda.device_count()
    ):
        raise RunError(
            f"{device} is not available ({torch.cuda.device_count()} CUDA devices found). Use "
            "--device cpu, or check the driver and that this build of torch supports CUDA."
        )
    if chosen.type == "mps" and not torch.backends.mps.is_available():
        raise RunError("mps is not available: it needs a Mac with Apple silicon. Use --device cpu.")
    if chosen.type not in ("cpu", "cuda", "mps"):
        raise RunError(f"Training on {chosen.type} is not supported: give auto, cpu, cuda or mps.")
    if chosen.type == "cuda" and chosen.index is not None:
        torch.cuda.set_device(chosen)
    return chosen


def precision(device: torch.device, network: str, asked: str = "auto") -> torch.dtype:
    """The dtype that the backbone of a network of that name trains in.

    *auto* is bfloat16 where it is faster, else float32. That is on graphics cards that compute in
    it (NVIDIA's since Ampere; float16, which older ones have, would need loss scaling), and on CPUs
    that do if the network has fused kernels. Others run under autocast there: efficientnet-lite0
    takes 0.68 s for a step in bfloat16, 0.58 s in float32 (2 cores, AMD EPYC).
    """
    if asked != "auto":
        return PRECISIONS[asked]
    if device.type == "cuda":
        faster = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fused = device.type == "cpu" and network == FUSED_NETWORK.name
        faster = fused and computes_bfloat16() and fused_execution() is not None
    return torch.bfloat16 if faster else torch.float32


def precision_of(header: dict[str, Any], device: torch.device, network: str) -> torch.dtype:
    """The dtype that a run's backbone trains in.

    On a device of the same kind it stays what the run started with; on another one, `precision`
    decides.

    Args:
        header: of config.json: *precision* as requested (default: auto), *computed_in* and
            *trained_on*, the dtype and device that the run started with.
        network: the network's name.
    """
    if str(header.get("trained_on", "")).partition(":")[0] == device.type:
        return PRECISIONS[header.get("computed_in", "float32")]  # all that earlier versions had
    return precision(device, network, header.get("precision", "auto"))


def repeatable(device: torch.device, threads: int | None) -> int:
    """Make results a function of seed and thread count, bit for bit.

    Args:
        threads: None keeps PyTorch's own. A resumed run passes the count that it started with,
            since sums over other parts differ in their last bits.

    Returns:
        The thread count.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    if device.type == "cuda":
        # cuBLAS reads this at its first matrix product.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        # PyTorch would also fill all new memory, so that code which reads memory before writing it
        # is repeatable. Ours never does (tests/training/test_steps.py), and each fill is a kernel.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        torch.backends.cudnn.benchmark = False
    return torch.get_num_threads()
