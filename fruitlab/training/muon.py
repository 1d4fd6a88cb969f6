"""Muon (Jordan et al. 2024): orthogonalized updates, equally long in every direction of a layer.

A few directions dominate the gradient of a convolution. With the others made as long, the network
learns from far fewer pictures. torch.optim.Muon refuses convolutions and computes in bfloat16,
which most CPUs emulate at a tenth of the speed.
"""

import torch
from torch import Tensor

# Newton-Schulz iteration with Jordan's coefficients. Five rounds bring every singular value to
# between 0.7 and 1.2; more rounds do not train better.
ROUNDS, A, B, C = 5, 3.4445, -4.7750, 2.0315


def orthogonal(matrices: Tensor) -> Tensor:
    """Approximately U V^T for every matrix U S V^T.

    Singular values come out between 0.7 and 1.2, except those that were close to zero.

    Args:
        matrices: float [n, rows, columns].

    Returns:
        Same shape. A matrix with more rows than columns is scaled by the square root of their
        ratio, so that its outputs move as far.
    """
    rows, columns = matrices.shape[1:]
    tall = rows > columns
    x = matrices.mT if tall else matrices
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(ROUNDS):
        gram = x @ x.mT
        x = A * x + (B * gram + C * gram @ gram) @ x
    return x.mT * (rows / columns) ** 0.5 if tall else x


def orthogonal_steps(steps: list[Tensor]) -> list[Tensor]:
    """Orthogonalize each kernel's update as a matrix of outputs by all inputs.

    Args:
        steps: updates, float [out, in, ...] each. Those of one shape are batched.
    """
    by_shape: dict[torch.Size, list[int]] = {}
    for place, step in enumerate(steps):
        by_shape.setdefault(step.shape, []).append(place)
    result = list(steps)
    for shape, places in by_shape.items():
        stacked = orthogonal(torch.stack([steps[place] for place in places]).flatten(2))
        for place, step in zip(places, stacked.unflatten(2, shape[1:]), strict=True):
            result[place] = step
    return result
