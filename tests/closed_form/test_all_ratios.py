"""The file behind the slider agrees with scores computed head by head."""

import time

import numpy as np
import pytest

from fruitlab.closed_form.all_ratios import AllRatios, PhotoCurves
from fruitlab.closed_form.leave_one_out import LeaveOneOut, Pictures, probabilities
from fruitlab.closed_form.path import Path, scores
from fruitlab.config.errors import DataError
from fruitlab.metrics import accuracy

NAMES = ("Apple", "Banana", "Cherry", "Date")


@pytest.fixture(scope="module")
def pictures() -> list[Pictures]:
    """Nice and real training pictures, then nice and real test pictures."""
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(2, len(NAMES), 30))
    return [
        Pictures.of(
            np.maximum(centres[place % 2][labels] + noise * rng.normal(size=(count, 30)), 0),
            labels,
            len(NAMES),
        )
        for place, (count, noise) in enumerate([(60, 0.7), (50, 1.6), (40, 0.7), (44, 1.6)])
        for labels in [np.arange(count) % len(NAMES)]
    ]


@pytest.fixture(scope="module")
def path(pictures) -> Path:
    return Path(*(domain.statistics(len(NAMES)) for domain in pictures[:2]), 0.1)


@pytest.fixture(scope="module")
def made(pictures, path) -> AllRatios:
    return AllRatios.of(path, tuple(pictures[:2]), tuple(pictures[2:]), {"categories": NAMES})


@pytest.mark.parametrize("percent", [0, 37, 100])
def test_scores_are_those_of_the_head(made, pictures, path, percent):
    answers = [scores(test.features, path.head(percent / 100)) for test in pictures[2:]]
    table = {
        "categories": np.array(NAMES),
        "real": np.repeat([False, True], [len(a) for a in answers]),
        "truth": np.concatenate([test.labels for test in pictures[2:]]),
        "rank": np.concatenate(
            [
                (found > found[range(len(found)), test.labels][:, None]).sum(1)
                for found, test in zip(answers, pictures[2:], strict=True)
            ]
        ),
    }
    expected = accuracy.table_scores(table)
    assert made.scores(percent) == expected
    for name in accuracy.SCORES:
        curve = made.curves[name]
        low, high = expected[name]["top1_interval"]
        assert curve["top1"][percent] == expected[name]["top1"]
        assert (curve["low"][percent], curve["high"][percent]) == (low, high)


def test_best_ratio_is_chosen_on_training_pictures(made, pictures, path):
    found = LeaveOneOut(path, *pictures[:2])
    nice, real = np.array([found.accuracies(percent / 100) for percent in range(101)]).T
    assert made.best == np.sqrt(nice * real).argmax()
    first, last = made.near_best
    assert first <= last
    assert made.curves["combined"]["top1"][first] >= made.curves["combined"]["low"][made.best]


def test_file_answers_a_photo_at_every_ratio(made, pictures, path, tmp_path):
    made.save(tmp_path / "ratios.safetensors")
    loaded = AllRatios.load(tmp_path / "ratios.safetensors")
    assert loaded.categories == NAMES and loaded.facts["ridge"] == 0.1
    assert loaded.scores(60) == made.scores(60)
    flipped = 0
    for features in pictures[3].features:
        found = loaded.photo(features)
        for percent in (0, 50, 100):
            exact = scores(features[None], path.head(percent / 100))
            expected = probabilities(exact, loaded.temperature[percent])[0]
            np.testing.assert_allclose(found.probability[percent], expected, atol=5e-3)
        changes = [p for p in range(1, 101) if found.answer[p] != found.answer[p - 1]]
        assert list(found.flips) == changes
        flipped += bool(changes)
        first = found.likeliest(1)[0]
        assert found.probability.max() == found.probability[:, first].max()
    assert flipped  # some of these photos change their answer along the slider


def test_answers_within_the_budget(tmp_path):
    """As many features and categories as the shipped file has. 100 ms are the budget of a page."""
    size, count = 1280, 23
    rng = np.random.default_rng(0)
    big = AllRatios(
        {"categories": [str(i) for i in range(count)]},
        rng.normal(size=(size, 101 * count)).astype(np.float16),
        np.zeros(size, np.float32),
        np.zeros((101, count), np.float32),
        np.ones(101, np.float32),
        np.full((101, 2), 0.5, np.float32),
        rng.integers(0, 9, (101, 2, count, count)).astype(np.int32),
        np.zeros((101, 2, count), np.int32),
    )
    big.save(tmp_path / "big.safetensors")
    assert (tmp_path / "big.safetensors").stat().st_size < 8e6
    photo = rng.random(size)
    big.photo(photo), big.curves, big.near_best  # set-up
    started = time.process_time()
    big.photo(photo), big.scores(40)
    assert time.process_time() - started < 0.1


def test_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "ratios.safetensors"
    path.write_bytes(b"nothing of the kind")
    for file in (path, tmp_path / "missing.safetensors"):
        with pytest.raises(DataError, match="Write it again"):
            AllRatios.load(file)


def test_mean_of_the_evidence_is_the_score_above_that_of_the_mean_features(made, path):
    feature_map = np.random.default_rng(5).random((30, 2, 3))
    answer = np.arange(101) % len(NAMES)
    found = made.evidence(feature_map, answer)
    assert found.shape == (101, 2, 3)
    features = np.stack([feature_map.mean((1, 2)), made.mean.astype(float)])
    for percent in (0, 41, 100):
        score, at_mean = scores(features, path.head(percent / 100))[:, answer[percent]]
        # Heads are kept as float16.
        assert found[percent].mean() == pytest.approx(score - at_mean, abs=5e-3)


def test_every_answer_has_a_curve_before_categories_that_are_never_the_answer() -> None:
    probability = np.array([[0.3, 0.28, 0.22, 0.2], [0.02, 0.49, 0.0, 0.49], [0.1, 0.4, 0.5, 0.0]])
    curves = PhotoCurves(probability, probability.argmax(1), (1, 2))
    assert curves.likeliest(2) == [2, 1, 0]
    assert curves.likeliest(4) == [2, 1, 0, 3]
