"""The built-in pair is deterministic, and its categories are recognisable."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fruitlab.data import synthetic
from fruitlab.data.synthetic.fruit_table import FRUITS

ROOT = Path(__file__).resolve().parents[2]
PER_CATEGORY = 6


@pytest.fixture(scope="module")
def pair():
    return synthetic.draw_pair(PER_CATEGORY, processes=1)


def run(*command: object) -> str:
    """Returns what a command prints, with this project on its path."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return process.stdout.strip()


def corners(pictures: np.ndarray) -> np.ndarray:
    """Returns the pixels in the corners of pictures [n, 100, 100, 3], as [n, 12]."""
    return pictures[:, [0, 0, -1, -1], [0, -1, 0, -1]].reshape(len(pictures), -1)


def test_the_categories_are_those_of_the_paper():
    assert len(synthetic.CATEGORIES) == 26
    assert list(synthetic.CATEGORIES) == sorted(synthetic.CATEGORIES)
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
    # In another order than the pair was drawn, because earlier pictures must not matter.
    for label in (0, 8, 17, 25):
        for i in reversed(range(0, PER_CATEGORY, 5)):
            picture = synthetic.draw(synthetic.CATEGORIES[label], domain, i)
            assert np.array_equal(picture, drawn[label * PER_CATEGORY + i])


def test_pictures_of_a_category_differ(pair):
    for pictures in pair[:2]:
        digests = {hashlib.sha256(p.tobytes()).digest() for p in pictures}
        assert len(digests) == len(pictures)


@pytest.mark.slow
def test_another_process_draws_the_same_bytes():
    script = (
        "import hashlib\n"
        "from fruitlab.data import synthetic\n"
        "digest = hashlib.sha256()\n"
        "for category in synthetic.CATEGORIES:\n"
        "    for domain in ('nice', 'real'):\n"
        "        digest.update(synthetic.draw(category, domain, 3).tobytes())\n"
        "print(digest.hexdigest())"
    )
    digest = hashlib.sha256()
    for category in synthetic.CATEGORIES:
        for domain in ("nice", "real"):
            digest.update(synthetic.draw(category, domain, 3).tobytes())
    assert run(sys.executable, "-c", script) == digest.hexdigest()


@pytest.mark.slow
def test_workers_draw_the_same_pictures_and_report_progress():
    reports = []
    parallel = synthetic.draw_pair(
        2, processes=2, progress=lambda step, done, total: reports.append((done, total))
    )
    sequential = synthetic.draw_pair(2, processes=1)
    assert all(map(np.array_equal, parallel, sequential))
    done = [done for done, _ in reports]
    assert reports[-1] == (104, 104) and done == sorted(set(done))


@pytest.mark.slow
def test_a_script_without_a_main_guard(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from fruitlab.data import synthetic\nprint(synthetic.draw_pair(1, processes=2)[1].sum())\n"
    )
    output = run(sys.executable, script)
    assert output.split()[-1] == str(synthetic.draw_pair(1, processes=1)[1].sum())


def test_nice_is_one_fruit_on_white_that_fills_the_frame(pair):
    nice = pair[0]
    assert (corners(nice) == 255).all(1).mean() > 0.98  # a crown or stalk may reach a corner
    for mask in (nice < 250).any(-1):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert max(np.ptp(rows), np.ptp(columns)) >= 90
        assert mask.mean() > 0.08


def test_real_has_no_white_frame(pair):
    real = pair[1]
    assert (corners(real) < 250).any(1).mean() > 0.8
    # The exposure varies, but no picture is black or white.
    level = real.mean((1, 2, 3))
    assert level.min() > 8 and level.max() < 248 and level.std() > 20


def colour_histograms(pictures: np.ndarray) -> np.ndarray:
    """Returns the square roots of 6 x 6 x 6 colour histograms of what is not white."""
    found = []
    for picture in pictures:
        pixels = picture.reshape(-1, 3)
        pixels = pixels[(pixels < 250).any(1)]
        bins = (pixels // 43).astype(int)
        found.append(np.bincount(bins @ [36, 6, 1], minlength=216) / len(pixels))
    return np.sqrt(np.array(found))


def nearest_centroid(train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Returns the category of the nearest centroid for each row of ``test``."""
    centroids = np.stack([train[labels == label].mean(0) for label in range(26)])
    return np.square(test[:, None] - centroids[None]).sum(-1).argmin(1)


def test_colour_alone_says_much_about_nice_and_little_about_real(pair):
    nice, real, labels = pair
    inside, across = colour_histograms(nice), colour_histograms(real)
    half = np.arange(len(labels)) % 2 == 0
    guess = np.concatenate(
        [
            nearest_centroid(inside[half], labels[half], inside[~half]),
            nearest_centroid(inside[~half], labels[~half], inside[half]),
        ]
    )
    truth = np.concatenate([labels[~half], labels[half]])
    on_nice = (guess == truth).mean()
    on_real = (nearest_centroid(inside, labels, across) == labels).mean()
    assert 0.3 < on_nice < 0.98  # the random baseline is 0.04
    assert on_real < 0.6 * on_nice
    recognised = [(guess[truth == label] == label).any() for label in range(26)]
    assert sum(recognised) >= 23


def test_mean_colour_says_little_about_real(pair):
    _, real, labels = pair
    mean = real.mean((1, 2))
    half = np.arange(len(labels)) % 2 == 0
    right = nearest_centroid(mean[half], labels[half], mean[~half]) == labels[~half]
    assert right.mean() < 0.3


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("Durian", "nice", 0), "Durian"),
        (("Apple", "studio", 0), "'nice'"),
        (("Apple", "nice", -1), "-1"),
        (("Apple", "nice", 1.5), "1.5"),
        (("Apple", "real", True), "True"),
    ],
)
def test_invalid_arguments_of_draw(arguments, word):
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
def test_invalid_arguments_of_draw_pair(call):
    with pytest.raises(ValueError, match="whole number of at least 1"):
        call()


def test_torch_is_not_imported():
    script = (
        "import sys\n"
        "from fruitlab.data import synthetic\n"
        "synthetic.draw('Kiwi', 'real', 0)\n"
        "print('torch' in sys.modules)"
    )
    assert run(sys.executable, "-c", script) == "False"
