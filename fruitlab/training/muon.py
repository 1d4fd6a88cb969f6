"""Muon (Jordan et al. 2024): a step made orthogonal, so that it is as long in every direction a layer has.

The gradients of a convolution are dominated by a few directions; the others, made as long, learn from far fewer pictures.
torch.optim.Muon refuses convolutions and works in bfloat16, which a CPU emulates at a tenth of the speed.
"""

import torch
from torch import Tensor

# Newton-Schulz iteration with Jordan's coefficients: five rounds take every singular value to between 0.7 and 1.2, and
# bringing them nearer to 1 trains no better.
ROUNDS, A, B, C = 5, 3.4445, -4.7750, 2.0315


def orthogonal(matrices: Tensor) -> Tensor:
    """U V' of each matrix U S V', nearly: singular values between 0.7 and 1.2 (those near nothing stay small).

    Args:
        matrices: float [n, rows, columns].
    Returns:
        The same shape; a matrix of more rows than columns is longer by the root of their ratio, so that the outputs move as far.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(ROUNDS):
        gram = x @ x.mT
        x = A * x + (B * gram + C * gram @ gram) @ x
    return x.mT * (matrices.shape[1] / matrices.shape[2]) ** 0.5 if tall else x


def orthogonal_steps(steps: list[Tensor]) -> list[Tensor]:
    """Each convolution's step [out, in, ...] made orthogonal as a matrix of its outputs by all its inputs; those of one shape at once."""
    shapes: dict[torch.Size, list[int]] = {}
    for i, one in enumerate(steps):
        shapes.setdefault(one.shape, []).append(i)
    result = list(steps)
    for shape, places in shapes.items():
        stacked = orthogonal(torch.stack([steps[i] for i in places]).flatten(2))
        for i, one in zip(places, stacked.unflatten(2, shape[1:]), strict=True):
            result[i] = one
    return result
