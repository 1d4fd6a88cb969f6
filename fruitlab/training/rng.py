"""Random numbers that are functions of what they are for: (seed, phase, epoch), and so on.

A resumed run needs no generator's state, and a run on a GPU sees its pictures in the very order it would on a CPU: the
numbers are hashes of a counter in integer arithmetic, which is exact everywhere, computed on the device that uses them.
"""

import hashlib

import torch
from torch import Tensor

_MASK = 0xFFFFFFFF


def key(*parts: int | str) -> int:
    """32 bits from what the numbers are for, e.g. key(seed, "order", phase, epoch)."""
    return int.from_bytes(
        hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=4).digest(), "little"
    )


def bits(count: int, stream: int, device: torch.device) -> Tensor:
    """int64 [count], uniform in 0 .. 2^32 - 1: two rounds of a well-mixing 32-bit hash (Wellons' lowbias32), keyed before each."""
    x = torch.arange(count, device=device)
    for step in (stream, stream ^ 0x9E3779B9):
        x = (x ^ step) & _MASK
        x = ((x ^ (x >> 16)) * 0x21F0AAAD) & _MASK
        x = ((x ^ (x >> 15)) * 0x735A2D97) & _MASK
        x = x ^ (x >> 15)
    return x


def uniform(count: int, stream: int, device: torch.device) -> Tensor:
    """float32 [count], uniform in [0, 1): 24 of the bits, all that a float32 holds, so that 1 never comes out."""
    return (bits(count, stream, device) >> 8).float() * 2.0**-24


def order(count: int, stream: int, device: torch.device) -> Tensor:
    """int64 [count]: a random order of 0 .. count - 1. Ties (one in thousands of pictures, if any) keep their order."""
    return torch.sort(bits(count, stream, device), stable=True).indices
