"""The memory of PyTorch's tensors as the arrays that the compiled loops take, without copies."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

LAST = torch.channels_last


def rows(x: Tensor | None) -> Any:
    """[batch, c, h, w], channels last in memory -> [batch, h, w * c].

    bfloat16 becomes uint16, as loops.py takes it. None stays None.
    """
    if x is None:
        return None
    batch, channels, height, width = x.shape
    flat = x.detach().permute(0, 2, 3, 1).view(batch, height, width * channels)  # never a copy
    return (flat.view(torch.uint16) if x.dtype == torch.bfloat16 else flat).numpy()


def numbers(x: Tensor) -> np.ndarray:
    """float32 or float64 of any shape."""
    return x.detach().numpy()


def flat_weight(weight: Tensor) -> np.ndarray:
    """[out, in, k, k] -> [out, k * k, in]; copied unless channels are last in memory."""
    return numbers(weight.detach().permute(0, 2, 3, 1).contiguous().flatten(1, 2))


def weight_like(flat: np.ndarray, side: int) -> Tensor:
    """The inverse of `flat_weight` for kernels of this side."""
    outputs, _, inputs = flat.shape
    return torch.from_numpy(flat).view(outputs, side, side, inputs).permute(0, 3, 1, 2)


def empty(like: Tensor, *shape: int) -> Tensor:
    """Memory for [batch, c, h, w] in the dtype of `like`, channels last."""
    return torch.empty(shape, dtype=like.dtype, memory_format=LAST)
