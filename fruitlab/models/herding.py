"""Herding: a few pictures whose mean feature follows the mean of all (iCaRL, algorithm 4)."""

from torch import Tensor


def herd(features: Tensor, count: int) -> list[int]:
    """The rows to keep, in the order of choice: each brings the mean of the chosen nearest to all.

    Args:
        features: float [n, features]. count: rows at most.
    """
    mean, total = features.mean(0), features.new_zeros(features.shape[1])
    chosen: list[int] = []
    for number in range(1, min(count, len(features)) + 1):
        distance = (mean - (total + features) / number).square().sum(1)
        distance[chosen] = float("inf")
        chosen.append(int(distance.argmin()))
        total = total + features[chosen[-1]]
    return chosen
