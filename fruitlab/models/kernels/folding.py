"""Normalizing a convolution's input at no cost: the statistics become part of kernel and bias.

    conv(pad((x - mean) / std), W) + b = conv(pad(x), kernel) + shift

The shift is a map, because the padding is zero *after* the normalization: at the border, fewer
elements of the kernel lie on the picture. Weights are arrays [out, k * k, in], which is how PyTorch
keeps them in channels_last.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from fruitlab.models.kernels.loops import compiled


@dataclass(frozen=True)
class Border:
    """Which elements of a kernel lie on the picture, at every place of the result.

    Attributes:
        kinds: float [kinds, k * k], the different answers: 1 on the picture, 0 on its padding.
        kind: int64 [height * width], the answer of each place.
    """

    kinds: np.ndarray
    kind: np.ndarray


@lru_cache(maxsize=64)
def border(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dtype: np.dtype
) -> Border:
    """The border of a convolution of maps [size, size], padded by zeros before and after."""
    out = (size + sum(padding) - kernel) // stride + 1
    at = np.arange(out)[:, None] * stride + np.arange(kernel) - padding[0]
    on = (at >= 0) & (at < size)
    inside = np.einsum("yi,xj->yxij", on, on).reshape(out * out, kernel * kernel)
    kinds, kind = np.unique(inside, axis=0, return_inverse=True)
    return Border(kinds.astype(dtype), kind.ravel())


def normalized(weight: np.ndarray, variance: np.ndarray, epsilon: Any) -> np.ndarray:
    """The kernel without the means: weight, float [out, k * k, in], over the standard deviations.

    Args:
        variance: float [in]. epsilon: added to it, of the same dtype.
    """
    return weight * (1 / np.sqrt(variance + epsilon))


@compiled
def shifted(kernel, bias, mean, kinds, kind):
    """The shift that goes with a kernel: the bias, less what the means contribute.

    Args:
        kernel: float [out, k * k, in], of `normalized`, as the convolution has it: rounded to
            bfloat16 where that is what it computes in.
        bias: float [out].
        mean: float [in].
        kinds, kind: of the `Border`.

    Returns:
        float [height * width, out].
    """
    outputs, taps, inputs = kernel.shape
    offset = np.zeros((outputs, taps), kernel.dtype)
    for o in range(outputs):
        for t in range(taps):
            for i in range(inputs):
                offset[o, t] += kernel[o, t, i] * mean[i]
    shifts = np.empty((len(kinds), outputs), kernel.dtype)
    for c in range(len(kinds)):
        for o in range(outputs):
            shifts[c, o] = bias[o]
            for t in range(taps):
                shifts[c, o] -= kinds[c, t] * offset[o, t]
    shift = np.empty((len(kind), outputs), kernel.dtype)
    for place in range(len(kind)):
        for o in range(outputs):
            shift[place, o] = shifts[kind[place], o]
    return shift


@compiled
def unfold(grad_kernel, grad_shift, weight, mean, variance, epsilon, kinds, kind):
    """The gradients of weight, bias, mean and variance.

    Args:
        grad_kernel: of the kernel, float [out, k * k, in].
        grad_shift: of the shift, float [height * width, out].
        weight, mean, variance, epsilon, kinds, kind: as in `normalized` and `shifted`.
    """
    outputs, taps, inputs = weight.shape
    scale = (1 / np.sqrt(variance + epsilon)).astype(weight.dtype)
    by_kind = np.zeros((len(kinds), outputs))  # float64: sums over up to 10,000 places
    for place in range(len(kind)):
        for o in range(outputs):
            by_kind[kind[place], o] += grad_shift[place, o]
    grad_weight, grad_bias = np.empty_like(weight), np.empty(outputs, weight.dtype)
    grad_mean, grad_scale = np.zeros(inputs, weight.dtype), np.zeros(inputs, weight.dtype)
    for o in range(outputs):
        grad_bias[o] = by_kind[:, o].sum()
        for t in range(taps):
            grad_offset = weight.dtype.type(-(kinds[:, t] * by_kind[:, o]).sum())
            for i in range(inputs):
                through = grad_kernel[o, t, i] + grad_offset * mean[i]
                grad_weight[o, t, i] = through * scale[i]
                grad_scale[i] += through * weight[o, t, i]
                grad_mean[i] += grad_offset * weight[o, t, i]
    grad_variance = grad_scale * scale * scale * scale * weight.dtype.type(-0.5)
    return grad_weight, grad_bias, grad_mean * scale, grad_variance
