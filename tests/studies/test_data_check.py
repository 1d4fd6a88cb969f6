"""The data check on features in which the answers were planted."""

import numpy as np
import pytest
from datasets import build, distinct_pictures

from fruitlab.closed_form.path import scores, solve_head
from fruitlab.closed_form.statistics import Statistics
from fruitlab.features.cache import DomainFeatures, Features
from fruitlab.studies import data_check, picture_map, similar_pictures

CATEGORIES, PICTURES, SIZE = 4, 40, 96
LABELS = np.repeat(np.arange(CATEGORIES), PICTURES)
NAMES = tuple("abcd")


def domain(rows: np.ndarray, labels: np.ndarray = LABELS) -> DomainFeatures:
    test = np.arange(len(rows)) % 5 < 2
    return DomainFeatures(rows, labels, np.flatnonzero(~test), np.flatnonzero(test))


def told(labels: np.ndarray, rng: np.random.Generator, strength: float = 4) -> np.ndarray:
    """Features that tell the labels, with noise. Most are 0: few can be told from noise."""
    features = strength * np.eye(SIZE)[labels]
    features[:, :8] += 0.3 * rng.normal(size=(len(labels), 8))
    return features


def test_frames_of_videos_on_both_sides_flatter() -> None:
    """Each category has eight videos that have nothing in common: only frames can be recognized."""
    rng = np.random.default_rng(0)
    videos = np.repeat(rng.normal(size=(CATEGORIES * 8, SIZE)), PICTURES // 8, axis=0)
    frames = videos + 0.1 * rng.normal(size=videos.shape)
    counts = {(name, label): PICTURES for name in ("nice", "real") for label in range(CATEGORIES)}
    data = build(distinct_pictures(counts), CATEGORIES)
    features = Features(domain(frames), domain(told(LABELS, rng)))
    grouped = similar_pictures.find(data, features)
    for group in np.unique(grouped["nice"]):
        places = np.flatnonzero(grouped["nice"] == group)
        assert len(places) == PICTURES // 8 and places[0] % len(places) == 0
    found = similar_pictures.splits(data, features, grouped)
    assert min(found["alone"]["nice"]) > 0.95 and max(found["together"]["nice"]) < 0.6
    assert min(found["together"]["real"]) > 0.95


def test_telling_background_is_named() -> None:
    rng = np.random.default_rng(1)
    whole = told(LABELS, rng)
    border = np.where((LABELS == 2)[:, None], whole, told(np.zeros_like(LABELS), rng, 0))
    found = data_check.background(domain(border), domain(whole), NAMES)
    assert [row["category"] for row in found if row["suspect"]] == ["c"]
    assert found[0]["category"] == "c" and found[0]["border"] > 0.9
    # The others are told as well as at random from among three.
    assert np.mean([row["border"] for row in found[1:]]) == pytest.approx(1 / 3, abs=0.15)
    assert all(
        low <= row["border"] <= high for row in found for low, high in [row["border_interval"]]
    )


def test_wrong_labels_are_doubted_first() -> None:
    rng = np.random.default_rng(2)
    truth, wrong = LABELS.copy(), [3, 77, 120]
    labels = truth.copy()
    labels[wrong] = (truth[wrong] + 1) % CATEGORIES
    nice, real = domain(told(truth, rng), labels), domain(told(truth, rng))
    found = data_check.doubtful(Features(nice, real), CATEGORIES)
    assert sorted(one["row"] for one in found["nice"][:3]) == wrong
    assert found["real"] == []
    for one in found["nice"][:3]:
        assert one["answer"] == truth[one["row"]]
        assert one["probability"] < 0.2 < one["answer_probability"]
    # A head that has not seen the picture at all gives the same answer.
    rest = np.delete(np.arange(len(labels)), wrong[0])
    head = solve_head(
        Statistics.of(nice.rows[rest], labels[rest], CATEGORIES),
        Statistics.of(real.rows, real.labels, CATEGORIES),
        similar_pictures.RATIO,
        similar_pictures.RIDGE,
    )
    assert scores(nice.rows[wrong[:1]], head).argmax() == truth[wrong[0]]


def test_map_keeps_neighbours_together() -> None:
    rng = np.random.default_rng(3)
    features = Features(domain(told(LABELS, rng)), domain(told(LABELS, rng)))
    picture_map.draw(features, "0123")
    places = picture_map.read("0123")
    assert places is not None and places.shape == (2 * len(LABELS), 2)
    labels, rows = np.tile(LABELS, 2), np.concatenate([features.nice.rows, features.real.rows])
    distances = np.linalg.norm(places[:, None] - places, axis=2) + 1e9 * np.eye(len(places))
    assert (labels[distances.argmin(1)] == labels).mean() > 0.95
    assert picture_map.read("4567") is None

    centred = rows - rows.mean(0)
    cosine = [
        np.dot(one, centred[5]) / np.linalg.norm(one) / np.linalg.norm(centred[5])
        for one in centred
    ]
    expected = sorted(set(range(len(rows))) - {5}, key=lambda row: -cosine[row])[:7]
    assert picture_map.neighbours(features, 5, 7).tolist() == expected
