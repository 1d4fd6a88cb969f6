"""The study of methods against forgetting: its plan, the choice of settings, and its verdicts."""

import pytest
import run_folders

from fruitlab.cli import study_report
from fruitlab.runs.index import Index
from fruitlab.studies import forgetting, plans, progress
from fruitlab.studies.forgetting import ENTRANTS, Reach, judge, verdict
from fruitlab.studies.scores import Scores, Status, margin

PICTURES = {"nice_pictures": 3762, "real_pictures": 3128}


def scores(*combined: float) -> Scores:
    """Scores with these combined performances on as many pictures as the photos have."""
    real = tuple(value**2 / 0.95 for value in combined)
    return Scores((0.95,) * len(combined), real, combined, **PICTURES)


def finals(runs):
    return [run for run in runs if not run.validation and run.method != "mixed"]


def test_settings_are_chosen_on_validation_pictures():
    study = forgetting.plan("photos")
    first = study.rounds({})
    candidates = [run for run in first if run.validation]
    assert {run.seed for run in candidates} == {0}
    assert {run.validation for run in candidates} == {20}
    assert len([run for run in first if run.method == "mixed"]) == 33
    # Only entrants without a choice are in the first round with all training pictures.
    assert {run.method for run in finals(first)} == {"domain-statistics"}
    known = dict.fromkeys(candidates, 0.4)
    best = next(run for run in candidates if run.method == "rehearsal" and run.share == 30)
    # A high score on the test pictures has no part in the choice.
    known |= {best: 0.6} | {run: 0.99 for run in first if not run.validation}
    second = study.rounds(known)
    assert second[: len(first)] == first or set(first) <= set(second)
    kept = [run for run in finals(second) if run.method == "rehearsal" and run.layers == "all"]
    assert [(run.share, run.seed) for run in kept] == [(30, 0), (30, 1), (30, 2)]
    assert len(finals(second)) == 3 * len(ENTRANTS)
    assert len(second) == study.most
    assert study.rounds(known) == second


def test_every_method_has_the_same_budget_and_shares_its_first_phase():
    runs = forgetting.plan("photos").rounds({})
    assert {run.iterations for run in runs} == {1500}
    keys = {
        run.first_phase_key()
        for run in runs
        if run.validation and run.method != "iterative" and len(run.phases()) > 1
    }
    assert len(keys) == 1
    others = {run.first_phase_key() for run in runs if run.method == "iterative"}
    assert not keys & others


def test_twelve_pictures_of_each_category_are_five_percent():
    assert max(s.get("kept", 0) for _, choices in ENTRANTS.values() for s in choices) == 12
    assert 12 * 23 <= 0.05 * 5644


@pytest.mark.parametrize(
    ("method", "expected"),
    [(0.74, Reach.EXCEEDS), (0.71, Reach.REACHES), (0.70, Reach.REACHES), (0.66, Reach.SHORT)],
)
def test_verdict_compares_with_the_margin(method, expected):
    mixed = scores(0.702, 0.706, 0.710)
    own = scores(method - 0.004, method, method + 0.004)
    assert verdict(own, mixed) == expected
    within = abs(own.mean("combined") - mixed.mean("combined")) <= margin(own, mixed, "combined")
    assert within == (expected == Reach.REACHES)


def test_finished_runs_are_judged_with_what_they_keep():
    configs = {
        "mixed": {"ratio": 80},
        "rehearsal": {"kept": 12, "split": 20},
        "ewc": {"strength": 100.0},
    }
    runs = []
    for seed in (0, 1):
        for method, settings in configs.items():
            made = run_folders.run_folder(f"{method}{seed}", method=method, seed=seed, **settings)
            runs.append(made.config())
    runs.append(run_folders.run_folder("trial", method="ewc", validation=20).config())
    study = plans.Study("forgetting", "things", plans.fixed(runs))
    now = progress.study_progress(study, Index(rest=0).entries(), "0123456789abcdef")
    result = judge(now)
    assert result.ratio == 80 and len(result.methods) == 2
    assert {len(one.scores.nice) for one in result.methods} == {2}
    # The made-up runs answer alike.
    assert {one.reach for one in result.methods} == {Reach.REACHES}
    assert result.hypothesis == Status.CLOSE
    text = study_report.forgetting(now)
    assert "rehearsal, 12 kept per category" in text and "reaches mixed training" in text
    found = study_report.verdicts(now)
    assert {row["settings"]["validation"] for row in found} == {0}


def test_nothing_to_judge():
    now = progress.Progress([], {})
    assert judge(now) is None and study_report.verdicts(now) == []
