"""Mean and deviation of each category's features, and features drawn from them."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

PER_CATEGORY = 100  # features drawn of each category


def class_moments(features: Iterable[tuple[Tensor, Tensor]], prefix: str) -> dict[str, Tensor]:
    """Mean and standard deviation of each category's features.

    Args:
        features: (float [batch, features], labels int64 [batch]) of every batch.
        prefix: of the names in the result.

    Returns:
        {PREFIX.labels: int64 [categories], ascending, PREFIX.mean and PREFIX.deviation: float32
        [categories, features]}.
    """
    parts = list(features)
    x, truth = (torch.cat(part) for part in zip(*parts, strict=True))
    known = truth.unique()
    of_each = [x[truth == label].double() for label in known]
    mean = torch.stack([rows.mean(0) for rows in of_each])
    deviation = torch.stack([rows.std(0, correction=0) for rows in of_each])
    return {
        f"{prefix}.labels": known,
        f"{prefix}.mean": mean.float(),
        f"{prefix}.deviation": deviation.float(),
    }


def labels(memory: Mapping[str, Tensor], prefix: str) -> Tensor:
    """The labels of the features that `draw` returns, int64 [n]."""
    return memory[f"{prefix}.labels"].repeat(PER_CATEGORY)


def draw(memory: Mapping[str, Tensor], prefix: str, *, seed: int) -> Tensor:
    """PER_CATEGORY features of each category, normally distributed with its moments.

    Drawn on the CPU, so that they are the same on every device.

    Returns:
        float32 [n, features].
    """
    mean, deviation = memory[f"{prefix}.mean"], memory[f"{prefix}.deviation"]
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(PER_CATEGORY, *mean.shape, generator=generator).to(mean.device)
    return (mean + deviation * noise).flatten(0, 1)
