"""Which device a run trains on: CUDA, MPS and CPU by one code path."""

import os
from typing import Any

import torch

from fruitlab.config.errors import RunError

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def resolve(device: str) -> torch.device:
    """auto, cpu, cuda, cuda:1 or mps -> the device. Raises RunError if it is not there."""
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
            f"{device} is not to be had here ({torch.cuda.device_count()} CUDA devices found). Use --device cpu, or check the driver "
            "and that this build of torch is one for CUDA."
        )
    if chosen.type == "mps" and not torch.backends.mps.is_available():
        raise RunError(
            "mps is not to be had here: it needs a Mac with Apple silicon. Use --device cpu."
        )
    if chosen.type not in ("cpu", "cuda", "mps"):
        raise RunError(f"Training on {chosen.type} is not supported: give auto, cpu, cuda or mps.")
    return chosen


def precision(device: torch.device, asked: str = "auto") -> torch.dtype:
    """What convolutions train in. *auto*: bfloat16 where the device computes in it, as graphics cards since NVIDIA's Ampere do; else float32.

    float16, all that older cards have, would want its losses scaled. A CPU that has bfloat16 gains a seventh by it, and one that has not
    is ten times slower, so there it is used only where it is asked for.
    """
    if asked != "auto":
        return PRECISIONS[asked]
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float32


def precision_of(header: dict[str, Any], device: torch.device) -> torch.dtype:
    """What a run's convolutions compute in: what they began with, on a device of the same kind; else what was asked for, there.

    Args:
        header: config.json's. precision: what was asked for (none: auto); computed_in and trained_on: with what and where it began.
    """
    if str(header.get("trained_on", "")).partition(":")[0] == device.type:
        return PRECISIONS[header.get("computed_in", "float32")]  # older runs knew nothing else
    return precision(device, header.get("precision", "auto"))


def repeatable(device: torch.device, threads: int | None) -> int:
    """Makes results a function of seed and thread count, bit for bit; returns the thread count.

    A resumed run passes the count it started with: a sum over other parts has other last bits.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    if device.type == "cuda":
        os.environ.setdefault(
            "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
        )  # read when the first product is made
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False
    return torch.get_num_threads()
