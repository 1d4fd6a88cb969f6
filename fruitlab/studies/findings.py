"""The paper's hypotheses and findings (5.2, 5.3) as checks with stated rules, over accuracies from any runs. Pure, no torch.

All compare top-1 accuracies, the mean over seeds. Two are told apart when they differ by more than the 95 % margin of the test pictures' number and,
with several seeds, of the spread over them (`margin`).
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import Z95
from fruitlab.studies import published
from fruitlab.studies.plans import RATIOS, SPLITS

HOLDS, PARTLY, FAILS, CLOSE, NOT_YET = (
    "holds",
    "holds in part",
    "does not hold",
    "too close to call",
    "not enough runs",
)
FORGOTTEN_WITHIN = 200  # iterations of restricted training (5.3.3)
LITTLE = (10, 20, 30)  # percent real
MARGIN = (
    "Decided on top-1 accuracy after the last iteration, the mean over seeds. A difference within the 95 % margin, from the number of test "
    "pictures and the spread over seeds, is too close to call. With runs missing it is *not enough runs*."
)


@dataclass(frozen=True)
class Scores:
    """Top-k accuracies at one ratio or split, fractions of one, a value a seed in the same order."""

    nice: tuple[float, ...]
    real: tuple[float, ...]
    combined: tuple[float, ...]
    nice_pictures: int = published.PICTURES
    real_pictures: int = published.PICTURES

    def mean(self, score: str) -> float:
        return statistics.fmean(getattr(self, score))

    def deviation(self, score: str) -> float | None:
        """Sample standard deviation over the seeds; None of a single one."""
        values = getattr(self, score)
        return statistics.stdev(values) if len(values) > 1 else None

    def variance(self, score: str) -> float:
        """Of the mean: of the test pictures' number, which seeds share, and of the seeds. For combined the delta method on its logarithm."""
        values = getattr(self, score)
        nice, real = (self._sampling(name) for name in ("nice", "real"))
        if score == "combined":
            relative = sum(
                variance / max(self.mean(name), 1e-3) ** 2
                for name, variance in (("nice", nice), ("real", real))
            )
            sampling = self.mean("combined") ** 2 * relative / 4
        else:
            sampling = nice if score == "nice" else real
        return sampling + (statistics.variance(values) / len(values) if len(values) > 1 else 0.0)

    def _sampling(self, score: str) -> float:
        n = max(1, getattr(self, f"{score}_pictures"))
        share = (self.mean(score) * n + 2) / (
            n + 4
        )  # as Agresti and Coull: none right of a few is not certainty
        return share * (1 - share) / (n + 4)


@dataclass(frozen=True)
class Verdict:
    """What a check comes to. `said`: the figures it rests on; `rule`: how it was decided."""

    status: str
    said: str
    rule: str


Column = Mapping[int, Scores]  # by ratio or split, in percent
PAPER = {
    ratio: Scores((row["nice"],), (row["real"],), (row["combined"],))
    for ratio, row in published.TABLE2.items()
}  # bests over training


def margin(one: Scores, other: Scores, score: str) -> float:
    """By how much two must differ to be told apart, 95 %."""
    return Z95 * math.sqrt(one.variance(score) + other.variance(score))


def beats(one: Scores, other: Scores, score: str) -> str:
    """Whether the first has the higher score: holds, fails, or too close to call."""
    difference = one.mean(score) - other.mean(score)
    return (
        CLOSE
        if abs(difference) <= margin(one, other, score)
        else HOLDS
        if difference > 0
        else FAILS
    )


def best(column: Column, score: str) -> int:
    return max(column, key=lambda place: column[place].mean(score))


def own_domain(mixed: Column) -> Verdict:
    """Hypothesis 1."""
    rule = (
        "Nice accuracy is highest at 0 % real, and real accuracy at 100 %. Each part holds where that end is the highest; it does not where "
        "another ratio is higher by more than the margin. Both parts: holds; one of them: in part."
    )
    if lacking := _lacking(mixed, RATIOS, "mixing ratio"):
        return Verdict(NOT_YET, lacking, rule)
    parts, said = [], []
    for score, end in (("nice", 0), ("real", 100)):
        top = best(mixed, score)
        parts.append(
            HOLDS
            if top == end
            else CLOSE
            if beats(mixed[top], mixed[end], score) == CLOSE
            else FAILS
        )
        there = f"{percent(mixed[end].mean(score))} at {end} %"
        said.append(
            f"{score.capitalize()} is highest at {top} % real, {percent(mixed[top].mean(score))}"
            + (
                "."
                if top == end
                else f", against {there} (margin {_points(margin(mixed[top], mixed[end], score))})."
            )
        )
    status = parts[0] if parts[0] == parts[1] else PARTLY if HOLDS in parts else FAILS
    return Verdict(status, " ".join(said), rule)


def near_half(mixed: Column) -> Verdict:
    """Hypothesis 2."""
    rule = (
        'The combined score is highest at 50 % real: holds. From 40 to 60 %: in part, the paper\'s own "slightly deviates". Elsewhere: does '
        "not hold."
    )
    if lacking := _lacking(mixed, RATIOS, "mixing ratio"):
        return Verdict(NOT_YET, lacking, rule)
    top = best(mixed, "combined")
    said = f"Combined is highest at {top} % real: {percent(mixed[top].mean('combined'))}"
    if top == 50:
        return Verdict(HOLDS, f"{said}.", rule)
    said += f", against {percent(mixed[50].mean('combined'))} at 50 % (margin {_points(margin(mixed[top], mixed[50], 'combined'))})."
    return Verdict(
        CLOSE
        if beats(mixed[top], mixed[50], "combined") == CLOSE
        else PARTLY
        if abs(top - 50) <= 10
        else FAILS,
        said,
        rule,
    )


def iterative_wins(mixed: Column, iterative: Column, way: str = "") -> Verdict:
    """Hypothesis 3. `way`: which of several ways of iterative training it was, for the sentence."""
    rule = "The best of the nine splits has a higher combined score than the best of the eleven ratios."
    if lacking := _lacking(mixed, RATIOS, "mixing ratio") or _lacking(
        iterative, SPLITS, "iterative split"
    ):
        return Verdict(NOT_YET, lacking, rule)
    split, ratio = best(iterative, "combined"), best(mixed, "combined")
    one, other = iterative[split], mixed[ratio]
    said = (
        f"Iterative at its best, split {split} %{way and f', {way}'}: {percent(one.mean('combined'))} combined. Mixed at its best, {ratio} % real: "
        f"{percent(other.mean('combined'))} (margin {_points(margin(one, other, 'combined'))})."
    )
    return Verdict(beats(one, other, "combined"), said, rule)


def helps_nice(mixed: Column) -> Verdict:
    """5.3.2: "partial mixing of the more difficult to learn real dataset has a beneficial effect on the test accuracy of the easier"."""
    rule = "With 10, 20 or 30 % real, the best of them, nice accuracy is higher than with none."
    if lacking := _lacking(mixed, (0, *LITTLE), "mixing ratio"):
        return Verdict(NOT_YET, lacking, rule)
    top = best({ratio: mixed[ratio] for ratio in LITTLE}, "nice")
    status = beats(mixed[top], mixed[0], "nice")
    return Verdict(
        status,
        f"Nice: {percent(mixed[top].mean('nice'))} with {top} % real, {percent(mixed[0].mean('nice'))} with none "
        f"(margin {_points(margin(mixed[top], mixed[0], 'nice'))}).",
        rule,
    )


def carries_over(mixed: Column, categories: int) -> Verdict:
    """5.3.2: networks of one domain alone, on the other."""
    chance = 1 / categories
    rule = "Real accuracy with nice pictures alone, and nice accuracy with real ones alone, are both above guessing by more than their 95 % margin."
    if lacking := _lacking(mixed, (0, 100), "mixing ratio"):
        return Verdict(NOT_YET, lacking, rule)
    parts = [_against(mixed[0], "real", chance), _against(mixed[100], "nice", chance)]
    status = (
        HOLDS
        if parts == [HOLDS, HOLDS]
        else FAILS
        if FAILS in parts
        else PARTLY
        if HOLDS in parts
        else CLOSE
    )
    said = (
        f"Nice alone: {percent(mixed[0].mean('real'))} of real ones right. Real alone: {percent(mixed[100].mean('nice'))} of nice ones. "
        f"Guessing: {percent(chance)}."
    )
    return Verdict(status, said, rule)


def never_improves(before: Column, after: Column) -> Verdict:
    """5.3.3: restricted training and the combined score, at the switch and at the end."""
    rule = "At none of the nine splits the combined score is higher at the end of restricted training than at the switch."
    if lacking := _lacking(
        {split: after[split] for split in after if split in before}, SPLITS, "iterative split"
    ):
        return Verdict(NOT_YET, lacking, rule)
    results = {split: beats(after[split], before[split], "combined") for split in SPLITS}
    higher = [
        split for split in SPLITS if after[split].mean("combined") > before[split].mean("combined")
    ]
    clearly = [split for split in SPLITS if results[split] == HOLDS]
    top = max(
        SPLITS, key=lambda split: after[split].mean("combined") - before[split].mean("combined")
    )
    changes = f"The most favourable, split {top} %: from {percent(before[top].mean('combined'))} to {percent(after[top].mean('combined'))}."
    if not higher:
        return Verdict(HOLDS, f"It is lower at the end at all nine. {changes}", rule)
    count = f"Higher at the end at {len(higher)} of nine splits, {len(clearly)} of them by more than the margin. {changes}"
    return Verdict(FAILS if clearly else CLOSE, count, rule)


def none_beats_mixed(mixed: Column, iterative: Column) -> Verdict:
    """5.3.3: single accuracies."""
    rule = "The highest nice and the highest real accuracy of the nine splits are no higher than those of the eleven ratios."
    if lacking := _lacking(mixed, RATIOS, "mixing ratio") or _lacking(
        iterative, SPLITS, "iterative split"
    ):
        return Verdict(NOT_YET, lacking, rule)
    parts, said = [], []
    for score in ("nice", "real"):
        one, other = iterative[best(iterative, score)], mixed[best(mixed, score)]
        parts.append(
            FAILS
            if beats(one, other, score) == HOLDS
            else HOLDS
            if one.mean(score) <= other.mean(score)
            else CLOSE
        )
        said.append(
            f"{score.capitalize()}: {percent(one.mean(score))} iterative, {percent(other.mean(score))} mixed."
        )
    return Verdict(
        FAILS if FAILS in parts else CLOSE if CLOSE in parts else HOLDS, " ".join(said), rule
    )


def forgets_fast(iterations: Sequence[float], nice: Sequence[float]) -> Verdict:
    """5.3.3 and Figure 14: nice accuracy over restricted training at the 50 % split; both empty where there is none."""
    rule = f"At the 50 % split, nice accuracy falls below half of what it was at the switch within {FORGOTTEN_WITHIN} restricted iterations."
    if not len(nice) or iterations[-1] < FORGOTTEN_WITHIN and nice[-1] >= nice[0] / 2:
        return Verdict(
            NOT_YET,
            f"It takes a finished run of the 50 % split with {FORGOTTEN_WITHIN} restricted iterations or more.",
            rule,
        )
    within = [
        (at, value) for at, value in zip(iterations, nice, strict=True) if at <= FORGOTTEN_WITHIN
    ]
    at, value = min(within, key=lambda pair: pair[1])
    said = (
        f"From {percent(nice[0])} at the switch to {percent(value)} at iteration {at:,.0f}, and {percent(nice[-1])} at the end "
        f"(iteration {iterations[-1]:,.0f})."
    )
    return Verdict(HOLDS if value < nice[0] / 2 else FAILS, said, rule)


def _against(scores: Scores, score: str, level: float) -> str:
    difference = scores.mean(score) - level
    return (
        CLOSE
        if abs(difference) <= Z95 * math.sqrt(scores.variance(score))
        else HOLDS
        if difference > 0
        else FAILS
    )


def _lacking(column: Column, wanted: Sequence[int], what: str) -> str:
    missing = [place for place in wanted if place not in column]
    if not missing:
        return ""
    there = "None" if len(missing) == len(wanted) else str(len(wanted) - len(missing))
    return f"{there} of the {len(wanted)} {what}s it takes have a finished run." + (
        "" if there == "None" else f" Missing: {', '.join(map(str, missing))} %."
    )


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"
