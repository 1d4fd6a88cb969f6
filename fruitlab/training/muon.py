"""Muon (Jordan et al. 2024): orthogonalized updates, equally long in every direction of a layer.

A few directions dominate the gradient of a convolution. With the others made as long, the network
learns from far fewer pictures. torch.optim.Muon refuses convolutions and computes in bfloat16,
which most CPUs emulate at a tenth of the speed.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

# Newton-Schulz iteration with Jordan's coefficients. Five rounds bring every singular value to
# between 0.7 and 1.2; more rounds do not train better.
ROUNDS, A, B, C = 5, 3.4445, -4.7750, 2.0315


def orthogonal_steps(steps: list[Tensor]) -> list[Tensor]:
    """Orthogonalize each kernel's update as a matrix of outputs by all inputs.

    The result is approximately U V^T for a matrix U S V^T: singular values come out between 0.7 and
    1.2, except those that were close to zero. A matrix with more rows than columns is scaled by the
    square root of their ratio, so that its outputs move as far.

    A round of the iteration is x <- (A + B g + C g^2) x with g = x x^T. Its factor is a polynomial
    in g, so all rounds can be computed on g alone. These small matrices are filled up to one size
    with zeros, which stay zero, and so all steps are one batch. Before and after, kernels of one
    shape are a batch.

    Args:
        steps: updates, float [out, in, ...] each.
    """
    if not steps:
        return []
    shapes: dict[tuple[int, ...], list[int]] = {}
    for i, step in enumerate(steps):
        shapes.setdefault(tuple(step.shape), []).append(i)
    groups = [torch.stack([steps[i] for i in places]).flatten(2) for places in shapes.values()]
    tall = [x.shape[1] > x.shape[2] for x in groups]
    wide = [x.mT if high else x for x, high in zip(groups, tall, strict=True)]
    wide = [x / (torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True) + 1e-7) for x in wide]
    side = max(x.shape[1] for x in wide)
    gram = torch.cat([F.pad(x @ x.mT, (0, side - x.shape[1]) * 2) for x in wide])
    total = identity = torch.eye(side, dtype=gram.dtype, device=gram.device)
    for _ in range(ROUNDS):
        factor = A * identity + B * gram + C * (gram @ gram)
        total, gram = factor @ total, factor @ gram @ factor
    result = list(steps)
    factors = total.split([len(x) for x in wide])
    for places, x, high, factor in zip(shapes.values(), wide, tall, factors, strict=True):
        size, inputs = x.shape[1:]
        new = factor[:, :size, :size] @ x
        new = new.mT * (inputs / size) ** 0.5 if high else new
        for i, one in zip(places, new, strict=True):
            result[i] = one.reshape(steps[i].shape)
    return result
