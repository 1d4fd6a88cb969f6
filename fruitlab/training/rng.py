"""Random numbers as functions of what they are used for: seed, phase, epoch and so on.

They are hashes of a counter, computed on the device that uses them. Integer arithmetic is exact
everywhere, so a run on a GPU sees its pictures in the same order as on a CPU, and a resumed run
needs no generator state.
"""

import hashlib

import torch
from torch import Tensor

_MASK = 0xFFFFFFFF


def key(*parts: int | str) -> int:
    """A 32-bit key for what the numbers are used for, such as (seed, "order", phase, epoch)."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "little")


def bits(count: int, stream: int | Tensor, device: torch.device) -> Tensor:
    """Uniform random integers in 0 .. 2^32 - 1, int64 [count].

    Two rounds of a 32-bit hash that mixes well (Wellons' lowbias32), keyed before each round.

    Args:
        stream: a key, as a number or as int64 scalar on the device.
    """
    x = torch.arange(count, device=device)
    for step in (stream, stream ^ 0x9E3779B9):
        x = (x ^ step) & _MASK
        x = ((x ^ (x >> 16)) * 0x21F0AAAD) & _MASK
        x = ((x ^ (x >> 15)) * 0x735A2D97) & _MASK
        x = x ^ (x >> 15)
    return x


def uniform(count: int, stream: int | Tensor, device: torch.device) -> Tensor:
    """Uniform random numbers in [0, 1), float32 [count].

    They use 24 of the bits, all that a float32 holds, so 1.0 never occurs.
    """
    return (bits(count, stream, device) >> 8).float() * 2.0**-24


def order(count: int, stream: int | Tensor, device: torch.device) -> Tensor:
    """A random permutation of 0 .. count - 1, int64 [count].

    Ties, rare even among thousands of pictures, keep their order.
    """
    return torch.sort(bits(count, stream, device), stable=True).indices
