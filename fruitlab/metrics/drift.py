"""Drift of a stream: where a network's errors on what arrives rise more than chance explains.

DDM (Gama, Medas, Castillo and Rodrigues 2004, "Learning with drift detection"): while the pictures
come from one distribution, the error rate p of a learner falls or stays, with standard deviation
s = sqrt(p (1 - p) / n). A drift is where p + s reaches the lowest p + 3 s so far. The detector then
starts again.
"""

from collections.abc import Sequence

LEAST = 100  # pictures before the error rate is trusted: with 30, chance has more false alarms
DEVIATIONS = 3.0


def drifts(pictures: Sequence[int], right: Sequence[int]) -> list[int]:
    """The places of the groups with which a drift was noticed.

    Args:
        pictures: how many arrived in each group, in order.
        right: how many of them the network knew before it learned them.
    """
    found: list[int] = []
    total = wrong = 0
    lowest: tuple[float, float] | None = None
    for place, (count, known) in enumerate(zip(pictures, right, strict=True)):
        total, wrong = total + count, wrong + count - known
        if total < LEAST:
            continue
        # One picture more that is wrong and one that is right: the deviation is never 0.
        rate = (wrong + 1) / (total + 2)
        deviation = (rate * (1 - rate) / total) ** 0.5
        if lowest is None or rate + deviation < sum(lowest):
            lowest = rate, deviation
        elif rate + deviation >= lowest[0] + DEVIATIONS * lowest[1]:
            found.append(place)
            total, wrong, lowest = 0, 0, None
    return found
