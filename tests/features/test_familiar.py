"""Pictures unlike the training pictures lie outside of their principal directions."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from fruitlab.config.errors import DataError
from fruitlab.features import familiar
from fruitlab.features.familiar import ACCEPTED, Familiar


@pytest.fixture(scope="module")
def pictures() -> dict[str, np.ndarray]:
    """Features near a plane of ten dimensions among sixty; those of something else are not."""
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(10, 60))

    def near(count: int) -> np.ndarray:
        return 3 + rng.normal(size=(count, 10)) @ plane + 0.3 * rng.normal(size=(count, 60))

    other = 3 + 3 * rng.normal(size=(50, 60))
    return {"nice": near(300), "real": near(400), "new": near(500), "other": other}


@pytest.fixture(scope="module")
def made(pictures) -> Familiar:
    facts = {"network": "efficientnet-lite0", "input_size": 0, "fingerprint": "abc"}
    return Familiar.of(pictures["nice"], pictures["real"], **facts)


def test_the_share_is_what_pca_leaves_over(pictures, made):
    both = np.concatenate([pictures["nice"], pictures["nice"], pictures["nice"], pictures["nice"]])
    both = np.concatenate([both, np.repeat(pictures["real"], 3, axis=0)])  # 1,200 of each domain
    mean, scale = both.mean(0), both.std(0)
    pca = PCA(made.directions.shape[1], svd_solver="full").fit((both - mean) / scale)
    standard = (pictures["other"] - mean) / scale
    left = standard - pca.inverse_transform(pca.transform(standard))
    expected = (left**2).sum(1) / (standard**2).sum(1)
    np.testing.assert_allclose(made.outside(pictures["other"]), expected, atol=2e-3)


def test_new_pictures_of_the_kind_are_familiar_and_others_are_not(pictures, made):
    accepted = np.mean([made.includes(one) for one in pictures["new"]])
    assert abs(accepted - ACCEPTED) < 0.03
    assert not any(made.includes(one) for one in pictures["other"])


def test_a_constant_feature_and_a_picture_of_the_mean_are_no_numbers_lost(pictures):
    facts = {"network": "paper", "input_size": 0, "fingerprint": "abc"}
    nice, real = (np.c_[pictures[d][:9], np.ones(9)] for d in ("nice", "real"))
    made = Familiar.of(nice, real, **facts)
    assert np.isfinite(made.outside(np.stack([made.mean, nice[0]]))).all()


def test_files_are_found_by_the_dataset(made, tmp_path, monkeypatch):
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(tmp_path / "shipped"))
    assert familiar.find("abc") is None
    (tmp_path / "shipped").mkdir()
    made.save(tmp_path / "shipped" / familiar.NAME)
    found = familiar.find("abc")
    assert found is not None and found.network == made.network and familiar.find("xyz") is None
    np.testing.assert_array_equal(found.directions, made.directions)
    (tmp_path / "shipped" / familiar.NAME).write_bytes(b"damaged")
    assert familiar.find("abc") is None
    with pytest.raises(DataError, match="ratios-file"):
        Familiar.load(tmp_path / "shipped" / familiar.NAME)
