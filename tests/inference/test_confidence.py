"""The calibrated confidence of an answer, as pages and demo show it."""

import made_runs
import numpy as np

from fruitlab.inference.confidence import calibrated_answer
from fruitlab.runs.folder import Run

KIWI = [{"category": "Kiwi", "probability": 0.95}]
UNLIKELY_KIWI = [{"category": "<b>Kiwi</b>", "probability": 0.4}]


def trained_on(run: Run, kind: str) -> None:
    header = run.header()
    run.write_header(header | {"data": header["data"] | {"kind": kind}})


def test_the_explanation_states_probability_and_accuracy_of_similar_answers() -> None:
    # Nice answers are right as often as their confidence says, real ones half as often.
    run = made_runs.run("one")
    confident = calibrated_answer(run, KIWI, "nice")
    assert confident.confident and confident.heading == "Kiwi"
    assert confident.similar.accuracy > 0.75
    assert "nice test pictures" in confident.explanation
    assert f"{confident.similar.accuracy:.1%} were classified correctly" in confident.explanation
    unlikely = calibrated_answer(run, [{"category": "Kiwi", "probability": 0.25}], "real")
    assert unlikely.confident is False and unlikely.heading == "Not confident"
    assert "Kiwi is the most likely category, with probability 25.0%" in unlikely.explanation


def test_without_test_answers_nothing_is_claimed() -> None:
    run = made_runs.run("one", predictions=False)
    plain = calibrated_answer(run, UNLIKELY_KIWI)
    assert plain.confident is None and plain.similar is None
    assert "when the run has finished" in plain.explanation
    assert "<b>" not in plain.markup and "&lt;b&gt;Kiwi" in plain.markup
    for content in (b"nothing of ours", b""):
        (run.folder / "predictions.npz").write_bytes(content)
        assert calibrated_answer(run, UNLIKELY_KIWI).confident is None
    np.savez(run.folder / "predictions.npz", truth=np.zeros(3))
    assert calibrated_answer(run, UNLIKELY_KIWI).confident is None


def test_a_drawing_is_not_compared_with_photographs() -> None:
    run = made_runs.run("one")
    trained_on(run, "photographs")
    drawing = calibrated_answer(run, KIWI, "nice", drawn=True)
    assert drawing.confident is None and drawing.similar is None
    assert "accuracy on drawings is not known" in drawing.explanation
    assert calibrated_answer(run, KIWI, "nice").similar is not None
    trained_on(run, "drawn")
    assert calibrated_answer(run, KIWI, "nice", drawn=True).similar is not None


def test_the_accuracy_on_test_pictures_is_qualified_for_own_photos() -> None:
    run = made_runs.run("one")
    warning = "less often"
    assert warning in calibrated_answer(run, KIWI).explanation
    assert warning not in calibrated_answer(run, KIWI, tested=True).explanation
    trained_on(run, "drawn")
    assert warning not in calibrated_answer(run, KIWI, drawn=True).explanation


def test_nothing_is_claimed_of_a_picture_unlike_the_training_pictures() -> None:
    run = made_runs.run("one")
    answer = calibrated_answer(run, KIWI, familiar=False)
    assert answer.heading == "Unfamiliar picture" and answer.confident is False
    assert "does not look like anything" in answer.explanation
    assert "classified correctly" not in answer.explanation and answer.similar is None
    assert calibrated_answer(run, KIWI, familiar=True) == calibrated_answer(run, KIWI)
