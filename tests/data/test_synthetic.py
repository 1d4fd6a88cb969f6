"""The built-in pair: deterministic, independent of how much is drawn, white where it must be, and each category recognisable."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fruitlab.data import synthetic

ROOT = Path(__file__).resolve().parents[2]
PER_CATEGORY = 8


@pytest.fixture(scope="module")
def pair():
    return synthetic.draw_pair(PER_CATEGORY, processes=1)


def test_the_categories_are_the_papers():
    assert len(synthetic.CATEGORIES) == 26
    assert list(synthetic.CATEGORIES) == sorted(synthetic.CATEGORIES)
    from fruitlab.data.synthetic.fruits import FRUITS

    assert set(FRUITS) == set(synthetic.CATEGORIES)


def test_shapes_and_labels(pair):
    nice, real, labels = pair
    for pictures in (nice, real):
        assert pictures.shape == (26 * PER_CATEGORY, 100, 100, 3) and pictures.dtype == np.uint8
    assert labels.dtype == np.int64
    assert labels.tolist() == [c for c in range(26) for _ in range(PER_CATEGORY)]


@pytest.mark.parametrize("domain", ["nice", "real"])
def test_a_picture_depends_on_its_index_alone(pair, domain):
    drawn = pair[0 if domain == "nice" else 1]
    for c in (
        0,
        8,
        17,
        25,
    ):  # backwards, one by one, after everything else: what was drawn before must not matter
        for i in reversed(range(0, PER_CATEGORY, 5)):
            assert np.array_equal(
                synthetic.draw(synthetic.CATEGORIES[c], domain, i), drawn[c * PER_CATEGORY + i]
            )


def test_pictures_of_a_category_differ(pair):
    for pictures in pair[:2]:
        digests = {hashlib.sha256(p.tobytes()).digest() for p in pictures}
        assert len(digests) == len(pictures)


@pytest.mark.slow
def test_another_process_draws_the_same_bytes():
    script = (
        "import hashlib; from fruitlab.data import synthetic as s\n"
        "print(hashlib.sha256(b''.join(s.draw(c, d, 3).tobytes() for c in s.CATEGORIES for d in ('nice', 'real'))).hexdigest())"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    here = hashlib.sha256(
        b"".join(
            synthetic.draw(c, d, 3).tobytes()
            for c in synthetic.CATEGORIES
            for d in ("nice", "real")
        )
    )
    assert out == here.hexdigest()


@pytest.mark.slow
def test_workers_draw_the_same_and_report_progress():
    seen = []
    nice, real, labels = synthetic.draw_pair(
        2, processes=2, progress=lambda step, done, total: seen.append((done, total))
    )
    alone = synthetic.draw_pair(2, processes=1)
    assert (
        np.array_equal(nice, alone[0])
        and np.array_equal(real, alone[1])
        and np.array_equal(labels, alone[2])
    )
    assert seen[-1] == (104, 104) and [d for d, _ in seen] == sorted({d for d, _ in seen})


@pytest.mark.slow
def test_a_script_without_a_main_guard_gets_its_pictures(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from fruitlab.data import synthetic\nprint(synthetic.draw_pair(1, processes=2)[1].sum())\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    out = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=120, env=env
    ).stdout
    assert out.split()[-1] == str(synthetic.draw_pair(1, processes=1)[1].sum())


def test_nice_is_one_fruit_on_white_that_fills_the_frame(pair):
    nice = pair[0]
    corners = nice[:, [0, 0, -1, -1], [0, -1, 0, -1]].reshape(len(nice), -1)
    assert (corners == 255).all(1).mean() > 0.98  # a crown or stalk may reach a corner
    ink = (nice < 250).any(-1)
    for one in ink:
        rows, columns = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
        assert max(np.ptp(rows), np.ptp(columns)) >= 90
        assert one.mean() > 0.08


def test_real_has_no_white_frame(pair):
    real = pair[1]
    corners = real[:, [0, 0, -1, -1], [0, -1, 0, -1]].reshape(len(real), -1)
    assert (corners < 250).any(1).mean() > 0.8
    level = real.mean((1, 2, 3))
    assert (
        8 < level.min() and level.max() < 248 and level.std() > 20
    )  # varied exposure, none black or blank


def _features(pictures: np.ndarray, masked: bool) -> np.ndarray:
    """Colour histograms, 6 x 6 x 6, of what is not white: nothing of how the pictures are made."""
    found = []
    for p in pictures:
        pixels = p.reshape(-1, 3)
        pixels = pixels[(pixels < 250).any(1)] if masked else pixels
        bins = (pixels // 43).astype(int)
        found.append(np.bincount(bins @ [36, 6, 1], minlength=216) / len(pixels))
    return np.sqrt(np.array(found))


def _nearest_centroid(train, labels, test) -> np.ndarray:
    centroids = np.stack([train[labels == c].mean(0) for c in range(26)])
    return np.square(test[:, None] - centroids[None]).sum(-1).argmin(1)


def test_colour_alone_tells_much_of_nice_and_little_of_real(pair):
    nice, real, labels = pair
    inside, across = _features(nice, True), _features(real, True)
    half = np.arange(len(labels)) % 2 == 0
    guess = np.concatenate(
        [
            _nearest_centroid(inside[half], labels[half], inside[~half]),
            _nearest_centroid(inside[~half], labels[~half], inside[half]),
        ]
    )
    truth = np.concatenate([labels[~half], labels[half]])
    on_nice = (guess == truth).mean()
    on_real = (_nearest_centroid(inside, labels, across) == labels).mean()
    assert 0.3 < on_nice < 0.98  # far above chance (0.04), and not all there is to it
    assert on_real < 0.6 * on_nice
    told = [(guess[truth == c] == c).any() for c in range(26)]
    assert sum(told) >= 23


def test_no_category_of_real_is_given_away_by_its_mean_colour(pair):
    _, real, labels = pair
    mean = real.mean((1, 2))
    half = np.arange(len(labels)) % 2 == 0
    right = _nearest_centroid(mean[half], labels[half], mean[~half]) == labels[~half]
    assert right.mean() < 0.3


@pytest.mark.parametrize(
    "arguments, word",
    [
        (("Durian", "nice", 0), "Durian"),
        (("Apple", "studio", 0), "'nice'"),
        (("Apple", "nice", -1), "-1"),
        (("Apple", "nice", 1.5), "1.5"),
        (("Apple", "real", True), "True"),
    ],
)
def test_wrong_use_is_a_sentence(arguments, word):
    with pytest.raises(ValueError, match=word) as error:
        synthetic.draw(*arguments)
    assert str(error.value).endswith(".") and " " in str(error.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: synthetic.draw_pair(0),
        lambda: synthetic.draw_pair(2.5),
        lambda: synthetic.draw_pair(1, processes=0),
    ],
)
def test_wrong_counts_are_a_sentence(call):
    with pytest.raises(ValueError, match="whole number from 1 up"):
        call()


def test_torch_stays_away():
    script = "import sys; from fruitlab.data import synthetic; synthetic.draw('Kiwi', 'real', 0); print('torch' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        == "False"
    )
