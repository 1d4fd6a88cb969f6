"""What to do next, drawn from the figures of a run or an answer: pure functions of arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fruitlab.config.text import percent, points

Kind = Literal["mix", "photos", "confused", "small", "large"]
Curves = Mapping[str, np.ndarray]  # top1, low, high
WORTH = 0.01  # gain of accuracy below which more photos are not worth a word
SEVERAL = 3  # categories that a sentence names
CONFUSED = 0.05  # share of two categories' pictures below which a confusion is not worth a word


@dataclass(frozen=True)
class Advice:
    """A sentence, and what it is about."""

    kind: Kind
    text: str


def mixing(combined: Curves, best: int) -> Advice:
    """Whether mixing helps: the interval of the best ratio against both ends.

    Args:
        combined: {top1, low, high} at 0, 1, ..., 100% real pictures, float [101].
        best: the recommended ratio in percent, chosen on other pictures.
    """
    value, low, high = (combined[name] for name in ("top1", "low", "high"))
    ends = {0: "studio photos alone", 100: "real photos alone"}
    alike = [name for end, name in ends.items() if end == best or high[end] >= low[best]]
    if not alike:
        text = (
            f"Mixing helps here: {best}% real has {percent(value[best])} combined, studio photos "
            f"alone {percent(value[0])} and real photos alone {percent(value[100])}."
        )
    else:
        text = (
            f"Mixing hardly matters here: {percent(value[best])} combined at {best}% real cannot "
            f"be told from training on {' or on '.join(alike)}."
        )
    return Advice("mix", text)


def more_photos(
    half: np.ndarray, full: np.ndarray, pictures: np.ndarray, categories: Sequence[str]
) -> Advice | None:
    """Which categories would gain most from more real photos; None if that is not known.

    A gain counts if it is larger than two standard errors of the difference.

    Args:
        half, full: real accuracy with half and with all real pictures, float [categories].
        pictures: real training pictures of each category, int [categories].
    """
    known = (pictures > 1) & np.isfinite(half) & np.isfinite(full)
    if not known.any():
        return None
    gain = np.where(known, full - half, -np.inf)
    average = np.where(known, (full + half) / 2, 0)
    error = np.sqrt(2 * average * (1 - average) / np.maximum(pictures, 1))
    order = np.argsort(-gain, kind="stable")
    gaining = [place for place in order if gain[place] > max(2 * error[place], WORTH)][:SEVERAL]
    if gaining:
        found = [f"{categories[place]} ({points(gain[place], signed=True)})" for place in gaining]
        text = (
            f"More real photos would help most with {_listed(found)}. That is what the "
            "pretrained network gained from the second half of the present ones."
        )
    else:
        mean = float((full - half)[known] @ pictures[known] / pictures[known].sum())
        added = f"the second half of the present ones added {points(mean)}"
        if mean > WORTH:
            text = f"More real photos may help: {added}, but no category stands out."
        else:
            text = f"More real photos would hardly help: {added}."
    return Advice("photos", text)


def confused(confusion: np.ndarray, categories: Sequence[str]) -> Advice | None:
    """The two categories that are confused most; None if none are.

    Args:
        confusion: pictures by category and answer, int [categories, categories].
    """
    total = np.add.outer(confusion.sum(1), confusion.sum(1))
    share = np.triu(confusion + confusion.T, 1) / np.maximum(total, 1)
    first, second = np.unravel_index(share.argmax(), share.shape)
    if share[first, second] < CONFUSED:
        return None
    return Advice(
        "confused",
        f"{categories[first]} and {categories[second]} look alike to the network: "
        f"{percent(float(share[first, second]))} of their real photos get the other's name.",
    )


def small_network(
    small: tuple[float, float, float], large: tuple[float, float, float], times: float
) -> Advice:
    """Whether the smaller network is enough.

    Args:
        small, large: combined performance and both ends of its interval.
        times: how many times larger the larger one's file is.
    """
    smaller = f"the network trained from scratch, {times:.0f} times smaller, has"
    if small[2] >= large[1]:
        text = f"The smaller network is enough: {smaller} {percent(small[0])} combined."
        return Advice("small", text)
    return Advice(
        "large",
        f"The pretrained network is worth its size: {smaller} {percent(small[0])} combined, "
        f"{points(large[0] - small[0])} less.",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]
