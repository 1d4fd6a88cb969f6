"""What the paper concludes from its tuning (5.3.1), as checks with fixed rules. No torch.

A check looks at all ratios that every line of a figure has a run for. At each of them it asks
whether a line that the paper names or another one is higher, by more than the 95% margin.
"""

from collections import Counter
from collections.abc import Callable

from fruitlab.studies.findings import FEW_RATIOS, Missing, Verdict
from fruitlab.studies.plans import FINAL_FACTOR, RATIOS
from fruitlab.studies.scores import Scores, Status, is_higher
from fruitlab.studies.tuning import Tuned

# Whether the paper names a learning rate or an L2 factor as one of the best.
NAMED: dict[str, Callable[[float], bool]] = {
    "rates": lambda rate: rate in (0.0025, 0.004),
    "factors": lambda factor: 0.1 <= factor <= 0.7,
    "final": lambda factor: factor == FINAL_FACTOR,
}


def judge(check: str, tuned: Tuned) -> Verdict:
    """Whether the lines that the paper names are the best.

    It holds if they are clearly higher at some ratios and clearly lower at none, and fails if they
    are clearly lower at more ratios than they are clearly higher at. Otherwise it holds in part,
    or nothing is clear.

    Args:
        check: a name in `published.TUNING`.
        tuned: the figure of that name.
    """
    named = {value for value in tuned.lines if NAMED[check](value)}
    ratios = [
        ratio
        for ratio in RATIOS
        if named and len(named) < len(tuned.lines) and all(ratio in c for c in tuned.lines.values())
    ]
    rest = tuple(ratio for ratio in RATIOS if ratio not in ratios)
    missing = Missing("mixing ratios", len(RATIOS), rest) if rest else None
    if len(ratios) < FEW_RATIOS:
        return Verdict(check, Status.NOT_YET, missing=missing)

    def best(ratio: int, *, of_named: bool) -> Scores:
        rows = (c[ratio] for value, c in tuned.lines.items() if (value in named) == of_named)
        return max(rows, key=lambda scores: scores.mean("combined"))

    pairs = [(best(ratio, of_named=True), best(ratio, of_named=False)) for ratio in ratios]
    results = Counter(is_higher(one, other, "combined") for one, other in pairs)
    higher, lower = results[Status.HOLDS], results[Status.FAILS]
    if not lower:
        status = Status.HOLDS if higher else Status.CLOSE
    else:
        status = Status.FAILS if lower > higher else Status.PARTLY
    top = max(
        tuned.lines, key=lambda value: sum(c.mean("combined") for c in tuned.lines[value].values())
    )
    values = {
        "iterations": tuned.iterations,
        "ratios": len(ratios),
        "highest": sum(one.mean("combined") >= other.mean("combined") for one, other in pairs),
        "higher": higher,
        "lower": lower,
        "top": top,
    }
    return Verdict(check, status, values, missing)
