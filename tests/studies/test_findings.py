"""The paper's numbers, and the checks of its hypotheses, which agree with it on its own numbers."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from fruitlab.models import table1
from fruitlab.studies import figures as paper_charts
from fruitlab.studies import findings, published, scores
from fruitlab.studies.findings import Missing
from fruitlab.studies.plans import RATIOS, SPLITS
from fruitlab.studies.scores import PAPER, Scores, Status

CLOSE, FAILS, HOLDS, NOT_YET, PARTLY = (
    Status.CLOSE,
    Status.FAILS,
    Status.HOLDS,
    Status.NOT_YET,
    Status.PARTLY,
)


def flat(nice: float, real: float, **more) -> Scores:
    return Scores((nice,), (real,), (math.sqrt(nice * real),), **more)


def column(nice: list[float], real: list[float]) -> dict[int, Scores]:
    return dict(zip(RATIOS, map(flat, nice, real), strict=True))


def test_table_2_matches_the_papers_text():
    text = Path(__file__).resolve().parents[3] / "shared" / "paper" / "bao-different-datasets.txt"
    if not text.is_file():
        pytest.skip("the paper's text (../shared/paper) is not here")
    rows = re.findall(
        r"^(\d+) (0\.\d{6,}) (0\.\d{6,}) (0\.\d{6,})$",
        text.read_text(encoding="utf-8", errors="replace"),
        re.MULTILINE,
    )
    assert {
        int(ratio): {"real": float(real), "nice": float(nice), "combined": float(both)}
        for ratio, real, nice, both in rows
    } == published.TABLE2
    assert tuple(published.TABLE2) == RATIOS


def test_table_2_agrees_with_the_papers_statements():
    top = {
        score: max(RATIOS, key=lambda ratio: published.TABLE2[ratio][score])
        for score in ("nice", "real", "combined")
    }
    assert top == {"nice": 20, "real": 100, "combined": 60}
    assert published.TABLE2[20]["nice"] - published.TABLE2[0]["nice"] == pytest.approx(
        0.0033, abs=1e-4
    )  # "only increased the accuracy by 0.33%"
    assert all(
        0.21 < value < 0.23
        for value in (published.TABLE2[0]["real"], published.TABLE2[100]["nice"])
    )  # "21~23%"


def test_columns_of_table_2_are_separate_bests():
    excess = {
        ratio: math.sqrt(row["nice"] * row["real"]) - row["combined"]
        for ratio, row in published.TABLE2.items()
    }
    assert all(value > -1e-8 for value in excess.values()) and max(excess, key=excess.get) == 100
    assert excess[100] == pytest.approx(0.0203, abs=1e-4)


def test_results_section_overrides_the_abstract():
    ratio, value = published.BEST_TOP1
    assert (
        ratio == max(published.TABLE2, key=lambda one: published.TABLE2[one]["combined"]) == 60
    )  # the abstract: around 70%
    assert f"{value:.1%}" == "64.8%"
    assert f"{published.TABLE2[70]['combined']:.1%}" == "63.8%"
    assert published.BEST_TOP3 == (70, 0.832)  # the abstract: 83.0%
    assert f"{published.TABLE2[100]['combined']:.1%}" == "30.8%"  # the abstract's "no mixing"
    assert pytest.approx(0.0385, abs=1e-4) == published.RANDOM_BASELINE


def test_checks_reproduce_the_papers_conclusions():
    assert findings.own_domain(PAPER).status == PARTLY  # "mostly agree": nice is best at 20%
    assert findings.own_domain(PAPER).values["nice_ratio"] == 20
    assert findings.near_half(PAPER).status == PARTLY  # "slightly deviate": 60%
    assert findings.carries_over(PAPER, 26).status == HOLDS
    below = {split: flat(0.5, 0.4) for split in SPLITS}  # combined 44.7%: "always lower than 45%"
    assert findings.iterative_wins(PAPER, below).status == FAILS
    assert findings.none_beats_mixed(PAPER, below).status == HOLDS
    assert (
        findings.helps_nice(PAPER).status == CLOSE
    )  # 0.3 points, "very slight", on some 4,160 pictures
    assert (
        findings.forgets_fast(list(published.FORGOTTEN), list(published.FORGOTTEN.values())).status
        == HOLDS
    )


def test_margin_of_two_proportions_and_of_seeds():
    one, other = (
        flat(0.9, 0.5, nice_pictures=1000, real_pictures=400),
        flat(0.8, 0.5, nice_pictures=1000, real_pictures=400),
    )
    assert scores.margin(one, other, "nice") == pytest.approx(
        1.96 * math.sqrt(0.09 / 1000 + 0.16 / 1000), rel=0.01
    )
    assert scores.margin(one, other, "real") == pytest.approx(
        1.96 * math.sqrt(2 * 0.25 / 400), rel=0.01
    )
    seeds = replace(one, real=(0.4, 0.5, 0.6))
    assert seeds.variance("real") - one.variance("real") == pytest.approx(0.01 / 3, rel=0.01)
    # Combined by simulation would be: d sqrt(nr) = half of sqrt(nr) times the relative deviations.
    relative = math.sqrt(0.1 / 0.9 / 1000 + 0.5 / 0.5 / 400)
    assert math.sqrt(one.variance("combined")) == pytest.approx(
        math.sqrt(0.45) * relative / 2, rel=0.01
    )
    assert flat(1.0, 0.0, nice_pictures=10, real_pictures=10).variance("nice") > 0


@pytest.mark.parametrize(
    ("nice", "real", "status"),
    [
        ([0.9 - 0.05 * i for i in range(11)], [0.2 + 0.05 * i for i in range(11)], HOLDS),
        ([0.5 + 0.01 * i for i in range(11)], [0.2 + 0.05 * i for i in range(11)], PARTLY),
        ([0.5 + 0.01 * i for i in range(11)], [0.7 - 0.05 * i for i in range(11)], FAILS),
        ([0.9, 0.901] + [0.8] * 9, [0.4] * 9 + [0.501, 0.5], CLOSE),
    ],
)
def test_hypothesis_1(nice, real, status):
    assert findings.own_domain(column(nice, real)).status == status


@pytest.mark.parametrize(
    ("best", "height", "status"),
    [
        (50, 0.7, HOLDS),
        (60, 0.7, PARTLY),
        (40, 0.7, PARTLY),
        (70, 0.7, FAILS),
        (60, 0.601, CLOSE),
        (90, 0.601, CLOSE),
        (55, 0.7, PARTLY),
    ],
)
def test_hypothesis_2(best, height, status):
    mixed = {ratio: flat(0.5, 0.5) for ratio in RATIOS} | {50: flat(0.6, 0.6)}
    assert findings.near_half(mixed | {best: flat(height, height)}).status == status


@pytest.mark.parametrize(("height", "status"), [(0.7, HOLDS), (0.5, FAILS), (0.601, CLOSE)])
def test_hypothesis_3(height, status):
    mixed = {ratio: flat(0.6, 0.6) for ratio in RATIOS}
    assert (
        findings.iterative_wins(
            mixed, {split: flat(0.4, 0.4) for split in SPLITS} | {30: flat(height, height)}
        ).status
        == status
    )


def test_one_improvement_refutes_never_improves():
    before, after = (
        {split: flat(0.9, 0.3) for split in SPLITS},
        {split: flat(0.5, 0.4) for split in SPLITS},
    )
    assert findings.never_improves(before, after).status == HOLDS
    once = findings.never_improves(before, after | {10: flat(0.8, 0.5)})
    assert once.status == FAILS and once.values["higher"] == 1 and once.values["split"] == 10
    assert findings.never_improves(before, after | {10: flat(0.9, 0.301)}).status == CLOSE


def test_one_better_domain_refutes_none_beats_mixed():
    mixed = {ratio: flat(0.8, 0.5) for ratio in RATIOS}
    assert (
        findings.none_beats_mixed(mixed, {split: flat(0.7, 0.6) for split in SPLITS}).status
        == FAILS
    )
    assert (
        findings.none_beats_mixed(mixed, {split: flat(0.801, 0.4) for split in SPLITS}).status
        == CLOSE
    )


def test_unseen_domain_at_the_random_baseline():
    mixed = {ratio: flat(0.8, 0.5) for ratio in RATIOS}
    assert (
        findings.carries_over(mixed | {0: flat(0.9, 0.04), 100: flat(0.04, 0.9)}, 25).status
        == CLOSE
    )
    assert findings.carries_over(mixed | {0: flat(0.9, 0.04)}, 25).status == PARTLY


def test_forgetting_within_two_hundred_iterations():
    assert findings.forgets_fast([0, 100, 200, 400], [0.9, 0.7, 0.5, 0.3]).status == FAILS
    assert findings.forgets_fast([0, 100, 200, 400], [0.9, 0.7, 0.4, 0.3]).status == HOLDS
    assert findings.forgets_fast([0, 100], [0.9, 0.7]).status == NOT_YET
    assert findings.forgets_fast([], []).status == NOT_YET


@pytest.mark.parametrize("missing", RATIOS)
def test_a_missing_ratio_leaves_findings_undecided(missing):
    mixed = {ratio: one for ratio, one in PAPER.items() if ratio != missing}
    splits = {split: flat(0.5, 0.4) for split in SPLITS}
    hypotheses = [
        findings.own_domain(mixed),
        findings.near_half(mixed),
        findings.iterative_wins(mixed, splits),
    ]
    other = findings.none_beats_mixed(mixed, splits)
    assert other.status == NOT_YET and not other.values
    for finding in (other, *hypotheses):
        assert (finding.status == NOT_YET) == (not finding.values)
        assert finding.missing == Missing("mixing ratios", 11, (missing,))
        # The hypotheses can be judged on fewer ratios, but not without the ends.
        assert (finding.status == NOT_YET) == (finding is other or missing in (0, 100))
    assert (
        findings.never_improves(splits, {}).status
        == findings.iterative_wins(PAPER, {}).status
        == NOT_YET
    )


def test_hypotheses_on_a_few_ratios_and_splits():
    few = {ratio: PAPER[ratio] for ratio in (0, 30, 60, 80, 100)}
    assert findings.own_domain(few).status != NOT_YET
    half = findings.near_half(few)  # the paper's best ratio is 60%, which is the nearest to half
    assert half.status == PARTLY
    assert half.values["ratio"] == half.values["middle"] == 60
    splits = {split: flat(0.2, 0.4) for split in (20, 50, 80)}
    third = findings.iterative_wins(few, splits)
    assert third.status == FAILS
    assert third.missing == Missing("iterative splits", 9, (10, 30, 40, 60, 70, 90))
    assert findings.iterative_wins(few, {50: flat(0.9, 0.9)}).status == NOT_YET
    assert findings.own_domain({r: PAPER[r] for r in (0, 30, 60, 100)}).status == NOT_YET


def test_paper_values_are_hollow_and_seeds_have_error_bars():
    several = {60: Scores((0.8, 0.9), (0.4, 0.5), (0.6, 0.65))}
    data = {
        trace["name"]: trace for trace in paper_charts.mixed(several, top=1, categories=23)["data"]
    }
    assert data["real, paper"]["marker"]["symbol"] == "diamond-open"
    assert data["real, paper"]["y"][5] == pytest.approx(0.40544346)
    assert data["nice"]["error_y"]["array"] == pytest.approx([0.0707], abs=1e-4)
    assert data["nice"]["y"] == pytest.approx([0.85])
    assert data["random baseline"]["y"][0] == pytest.approx(1 / 23)
    assert (
        "error_y" not in paper_charts.mixed({60: flat(0.8, 0.4)}, top=1, categories=23)["data"][0]
    )


def test_table_1_matches_the_network():
    *layers, total = table1.rows()
    assert layers[1]["parameters"] == published.FIRST_PARAMETERS
    assert [(row["layer"], row["parameters_of"], row["output"]) for row in layers] == list(
        published.TABLE1
    )
    assert total["layers"] == published.LAYERS
