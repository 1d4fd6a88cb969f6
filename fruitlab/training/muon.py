"""Muon (Jordan et al. 2024): orthogonalized updates, equally long in every direction of a layer.

A few directions dominate the gradient of a convolution. With the others made as long, the network
learns from far fewer pictures. torch.optim.Muon refuses convolutions and computes in bfloat16,
which most CPUs emulate at a tenth of the speed.
"""

from functools import lru_cache

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


def orthogonal_steps(steps: list[Tensor], *, padded: bool | None = None) -> list[Tensor]:
    """Orthogonalize each kernel's update as a matrix of outputs by all inputs.

    Args:
        steps: updates, float [out, in, ...] each.
        padded: batch matrices of several shapes, with zeros around the smaller ones. None: not on a
            CPU, where the arithmetic costs more than the calls. Otherwise those of one shape are
            batched.
    """
    if padded is None:
        padded = bool(steps) and steps[0].device.type != "cpu"
    groups: dict[object, list[int]] = {}
    for place, step in enumerate(steps):
        groups.setdefault(_rows(step) if padded else step.shape, []).append(place)
    result = list(steps)
    for places in groups.values():
        chosen = [steps[place] for place in places]
        for place, step in zip(places, (_padded if padded else _alike)(chosen), strict=True):
            result[place] = step
    return result


def _alike(steps: list[Tensor]) -> list[Tensor]:
    stacked = orthogonal(torch.stack(steps).flatten(2))
    return list(stacked.unflatten(2, steps[0].shape[1:]))


def _rows(step: Tensor) -> int:
    """The number of rows that the matrix is padded to: 32, 128, 512 and so on."""
    short, rows = min(len(step), step[0].numel()), 32
    while rows < short:
        rows *= 4
    return rows


def _padded(steps: list[Tensor]) -> list[Tensor]:
    """Zeros around a matrix change nothing, nor does the order of its columns."""
    # Channels last, as they lie in memory: these are views.
    lying = [step.movedim(1, -1) for step in steps]
    shapes = tuple((len(step), step[0].numel()) for step in steps)
    into, back, scale = _tables(shapes, steps[0].device)
    flat = torch.cat([scale.new_zeros(1), *(step.reshape(-1) for step in lying)])
    found = (orthogonal(flat[into]) * scale).flatten()[back]
    parts = found.split([step.numel() for step in steps])
    return [part.view(step.shape).movedim(-1, 1) for part, step in zip(parts, lying, strict=True)]


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # the result is cached
def _tables(
    shapes: tuple[tuple[int, int], ...], device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """How matrices that lie one after the other, behind a zero, become one batch, and back.

    Returns:
        into: int64 [n, rows, columns], places in the flat memory; wide matrices, tall ones turned.
        back: int64 [numbers], places in the batch.
        scale: float [n, 1, 1], as `orthogonal` scales tall matrices.
    """
    size = (len(shapes), max(map(min, shapes)), max(map(max, shapes)))
    into = torch.zeros(size, dtype=torch.int64)
    back, scale = [], []
    places, starts = torch.arange(into.numel()).view_as(into), [1]
    for number, (rows, columns) in enumerate(shapes):
        starts.append(starts[-1] + rows * columns)
        lying = torch.arange(*starts[-2:]).view(rows, columns)
        tall = rows > columns
        part = number, slice(min(rows, columns)), slice(max(rows, columns))
        into[part] = lying.mT if tall else lying
        back.append((places[part].mT if tall else places[part]).flatten())
        scale.append((rows / columns) ** 0.5 if tall else 1.0)
    factors = torch.tensor(scale).view(-1, 1, 1)
    return into.to(device), torch.cat(back).to(device), factors.to(device)
