"""The loops between two convolutions, compiled by numba.

PyTorch's operations for bias, skip connection, activation and statistics each read and write whole
maps. Here they are one loop, which takes a tenth of the time forward and a third backward. Maps are
C-contiguous arrays [pictures, height, width * channels], channels last: the innermost loop runs
over a row, whose length suits the CPU's vectors whatever the number of channels. Sums are kept for
each place of a row; the caller adds up those of a channel.

Maps are float32, float64, or bfloat16 as uint16, since numpy has no such dtype. Sums and everything
in between are float32 for bfloat16: the loops `widen` what they read and `narrow` what they write.

Functions compile when they are first called with a dtype, and are kept on disk: in `__pycache__`,
in the user's cache folder if that is not writable, or where NUMBA_CACHE_DIR says. numba compiles a
function again when its own file changes. So these loops are in one file with what they inline.
"""

import math
from contextlib import suppress
from typing import Any

import numpy as np
from numba import float32, njit, uint16
from numba.core.caching import FunctionCache
from numba.extending import overload

# Sums may be reordered and products fused, but NaN must not be optimized away: it tells that a run
# has diverged.
OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": {"reassoc", "contract", "arcp", "nsz"}}


class _Cache(FunctionCache):
    """numba's cache of a function on disk. If the disk is full, the function is compiled anyway."""

    def save_overload(self, *arguments: Any) -> None:
        with suppress(OSError):
            super().save_overload(*arguments)


def compiled(function: Any) -> Any:
    """Compile with a cache on disk, or without one where no folder is writable."""
    made = njit(**OPTIONS)(function)
    with suppress(RuntimeError):
        # What `njit(cache=True)` does, with numba's own class.
        made._cache = _Cache(function)  # noqa: SLF001
    return made


def exp(x):
    """e^x for x <= 0."""
    return math.exp(x)


@overload(exp, inline="always")
def _exp(x):
    if x != float32:
        return lambda x: math.exp(x)

    def vectorized(x):
        # 2^t = 2^k 2^f with an integer k and |f| <= 1/2. k is written into the exponent's bits; 2^f
        # is a polynomial, exact to 3e-8.
        t = x * np.float32(1.4426950408889634)
        t = np.float32(-126) if t < np.float32(-126) else t  # noqa: FURB136  (keeps NaN)
        k = np.floor(t + np.float32(0.5))
        f = t - k
        p = np.float32(1.5403530e-4)
        p = p * f + np.float32(1.3333558e-3)
        p = p * f + np.float32(9.6181291e-3)
        p = p * f + np.float32(5.5504109e-2)
        p = p * f + np.float32(2.4022651e-1)
        p = p * f + np.float32(6.9314718e-1)
        p = p * f + np.float32(1)
        return p * np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)

    return vectorized


def widen(x):
    """The number in memory as one to compute with: bfloat16 is the upper half of a float32."""
    return x


@overload(widen, inline="always")
def _widen(x):
    if x != uint16:
        return lambda x: x
    return lambda x: np.uint32(np.uint32(x) << np.uint32(16)).view(np.float32)


def narrow(x, like):
    """The inverse of `widen` for an array of the dtype of `like`: rounded to nearest, half to even.

    Infinities stay, and so does the NaN that arithmetic gives.
    """
    return x


@overload(narrow, inline="always")
def _narrow(x, like):
    if like != uint16:
        return lambda x, like: x

    def rounded(x, like):
        bits = np.float32(x).view(np.uint32)
        half = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
        return np.uint16(np.uint32(bits + half) >> np.uint32(16))

    return rounded


@compiled
def add_up(y, part, sums):
    """Add y, [pictures, height, row], to sums[0] and y^2 to sums[1].

    Args:
        part: [2, row], to compute with: the sums over one picture. In float32, sums over all of
            them would lose three digits.
        sums: float64 [2, row].
    """
    for n in range(y.shape[0]):
        part[:] = 0
        for h in range(y.shape[1]):
            for j in range(y.shape[2]):
                v = widen(y[n, h, j])
                part[0, j] += v
                part[1, j] += v * v
        for k in range(2):
            for j in range(y.shape[2]):
                sums[k, j] += part[k, j]


@compiled
def activate(z, shift, skip, part, sums):
    """Replace z by y = elu(z + shift [+ skip]); add y to sums[0] and y^2 to sums[1].

    Args:
        z, skip: [pictures, height, row]; skip may be None.
        shift: [height, row].
        part, sums: see `add_up`.
    """
    one = part.dtype.type(1)
    for n in range(z.shape[0]):
        part[:] = 0
        for h in range(z.shape[1]):
            for j in range(z.shape[2]):
                v = widen(z[n, h, j]) + shift[h, j]
                if skip is not None:
                    v += widen(skip[n, h, j])
                z[n, h, j] = narrow(v if v > 0 else exp(v) - one, z[n, h, j])
            for j in range(z.shape[2]):
                v = widen(z[n, h, j])
                part[0, j] += v
                part[1, j] += v * v
        for k in range(2):
            for j in range(z.shape[2]):
                sums[k, j] += part[k, j]


@compiled
def through_activation(grad, more, y, constant, slope, grad_z, grad_shift):
    """The gradient before the activation; adds it to that of the shift.

    Args:
        grad, more: of y, but for what reaches it through the moments. more may be None.
        constant, slope: [row]; the moments' gradient is constant + slope * y.
        grad_z: the result, shaped like y.
        grad_shift: [height, row].
    """
    one = grad_shift.dtype.type(1)
    for n in range(y.shape[0]):
        for h in range(y.shape[1]):
            for j in range(y.shape[2]):
                # elu'(z) = elu(z) + 1 below zero, so the result is all that has to be kept.
                v = widen(y[n, h, j])
                g = widen(grad[n, h, j]) + constant[j] + slope[j] * v
                if more is not None:
                    g += widen(more[n, h, j])
                grad_z[n, h, j] = narrow(g if v > 0 else g * (v + one), y[n, h, j])
            for j in range(y.shape[2]):
                grad_shift[h, j] += widen(grad_z[n, h, j])


@compiled
def pool(z, shift, lanes, y, chosen):
    """Max-pools z + shift 2x2.

    Args:
        z: [pictures, height, row].
        shift: [height, row].
        lanes: a tuple with one entry for each channel. Unlike a number, its length is known when
            numba compiles, and then the short loops over channels are as fast as the long ones.
        y, chosen: [pictures, height // 2, row // 2]: the maximum, and which of the four it is, in
            reading order and the first of equals (uint8).
    """
    row, channels = z.shape[2], len(lanes)
    wider, right = np.empty((2, row), shift.dtype), np.empty((2, row), np.uint8)
    best, which = np.empty(row, shift.dtype), np.empty(row, np.uint8)
    for n in range(y.shape[0]):
        for h in range(y.shape[1]):
            # Of each place and its neighbour, though every second result would do: this way the
            # loop is one over a whole row.
            for k in range(2):
                for j in range(row - channels):
                    a = widen(z[n, 2 * h + k, j]) + shift[2 * h + k, j]
                    b = widen(z[n, 2 * h + k, j + channels]) + shift[2 * h + k, j + channels]
                    second = b > a or b != b  # NaN wins, as in PyTorch
                    wider[k, j] = b if second else a
                    right[k, j] = 1 if second else 0
            for j in range(row - channels):
                a, b = wider[0, j], wider[1, j]
                second = b > a or b != b
                best[j] = b if second else a
                which[j] = 2 + right[1, j] if second else right[0, j]
            for start in range(0, y.shape[2], channels):
                for j in range(start, start + channels):
                    y[n, h, j] = narrow(best[start + j], y[n, h, j])
                    chosen[n, h, j] = which[start + j]


@compiled
def through_pool(grad, chosen, lanes, grad_z, grad_shift):
    """The gradient before the pooling; adds it to that of the shift. Arguments as in `pool`."""
    row, channels = grad_z.shape[2], len(lanes)
    wide, at = np.empty(row, grad.dtype), np.empty(row, np.uint8)
    right, none = np.empty(row, np.uint8), grad.dtype.type(0)
    for j in range(row):
        right[j] = j // channels % 2
    for n in range(grad.shape[0]):
        for h in range(grad.shape[1]):
            for start in range(0, grad.shape[2], channels):
                for j in range(start, start + channels):
                    wide[start + j] = wide[start + j + channels] = grad[n, h, j]
                    at[start + j] = at[start + j + channels] = chosen[n, h, j]
            for k in range(2):
                for j in range(row):
                    grad_z[n, 2 * h + k, j] = wide[j] if at[j] == 2 * k + right[j] else none
                for j in range(row):
                    grad_shift[2 * h + k, j] += widen(grad_z[n, 2 * h + k, j])
