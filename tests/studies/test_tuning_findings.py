"""The checks of what the paper concludes from its tuning, on lines that are made for them."""

import math

import pytest

from fruitlab.app.paper_page.verdicts import evidence
from fruitlab.studies.plans import RATIOS
from fruitlab.studies.scores import Scores, Status, margin
from fruitlab.studies.tuning import Tuned
from fruitlab.studies.tuning_findings import judge


def flat(height: float) -> Scores:
    return Scores((height,), (height,), (height,))


def tuned(lines: dict[float, list[float]], ratios=RATIOS) -> Tuned:
    columns = {
        value: dict(zip(ratios, map(flat, heights), strict=True))
        for value, heights in lines.items()
    }
    return Tuned(300, columns)


def test_a_margin_is_that_of_two_proportions():
    # sqrt(p q) of two equal accuracies p on n pictures each has variance p (1 - p) / 2n.
    expected = 1.96 * math.sqrt(2 * 0.5 * 0.5 / 2 / 2000)
    of = Scores((0.5,), (0.5,), (0.5,), nice_pictures=2000, real_pictures=2000)
    assert margin(of, of, "combined") == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("others", "status", "higher", "lower"),
    [
        ([0.4] * 11, Status.HOLDS, 11, 0),
        ([0.5005] * 11, Status.CLOSE, 0, 0),
        ([0.4] + [0.5005] * 10, Status.HOLDS, 1, 0),
        ([0.4] * 6 + [0.6] * 5, Status.PARTLY, 6, 5),
        ([0.4] * 5 + [0.6] * 6, Status.FAILS, 5, 6),
        ([0.5] * 10 + [0.6], Status.FAILS, 0, 1),
    ],
)
def test_the_rule_of_the_learning_rates(others, status, higher, lower):
    found = judge("rates", tuned({0.001: [0.1] * 11, 0.0025: [0.5] * 11, 0.0055: others}))
    assert found.status == status and found.missing is None
    assert (found.values["higher"], found.values["lower"]) == (higher, lower)
    assert found.values["highest"] == sum(height <= 0.5 for height in others)
    top = 0.0055 if sum(others) > 5.5 else 0.0025
    assert found.values["top"] == top and f"Best on average: {top}." in evidence(found)


def test_what_the_paper_names_of_factors():
    lines = {factor: [0.3] * 11 for factor in (0.1, 0.3, 0.7, 2.0, 6.0)}
    assert judge("factors", tuned(lines | {0.3: [0.6] * 11})).status == Status.HOLDS
    assert judge("factors", tuned(lines | {2.0: [0.6] * 11})).status == Status.FAILS
    final = {0.1: [0.3] * 11, 0.3: [0.6] * 11, 0.5: [0.3] * 11}
    assert judge("final", tuned(final)).status == Status.FAILS
    assert judge("final", tuned(final | {0.5: [0.7] * 11})).status == Status.HOLDS


def test_few_ratios_are_named_or_not_judged():
    five = tuned({0.1: [0.3] * 5, 0.5: [0.5] * 5}, RATIOS[:5])
    found = judge("final", five)
    assert found.status == Status.HOLDS and found.missing.places == RATIOS[5:]
    assert "Judged on 5 of the 11 mixing ratios." in evidence(found)
    four = tuned({0.1: [0.3] * 4, 0.5: [0.5] * 4}, RATIOS[:4])
    assert judge("final", four).status == Status.NOT_YET
    assert "4 of the 11 mixing ratios have a finished run" in evidence(judge("final", four))
    others = judge("rates", tuned({0.001: [0.3] * 11, 0.0055: [0.5] * 11}))
    assert others.status == Status.NOT_YET  # none of those that the paper names
