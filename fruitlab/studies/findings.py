"""The paper's hypotheses and findings (5.2, 5.3) as checks with fixed rules. No torch.

A check takes the scores of any runs and returns a `Verdict`: a status and the figures that decided
it. The Paper page puts them into words. All checks compare top-1 accuracies, as means over seeds.
On the paper's own numbers they come to the paper's own conclusions; a test asserts that.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from fruitlab.studies.plans import RATIOS, SPLITS
from fruitlab.studies.scores import Column, Status, best, is_above, is_higher, margin

FORGOTTEN_WITHIN = 200  # iterations of restricted training (5.3.3)
LITTLE = (10, 20, 30)  # percent real that the paper calls partial mixing
NEAR_HALF = (40, 60)  # percent real
# The hypotheses are also judged on this many ratios, with both ends, and this many splits.
FEW_RATIOS, FEW_SPLITS = 5, 3


@dataclass(frozen=True)
class Missing:
    """The ratios or splits that a check needs and that have no finished run.

    Attributes:
        what: "mixing ratios" or "iterative splits".
        needed: how many the check needs.
        places: those that are missing, in percent.
    """

    what: str
    needed: int
    places: tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    Attributes:
        check: name of the check.
        status: whether the claim holds.
        values: the figures that decided it. Accuracies and margins are fractions of one, ratios
            and splits are in percent. Empty if the status is `NOT_YET`.
        missing: the ratios or splits that have no run. With the status `NOT_YET`, the check waits
            for them, or for longer runs if this is None. Otherwise it was judged without them.
    """

    check: str
    status: Status
    values: Mapping[str, float] = field(default_factory=dict)
    missing: Missing | None = None


def own_domain(mixed: Column) -> Verdict:
    """Hypothesis 1: each domain is best at the ratio with most of its own pictures.

    Nice accuracy should be highest at 0% real and real accuracy at 100%. Either part fails if
    another ratio is higher by more than the margin. If one part holds, the claim holds in part.
    """
    missing = _missing(mixed, RATIOS, "mixing ratios")
    if not _enough(mixed):
        return Verdict("own_domain", Status.NOT_YET, missing=missing)
    parts: list[Status] = []
    values: dict[str, float] = {}
    for score, end in (("nice", 0), ("real", 100)):
        top = best(mixed, score)
        close = is_higher(mixed[top], mixed[end], score) == Status.CLOSE
        parts.append(Status.HOLDS if top == end else Status.CLOSE if close else Status.FAILS)
        values |= {
            f"{score}_ratio": top,
            f"{score}_best": mixed[top].mean(score),
            f"{score}_own": mixed[end].mean(score),
            f"{score}_margin": margin(mixed[top], mixed[end], score),
        }
    if parts[0] == parts[1]:
        status = parts[0]
    else:
        status = Status.PARTLY if Status.HOLDS in parts else Status.FAILS
    return Verdict("own_domain", status, values, missing)


def near_half(mixed: Column) -> Verdict:
    """Hypothesis 2: the combined score is highest near 50% real.

    It holds at 50% and in part from 40 to 60%, which the paper calls "slightly deviates".
    """
    missing = _missing(mixed, RATIOS, "mixing ratios")
    if not _enough(mixed):
        return Verdict("near_half", Status.NOT_YET, missing=missing)
    top = best(mixed, "combined")
    middle = min(mixed, key=lambda ratio: abs(ratio - 50))
    values = {
        "ratio": top,
        "best": mixed[top].mean("combined"),
        "middle": middle,
        "half": mixed[middle].mean("combined"),
        "margin": margin(mixed[top], mixed[middle], "combined"),
    }
    low, high = NEAR_HALF
    if top == 50:
        status = Status.HOLDS
    elif top != middle and is_higher(mixed[top], mixed[middle], "combined") == Status.CLOSE:
        status = Status.CLOSE
    else:
        status = Status.PARTLY if low <= top <= high else Status.FAILS
    return Verdict("near_half", status, values, missing)


def iterative_wins(mixed: Column, iterative: Column) -> Verdict:
    """Hypothesis 3: the best split has a higher combined score than the best mixing ratio."""
    if not _enough(mixed) or len(iterative) < FEW_SPLITS:
        missing = _missing_from_both(mixed, iterative)
        return Verdict("iterative_wins", Status.NOT_YET, missing=missing)
    split, ratio = best(iterative, "combined"), best(mixed, "combined")
    one, other = iterative[split], mixed[ratio]
    values = {
        "split": split,
        "iterative": one.mean("combined"),
        "ratio": ratio,
        "mixed": other.mean("combined"),
        "margin": margin(one, other, "combined"),
    }
    missing = _missing(iterative, SPLITS, "iterative splits")
    missing = missing or _missing(mixed, RATIOS, "mixing ratios")
    return Verdict("iterative_wins", is_higher(one, other, "combined"), values, missing)


def helps_nice(mixed: Column) -> Verdict:
    """5.3.2: with 10, 20 or 30% real, the best of them, nice accuracy is higher than with none."""
    if missing := _missing(mixed, (0, *LITTLE), "mixing ratios"):
        return Verdict("helps_nice", Status.NOT_YET, missing=missing)
    top = best({ratio: mixed[ratio] for ratio in LITTLE}, "nice")
    values = {
        "ratio": top,
        "some": mixed[top].mean("nice"),
        "none": mixed[0].mean("nice"),
        "margin": margin(mixed[top], mixed[0], "nice"),
    }
    return Verdict("helps_nice", is_higher(mixed[top], mixed[0], "nice"), values)


def carries_over(mixed: Column, categories: int) -> Verdict:
    """5.3.2: a network of one domain alone is above the random baseline on the other domain."""
    if missing := _missing(mixed, (0, 100), "mixing ratios"):
        return Verdict("carries_over", Status.NOT_YET, missing=missing)
    baseline = 1 / categories
    parts = {is_above(mixed[0], baseline, "real"), is_above(mixed[100], baseline, "nice")}
    if parts == {Status.HOLDS}:
        status = Status.HOLDS
    elif Status.FAILS in parts:
        status = Status.FAILS
    else:
        status = Status.PARTLY if Status.HOLDS in parts else Status.CLOSE
    values = {
        "real_from_nice": mixed[0].mean("real"),
        "nice_from_real": mixed[100].mean("nice"),
        "baseline": baseline,
    }
    return Verdict("carries_over", status, values)


def never_improves(before: Column, after: Column) -> Verdict:
    """5.3.3: at no split is the combined score higher after restricted training than before.

    Args:
        before: scores at the switch to restricted training.
        after: scores at its end.
    """
    both = before.keys() & after.keys()
    if missing := _missing(both, SPLITS, "iterative splits"):
        return Verdict("never_improves", Status.NOT_YET, missing=missing)
    gains = {
        split: after[split].mean("combined") - before[split].mean("combined") for split in SPLITS
    }
    clearly = [
        split
        for split in SPLITS
        if is_higher(after[split], before[split], "combined") == Status.HOLDS
    ]
    higher = [split for split in SPLITS if gains[split] > 0]
    top = max(SPLITS, key=gains.__getitem__)
    values = {
        "higher": len(higher),
        "clearly": len(clearly),
        "split": top,
        "before": before[top].mean("combined"),
        "after": after[top].mean("combined"),
    }
    status = Status.FAILS if clearly else Status.CLOSE if higher else Status.HOLDS
    return Verdict("never_improves", status, values)


def none_beats_mixed(mixed: Column, iterative: Column) -> Verdict:
    """5.3.3: no split has a higher nice or real accuracy than the best mixing ratio."""
    if missing := _missing_from_both(mixed, iterative):
        return Verdict("none_beats_mixed", Status.NOT_YET, missing=missing)
    parts: list[Status] = []
    values: dict[str, float] = {}
    for score in ("nice", "real"):
        one, other = iterative[best(iterative, score)], mixed[best(mixed, score)]
        if is_higher(one, other, score) == Status.HOLDS:
            parts.append(Status.FAILS)
        else:
            lower = one.mean(score) <= other.mean(score)
            parts.append(Status.HOLDS if lower else Status.CLOSE)
        values |= {f"{score}_iterative": one.mean(score), f"{score}_mixed": other.mean(score)}
    status = next(s for s in (Status.FAILS, Status.CLOSE, Status.HOLDS) if s in parts)
    return Verdict("none_beats_mixed", status, values)


def forgets_fast(iterations: Sequence[float], nice: Sequence[float]) -> Verdict:
    """5.3.3, Figure 14: nice accuracy falls below half within 200 restricted iterations.

    Args:
        iterations: of restricted training, ascending; empty without a run of the 50% split.
        nice: accuracy at those.
    """
    short = not len(iterations) or iterations[-1] < FORGOTTEN_WITHIN
    if short and (not len(nice) or nice[-1] >= nice[0] / 2):
        return Verdict("forgets_fast", Status.NOT_YET)
    points = zip(iterations, nice, strict=True)
    lowest, at = min((value, at) for at, value in points if at <= FORGOTTEN_WITHIN)
    values = {
        "at_switch": nice[0],
        "lowest": lowest,
        "lowest_at": at,
        "end": nice[-1],
        "end_at": iterations[-1],
    }
    status = Status.HOLDS if lowest < nice[0] / 2 else Status.FAILS
    return Verdict("forgets_fast", status, values)


def _enough(mixed: Column) -> bool:
    """Whether a hypothesis can be judged on these ratios."""
    return len(mixed) >= FEW_RATIOS and {0, 100} <= mixed.keys()


def _missing_from_both(mixed: Column, iterative: Column) -> Missing | None:
    return _missing(mixed, RATIOS, "mixing ratios") or _missing(
        iterative, SPLITS, "iterative splits"
    )


def _missing(found: Collection[int], needed: Sequence[int], what: str) -> Missing | None:
    places = tuple(place for place in needed if place not in found)
    return Missing(what, len(needed), places) if places else None
