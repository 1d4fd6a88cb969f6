"""Play files: their batches, the rounding of features, and files that are rejected."""

import json

import numpy as np
import play_oracle
import pytest
from play_files import made, write
from safetensors.numpy import save
from small import CPU

from fruitlab.config.errors import RunError
from fruitlab.play import file as play
from fruitlab.play import make
from fruitlab.training import rng


def test_quantization_error_is_at_most_half_a_step() -> None:
    x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32) * [1, 100, 1e-3, 0]
    x = x.astype(np.float32)
    low, scale = make.ranges(x)
    back = low + scale * make.to_bytes(x, low, scale).astype(np.float64)
    assert (np.abs(back - x) <= 0.5 * scale * (1 + 1e-3) + 1e-12).all()
    assert np.array_equal(back[:, 3], x[:, 3])


@pytest.mark.parametrize(("count", "stream"), [(1, 0), (7, 3), (1300, 2**32 - 1), (560, 123456789)])
def test_orders_match_the_trainer(count: int, stream: int) -> None:
    assert np.array_equal(play_oracle.order(count, stream), rng.order(count, stream, CPU).numpy())


def test_kept_pictures_replace_real_ones_in_turn() -> None:
    file = made()
    plain, kept = play_oracle.Batches(file), play_oracle.Batches(file)
    seen: list[int] = []
    for number in range(30):
        (all_real, none, end), (real, nice, same_end) = plain.at(number, 0), kept.at(number, 25)
        assert not len(none) and end == same_end
        assert len(nice) == int(len(all_real) / 4 + 0.5)
        assert np.array_equal(real, all_real[: len(real)])
        assert len(real) + len(nice) == len(all_real)
        seen += nice.tolist()
    whole = len(seen) // file.count("nice_train")
    assert whole >= 2
    for turn in range(whole):  # each once before any repeats
        assert sorted(seen[21 * turn : 21 * (turn + 1)]) == list(range(21))
    real, nice, _ = play_oracle.Batches(file).at(0, 100)
    assert not len(real) and len(nice)


def test_keeping_pictures_reduces_forgetting() -> None:
    file = made()
    none, half = list(play_oracle.play(file))[-1], list(play_oracle.play(file, keep=50))[-1]
    assert half["nice"] > none["nice"] + 5


def test_invalid_files_are_rejected(tmp_path) -> None:
    path = tmp_path / "play.safetensors"
    file = write(path)
    assert play.read(path).steps == 70

    def error_of(tensors=None, **notes) -> str:
        path.write_bytes(
            save(file.tensors | (tensors or {}), {"fruitlab": json.dumps(file.notes | notes)})
        )
        with pytest.raises(RunError) as error:
            play.read(path)
        return str(error.value)

    assert "newer version" in error_of(format=99)
    assert "category that is not there" in error_of(
        categories=["Apple"],
        tensors={
            "output.weight": file.tensors["output.weight"][:1].copy(),
            "output.bias": file.tensors["output.bias"][:1].copy(),
        },
    )
    assert "hidden.weight" in error_of(
        {"hidden.weight": np.full_like(file.tensors["hidden.weight"], np.nan)}
    )
    assert "features.nice_test" in error_of(
        {"features.nice_test": file.tensors["features.nice_test"][:, :-1].copy()}
    )
    assert "damaged" in error_of(config={"method": "mixed"}) and "damaged" in error_of(steps="many")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RunError, match=r"damaged.*play-file RUN"):
        play.read(path)
    with pytest.raises(RunError, match="There is no"):
        play.read(tmp_path / "gone")
