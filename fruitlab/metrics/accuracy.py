"""Accuracies, their confidence intervals and forgetting: pure functions of counts, without torch.

Accuracies are fractions of one. Top-1 counts a picture as right if its category is the network's
first answer, top-3 if it is among the first three. All intervals are 95% confidence intervals.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

SCORES = ("nice", "real", "combined")  # accuracy on either domain, combined performance
Z95 = 1.959963984540054  # scipy.stats.norm.ppf(0.975)


def wilson(right: int, pictures: int) -> tuple[float, float]:
    """The Wilson score interval of an accuracy; (0, 1) if there are no pictures.

    The same as `scipy.stats.binomtest(right, pictures).proportion_ci(method="wilson")`, to which a
    test holds it. That call takes 200 to 400 us and a page with categories makes a hundred of them;
    this one takes less than 1 us.
    """
    if pictures == 0:
        return 0.0, 1.0
    share, z2 = right / pictures, Z95**2
    scale = 1 + z2 / pictures
    centre = (share + z2 / (2 * pictures)) / scale
    half = Z95 / scale * math.sqrt(share * (1 - share) / pictures + z2 / (4 * pictures**2))
    # At the ends, the bounds are exact whatever the rounding.
    low = 0.0 if right == 0 else max(0.0, centre - half)
    high = 1.0 if right == pictures else min(1.0, centre + half)
    return low, high


def fraction(right: ArrayLike, pictures: ArrayLike) -> Any:
    """Accuracy as a fraction of one, float64 of the operands' shape; nan without pictures."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.true_divide(right, pictures)


def combined(nice: Any, real: Any) -> Any:
    """Combined performance, sqrt(nice accuracy * real accuracy) (paper 5.1); numbers or arrays."""
    value = np.sqrt(nice * real)
    return value if isinstance(value, np.ndarray) else float(value)


def accuracy(right: int, pictures: int, name: str) -> dict[str, Any]:
    """{name: accuracy, name_interval: [low, high]}."""
    return {
        name: float(fraction(right, pictures)) if pictures else 0.0,
        f"{name}_interval": list(wilson(right, pictures)),
    }


def domain_scores(
    truth: np.ndarray, rank: np.ndarray, categories: tuple[str, ...]
) -> dict[str, Any]:
    """The scores of one domain with their intervals, over all pictures and per category.

    Args:
        truth: int [n], the true categories as indices into `categories`.
        rank: int [n], how many categories the network prefers to the true one.

    Returns:
        {pictures, top1, top1_interval, top3, top3_interval, per_category: {name: the same}}.
    """

    def scores(rank: np.ndarray) -> dict[str, Any]:
        return point_scores([len(rank), int((rank < 1).sum()), int((rank < 3).sum())])

    present = np.unique(truth)
    return scores(rank) | {
        "per_category": {categories[label]: scores(rank[truth == label]) for label in present}
    }


def point_scores(counts: list[int]) -> dict[str, Any]:
    """The scores of one domain from [pictures, right by top-1, right by top-3]."""
    pictures, top1, top3 = counts
    return (
        {"pictures": pictures} | accuracy(top1, pictures, "top1") | accuracy(top3, pictures, "top3")
    )


def combined_scores(nice: dict[str, Any], real: dict[str, Any]) -> dict[str, Any]:
    """Combined top-1 and top-3 of the scores of two domains, with intervals.

    A product of two proportions has no Wilson interval. This is the delta method on its logarithm,
    with the standard errors taken from the widths of the factors' Wilson intervals, within [0, 1].
    """
    result: dict[str, Any] = {}
    for name in ("top1", "top3"):
        value = combined(nice[name], real[name])
        relative = 0.0
        for domain in (nice, real):
            low, high = domain[f"{name}_interval"]
            relative += ((high - low) / (2 * max(domain[name], 1e-9)) / 2) ** 2
        spread = math.exp(min(50.0, math.sqrt(relative)))
        if value:
            interval = [value / spread, min(1.0, value * spread)]
        else:
            highs = [domain[f"{name}_interval"][1] for domain in (nice, real)]
            interval = [0.0, combined(*highs)]
        result |= {name: value, f"{name}_interval": interval}
    return result


def table_scores(table: dict[str, np.ndarray]) -> dict[str, Any]:
    """All scores of a run, {nice, real, combined}, from a table by `training.predictions`."""
    categories = tuple(table["categories"].tolist())
    scores = {
        name: domain_scores(table["truth"][rows], table["rank"][rows], categories)
        for name, rows in (("nice", ~table["real"]), ("real", table["real"]))
    }
    return scores | {"combined": combined_scores(scores["nice"], scores["real"])}


def point_combined(point: dict[str, Any]) -> float:
    """Combined top-1 of an evaluation in the log."""
    return float(combined(*_accuracies(point, 1)))


def _accuracies(point: dict[str, Any], place: int) -> tuple[float, float]:
    """Nice and real accuracy of an evaluation, from its [pictures, right, within three]."""
    nice, real = (float(fraction(point[d][place], point[d][0])) for d in ("nice", "real"))
    return nice, real


def last_scores(points: list[dict[str, Any]]) -> dict[str, Any]:
    """The scores of the last evaluation in a log, on the full test sets or on a part of them."""
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
    """The maximum of each column over the full evaluations, as in the paper's Table 2.

    Note that this selects on the test sets.
    """
    full = [point for point in points if point["full"]]

    def top(place: int) -> dict[str, float]:
        pairs = [_accuracies(point, place) for point in full]
        return {
            "nice": max(nice for nice, _ in pairs),
            "real": max(real for _, real in pairs),
            "combined": max(combined(nice, real) for nice, real in pairs),
        }

    return {"top1": top(1), "top3": top(2)} if full else {}


def peak_minus_current(accuracy: Sequence[float]) -> float | None:
    """Forgetting: the best accuracy so far minus the last; None without any accuracy.

    Chaudhry et al. 2018, and mammoth. Never below 0.
    """
    return max(accuracy) - accuracy[-1] if len(accuracy) else None


def end_minus_final(end_of_initial: float | None, final: float | None) -> float | None:
    """Forgetting: the accuracy right after learning a domain minus the last; None without both.

    Lopez-Paz and Ranzato 2017, and Avalanche. This is minus the backward transfer: below 0 where
    later training helped.
    """
    return None if end_of_initial is None or final is None else end_of_initial - final


def iterations_to_half(iterations: Sequence[float], accuracy: Sequence[float]) -> float | None:
    """Iterations until half of the final loss of accuracy; None if nothing is lost.

    That is when the curve, linear between points, first falls to the mean of its first and last
    value.

    Args:
        iterations: of the phase, ascending.
        accuracy: at those iterations.
    """
    if len(accuracy) < 2 or not accuracy[0] > accuracy[-1]:
        return None
    half = (accuracy[0] + accuracy[-1]) / 2
    for i in range(1, len(accuracy)):
        if accuracy[i] <= half:
            above, below = accuracy[i - 1], accuracy[i]
            start, end = iterations[i - 1], iterations[i]
            return float(start + (end - start) * (above - half) / (above - below))
    raise AssertionError("unreachable: the last value lies below the mean")
