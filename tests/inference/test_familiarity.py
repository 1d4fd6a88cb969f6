"""What a run was trained on decides which photos are familiar to it, whatever its network."""

import made_runs
import numpy as np
import pytest

from fruitlab.config.paths import PROJECT
from fruitlab.features import familiar
from fruitlab.inference import client
from fruitlab.inference.familiarity import is_familiar

SHIPPED = PROJECT / "checkpoints" / "shipped"
PHOTOS = familiar.Familiar.load(SHIPPED / familiar.NAME)


@pytest.fixture(autouse=True)
def server(monkeypatch):
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(SHIPPED))
    yield
    client.stop()


def test_a_dataset_that_nothing_is_known_of_gives_no_opinion():
    run = made_runs.run("one", fingerprint="f" * 16)
    assert is_familiar(run, np.zeros((100, 100, 3), np.uint8)) is None


def test_noise_and_cards_are_unlike_the_shipped_study_s_pictures():
    run = made_runs.run("one", fingerprint=PHOTOS.fingerprint)
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    assert is_familiar(run, noise) is False
    assert is_familiar(run, np.full((100, 100, 3), 255, np.uint8)) is False


def test_photos_of_the_study_are_familiar(shared_data):
    run = made_runs.run("one", fingerprint=PHOTOS.fingerprint)
    photos = sorted((shared_data / "real" / "Banana").iterdir())[:10]
    seen = [is_familiar(run, client.read_photo(path)) for path in photos]
    assert sum(map(bool, seen)) >= 8 and None not in seen
