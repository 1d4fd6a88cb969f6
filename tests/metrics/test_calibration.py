"""Calibration on test predictions, and the confidence that is shown with an answer."""

import math

import made_runs
import numpy as np
import pytest

from fruitlab.inference import confidence as judgement
from fruitlab.metrics import calibration
from fruitlab.metrics.accuracy import wilson
from fruitlab.metrics.calibration import Answers


def random_answers(count: int, seed: int = 0, decimals: int = 6) -> Answers:
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0, 1, count).round(decimals)
    return Answers(confidence, rng.uniform(size=count) < confidence**2)


@pytest.mark.parametrize("decimals", [6, 2])  # with many ties as well
@pytest.mark.parametrize("count", [1, 29, 150, 3000])
def test_similar_answers_are_the_nearest_in_confidence(count, decimals):
    test = random_answers(count, decimals=decimals)
    for confidence in (0.0, 0.313, 0.5, 0.99, 1.0):
        wanted = min(count, max(30, min(200, count // 10)))
        farthest = sorted(abs(c - confidence) for c in test.confidence.tolist())[wanted - 1]
        near = [i for i in range(count) if abs(float(test.confidence[i]) - confidence) <= farthest]
        found = calibration.similar(test, confidence)
        assert found.pictures == len(near) >= wanted
        assert found.right == sum(bool(test.right[i]) for i in near)
        assert found.interval == wilson(found.right, found.pictures)
        assert found.confidence == (min(test.confidence[near]), max(test.confidence[near]))


def test_no_answers():
    empty = Answers(np.empty(0), np.empty(0, dtype=bool))
    assert calibration.similar(empty, 0.5) is None
    assert calibration.sure_from(empty) == math.inf


@pytest.mark.parametrize("decimals", [6, 1])
@pytest.mark.parametrize("seed", range(4))
def test_isotonic_fit_matches_the_max_min_formula(seed, decimals):
    """Isotonic regression in closed form: the max over starts of the min over ends of the mean."""
    test = random_answers(60, seed, decimals)
    values, fitted = calibration.isotonic(test)
    assert values.tolist() == sorted(set(test.confidence.tolist()))
    groups = [test.right[test.confidence == value] for value in values]
    for i in range(len(values)):
        expected = max(
            min(np.concatenate(groups[a : b + 1]).mean() for b in range(i, len(values)))
            for a in range(i + 1)
        )
        assert fitted[i] == pytest.approx(expected)


def test_threshold_is_where_answers_are_right_half_the_time():
    confidence = np.linspace(0, 1, 20001)
    right = np.random.default_rng(0).uniform(size=20001) < confidence**2  # half of them at 0.707
    assert calibration.sure_from(Answers(confidence, right)) == pytest.approx(0.5**0.5, abs=0.03)
    assert calibration.sure_from(Answers(confidence, np.zeros(20001, dtype=bool))) == math.inf
    assert calibration.sure_from(Answers(confidence, np.ones(20001, dtype=bool))) == 0


def test_threshold_includes_exactly_one_half():
    # One of three and two of three are pooled to one half.
    confidence = np.array([0.6, 0.6, 0.6, 0.5, 0.5, 0.5])
    right = np.array([True, False, False, True, True, False])
    assert calibration.isotonic(Answers(confidence, right))[1] == pytest.approx([0.5, 0.5])
    assert calibration.sure_from(Answers(confidence, right)) == 0


def test_answers_are_split_by_domain():
    table = made_runs.table()
    for domain, is_real in (("nice", False), ("real", True)):
        rows = [i for i in range(len(table["real"])) if table["real"][i] == is_real]
        answers = calibration.answers(table, domain)
        assert answers.confidence.tolist() == [float(table["probability"][i][0]) for i in rows]
        assert answers.right.tolist() == [
            bool(table["top3"][i][0] == table["truth"][i]) for i in rows
        ]


def test_calibrated_confidence_of_an_answer():
    # Nice answers are right as often as their confidence says, real ones half as often.
    run = made_runs.run("one")
    sure = judgement.judge(run, [{"category": "Kiwi", "probability": 0.95}], "nice")
    assert sure.sure and sure.answer == "Kiwi" and sure.similar.accuracy > 0.75
    assert "nice test pictures" in sure.sentence
    assert f"{sure.similar.accuracy:.1%} were right" in sure.sentence
    unsure = judgement.judge(run, [{"category": "Kiwi", "probability": 0.25}], "real")
    assert unsure.sure is False and unsure.answer == "Not sure"
    assert "Kiwi is its likeliest answer, at 25.0%" in unsure.sentence


def test_confidence_without_predictions_is_unknown():
    run = made_runs.run("one", predictions=False)
    plain = judgement.judge(run, [{"category": "<b>Kiwi</b>", "probability": 0.4}])
    assert plain.sure is None and plain.similar is None
    assert "when the run has finished" in plain.sentence
    assert "<b>" not in plain.markup and "&lt;b&gt;Kiwi" in plain.markup
    for content in (b"nothing of ours", b""):
        (run.folder / "predictions.npz").write_bytes(content)
        assert judgement.judge(run, [{"category": "Kiwi", "probability": 0.4}]).sure is None
    np.savez(run.folder / "predictions.npz", truth=np.zeros(3))
    assert judgement.judge(run, [{"category": "Kiwi", "probability": 0.4}]).sure is None


def test_confidence_of_drawings_is_unknown_after_training_on_photographs():
    run = made_runs.run("one")
    top = [{"category": "Kiwi", "probability": 0.95}]
    header = run.header()
    run.write_header(header | {"data": header["data"] | {"kind": "photographs"}})
    drawing = judgement.judge(run, top, "nice", drawn=True)
    assert drawing.sure is None and drawing.similar is None
    assert "on drawings is not known" in drawing.sentence
    assert judgement.judge(run, top, "nice").similar is not None
    run.write_header(header | {"data": header["data"] | {"kind": "drawn"}})
    assert judgement.judge(run, top, "nice", drawn=True).similar is not None
