"""What is said of a network, from counts: pure functions of numbers, without torch."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

SCORES = ("nice", "real", "combined")  # accuracy on either domain, and combined performance
Z95 = 1.959963984540054  # normal quantile of a two-sided 95 % interval


def wilson(right: int, pictures: int) -> tuple[float, float]:
    """95 % Wilson interval of an accuracy, as fractions of one; (0, 1) where nothing was scored."""
    if pictures == 0:
        return 0.0, 1.0
    share, z2 = right / pictures, Z95**2
    centre = (share + z2 / (2 * pictures)) / (1 + z2 / pictures)
    half = (
        Z95
        / (1 + z2 / pictures)
        * math.sqrt(share * (1 - share) / pictures + z2 / (4 * pictures**2))
    )
    # At the ends the bound is exact, whatever the rounding says.
    return (0.0 if right == 0 else max(0.0, centre - half)), (
        1.0 if right == pictures else min(1.0, centre + half)
    )


def fraction(right: ArrayLike, pictures: ArrayLike) -> Any:
    """Accuracy as a fraction of one, float64 of the operands' shape; nan without pictures."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.true_divide(right, pictures)


def combined(nice: Any, real: Any) -> Any:
    """Combined performance, sqrt(nice accuracy * real accuracy) (paper 5.1); numbers or arrays."""
    value = np.sqrt(nice * real)
    return value if isinstance(value, np.ndarray) else float(value)


def accuracy(right: int, pictures: int, name: str) -> dict[str, Any]:
    """{name: fraction, name_interval: [low, high]}."""
    return {
        name: float(fraction(right, pictures)) if pictures else 0.0,
        f"{name}_interval": list(wilson(right, pictures)),
    }


def domain_scores(
    truth: np.ndarray, rank: np.ndarray, categories: tuple[str, ...]
) -> dict[str, Any]:
    """One domain's scores with their intervals, over all and by category.

    Args:
        truth: int [n], index into categories. rank: int [n], how many categories the network prefers to the true one.
    """

    def scores(rank: np.ndarray) -> dict[str, Any]:
        count = len(rank)
        return (
            {"pictures": count}
            | accuracy(int((rank < 1).sum()), count, "top1")
            | accuracy(int((rank < 3).sum()), count, "top3")
        )

    present = np.unique(truth)
    return scores(rank) | {
        "per_category": {categories[label]: scores(rank[truth == label]) for label in present}
    }


def point_scores(counts: list[int]) -> dict[str, Any]:
    """The same from an evaluation's [pictures, right, within the first three], without the categories."""
    pictures, right, within = counts
    return (
        {"pictures": pictures}
        | accuracy(right, pictures, "top1")
        | accuracy(within, pictures, "top3")
    )


def combined_scores(nice: dict[str, Any], real: dict[str, Any]) -> dict[str, Any]:
    """Combined top-1 and top-3 of two domains' scores, with 95 % intervals.

    The product of two proportions has no Wilson interval; this is the delta method on its logarithm, from the width that
    Wilson's gives each factor, kept within 0 and 1.
    """
    result: dict[str, Any] = {}
    for name in ("top1", "top3"):
        value = combined(nice[name], real[name])
        relative = 0.0
        for domain in (nice, real):
            low, high = domain[f"{name}_interval"]
            relative += ((high - low) / (2 * max(domain[name], 1e-9)) / 2) ** 2
        spread = math.exp(min(50.0, math.sqrt(relative)))
        bounds = (
            [value / spread, min(1.0, value * spread)]
            if value
            else [0.0, combined(nice[f"{name}_interval"][1], real[f"{name}_interval"][1])]
        )
        result |= {name: value, f"{name}_interval": bounds}
    return result


def table_scores(table: dict[str, np.ndarray]) -> dict[str, Any]:
    """{nice, real, combined} of a predictions table (`evaluation.predictions`): all a run's scores, without torch or the data."""
    categories = tuple(table["categories"].tolist())
    scores = {
        name: domain_scores(table["truth"][rows], table["rank"][rows], categories)
        for name, rows in (("nice", ~table["real"]), ("real", table["real"]))
    }
    return scores | {"combined": combined_scores(scores["nice"], scores["real"])}


def point_combined(point: dict[str, Any]) -> float:
    """Combined top-1 of an evaluation in the log."""
    return combined(*_accuracies(point, 1))


def _accuracies(point: dict[str, Any], place: int) -> tuple[float, float]:
    """Nice and real accuracy of an evaluation, from its [pictures, right, within three]."""
    nice, real = (float(fraction(point[d][place], point[d][0])) for d in ("nice", "real"))
    return nice, real


def last_scores(points: list[dict[str, Any]]) -> dict[str, Any]:
    """What a run has so far: the scores of its last evaluation, full or not."""
    if not points:
        return {"iteration": 0, "images_seen": 0}
    last = points[-1]
    nice, real = point_scores(last["nice"]), point_scores(last["real"])
    return {
        "iteration": last["iteration"],
        "images_seen": sum(last["seen"].values()),
        "seconds": last["seconds"],
        "full": last["full"],
        "nice": nice,
        "real": real,
        "combined": combined_scores(nice, real),
    }


def best_scores(points: list[dict[str, Any]]) -> dict[str, Any]:
    """The best of each column over training, full scores only: as the paper's Table 2 has them, selected on the test sets."""
    full = [point for point in points if point["full"]]

    def top(place: int) -> dict[str, float]:
        pairs = [_accuracies(point, place) for point in full]
        return {
            "nice": max(n for n, _ in pairs),
            "real": max(r for _, r in pairs),
            "combined": max(combined(n, r) for n, r in pairs),
        }

    return {"top1": top(1), "top3": top(2)} if full else {}


def peak_minus_current(accuracy: Sequence[float]) -> float | None:
    """Forgetting as the best value so far less the last one (Chaudhry et al. 2018; mammoth's), never below 0. None of nothing."""
    return max(accuracy) - accuracy[-1] if len(accuracy) else None


def end_minus_final(end_of_initial: float | None, final: float | None) -> float | None:
    """Forgetting as the value right after learning a domain less the last one (Lopez-Paz and Ranzato 2017; Avalanche's): minus the
    backward transfer, below 0 where the later training helped. None until both are there."""
    return None if end_of_initial is None or final is None else end_of_initial - final


def iterations_to_half(iterations: Sequence[float], accuracy: Sequence[float]) -> float | None:
    """Iterations until half of what will have been lost is lost: when the curve first comes down to the middle between its first and
    last value, linear between points. None where nothing is lost, or there is no curve.

    Args:
        iterations: ascending, of the phase. accuracy: at those, fractions of one; the last is the final one.
    """
    if len(accuracy) < 2 or not accuracy[0] > accuracy[-1]:
        return None
    half = (accuracy[0] + accuracy[-1]) / 2
    for i in range(1, len(accuracy)):
        if accuracy[i] <= half:
            above, below = accuracy[i - 1], accuracy[i]
            return float(
                iterations[i - 1]
                + (iterations[i] - iterations[i - 1]) * (above - half) / (above - below)
            )
    raise AssertionError("unreachable: the last value lies below the middle")
