"""Augmentation, compared picture by picture with numpy in float64 and with torchvision."""

import math

import numpy as np
import pytest
import small
import torch
from torchvision.transforms.v2 import functional as tv

from fruitlab.config.run_config import RunConfig
from fruitlab.training import rng as counter_rng
from fruitlab.training.augmentation import augment
from fruitlab.training.batches import Batches

SIDE = 24
NAMES = (
    "flip",
    "zoom",
    "turn",
    "shift_x",
    "shift_y",
    "brightness",
    "contrast",
    "saturation",
    "warmth",
    "erase_x",
    "erase_y",
    "erase_size",
)


def pictures(count: int, *, low: float = 0.0, high: float = 1.0, side: int = SIDE) -> torch.Tensor:
    """Smooth random pictures, channels last in memory as in training."""
    rng = np.random.default_rng(3)
    coarse = torch.from_numpy(rng.uniform(low, high, (count, 3, 6, 6)).astype(np.float32))
    smooth = torch.nn.functional.interpolate(coarse, size=side, mode="bilinear", align_corners=True)
    return smooth.contiguous(memory_format=torch.channels_last)


def draws(count: int, stream: int) -> dict[str, np.ndarray]:
    """The random numbers of each picture by their purpose, from -1 to 1."""
    values = counter_rng.uniform(12 * count, stream, torch.device("cpu")).double().numpy() * 2 - 1
    return dict(zip(NAMES, values.reshape(12, count), strict=True))


def warp_by_loops(
    picture: np.ndarray, *, flip: bool, zoom: float, degrees: float, right: float, down: float
) -> np.ndarray:
    """Resample a picture, float64 [3, side, side], bilinearly and with repeated edges."""
    side = picture.shape[-1]
    middle = (side - 1) / 2
    angle = math.radians(degrees)
    result = np.empty_like(picture)
    for i in range(side):
        for j in range(side):
            x, y = (j - middle) / zoom, (i - middle) / zoom
            x, y = (
                x * math.cos(angle) - y * math.sin(angle),
                x * math.sin(angle) + y * math.cos(angle),
            )
            x = np.clip((-x if flip else x) + right * side + middle, 0, side - 1)
            y = np.clip(y + down * side + middle, 0, side - 1)
            x0, y0 = min(int(x), side - 2), min(int(y), side - 2)
            fx, fy = x - x0, y - y0
            top = (1 - fx) * picture[:, y0, x0] + fx * picture[:, y0, x0 + 1]
            bottom = (1 - fx) * picture[:, y0 + 1, x0] + fx * picture[:, y0 + 1, x0 + 1]
            result[:, i, j] = (1 - fy) * top + fy * bottom
    return result


@pytest.mark.parametrize(
    "settings",
    [
        {"shift": 0.2},
        {"zoom": 0.5},
        {"turn": 30},
        {"mirror": True, "shift": 0.1},
        {"mirror": True, "zoom": 0.3, "turn": 40, "shift": 0.15},
    ],
    ids=str,
)
def test_geometry_matches_numpy(settings):
    x, config = pictures(6), RunConfig(**settings)
    result, d = augment(x, config, 11), draws(6, 11)
    for k in range(6):
        expected = warp_by_loops(
            x[k].double().numpy(),
            flip=config.mirror and d["flip"][k] < 0,
            zoom=(1 + config.zoom) ** d["zoom"][k],
            degrees=config.turn * d["turn"][k],
            right=config.shift * d["shift_x"][k],
            down=config.shift * d["shift_y"][k],
        )
        np.testing.assert_allclose(result[k].numpy(), expected, atol=2e-5)


def test_rotation_by_quarter_turns_is_exact(monkeypatch):
    # The largest value of every random number.
    monkeypatch.setattr(counter_rng, "uniform", lambda count, stream, device: torch.ones(count))
    x = pictures(2)
    for degrees, quarters in ((90, 1), (180, 2)):
        torch.testing.assert_close(
            augment(x, RunConfig(turn=degrees), 0), x.rot90(quarters, (2, 3)), atol=2e-5, rtol=0
        )


def test_mirroring_changes_no_value():
    x = pictures(64)
    result, flip = augment(x, RunConfig(mirror=True), 5), draws(64, 5)["flip"] < 0
    assert 16 < flip.sum() < 48
    for k in range(64):
        assert torch.equal(result[k], tv.horizontal_flip(x[k]) if flip[k] else x[k])


def test_colour_changes_match_torchvision():
    # Values near the middle of the range, so that nothing is clipped.
    x, config = pictures(8, low=0.4, high=0.6), RunConfig(light=0.3, colour=0.4)
    result, d = augment(x, config, 9), draws(8, 9)
    for k in range(8):
        expected = tv.adjust_saturation(x[k], 1 + 0.4 * d["saturation"][k])
        expected = tv.adjust_contrast(expected, 1 + 0.3 * d["contrast"][k])
        expected = tv.adjust_brightness(expected, 1 + 0.3 * d["brightness"][k])
        expected[0] *= 1 + 0.2 * d["warmth"][k]
        expected[2] *= 1 - 0.2 * d["warmth"][k]
        torch.testing.assert_close(result[k], expected, atol=1e-4, rtol=0)


def test_values_stay_in_range():
    result = augment(
        pictures(32), RunConfig(light=0.9, colour=0.9, shift=0.5, zoom=0.9, turn=180, erase=0.9), 2
    )
    assert result.min() >= 0 and result.max() <= 1


def test_erasing_covers_one_square_of_the_drawn_size():
    x, config = pictures(50, low=0.6, high=1, side=100), RunConfig(erase=0.5)
    result, d = augment(x, config, 4), draws(50, 4)
    middles = (np.arange(100) + 0.5) / 100 * 2 - 1
    for k in range(50):
        half = 0.5 * (d["erase_size"][k] + 1) / 2
        rows = np.abs(middles - d["erase_y"][k]) < half
        columns = np.abs(middles - d["erase_x"][k]) < half
        expected = np.where(np.outer(rows, columns), 0.5, x[k].numpy())
        np.testing.assert_array_equal(result[k].numpy(), expected.astype(np.float32))
        assert columns.sum() <= 51 and rows.sum() <= 51
    # The mean area is a quarter of a third, less what is outside the picture.
    assert 0.02 < (result == 0.5).float().mean() < 0.12


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mirror": True},
        {"zoom": 0.3},
        {"light": 0.2},
        {"colour": 0.2},
        {"erase": 0.4},
        {
            "mirror": True,
            "zoom": 0.2,
            "shift": 0.1,
            "turn": 10,
            "light": 0.2,
            "colour": 0.2,
            "erase": 0.3,
        },
    ],
    ids=str,
)
def test_result_depends_only_on_the_stream_and_keeps_the_input(settings):
    x, config = pictures(16), RunConfig(**settings)
    before = x.clone()
    first, second, other = augment(x, config, 1), augment(x, config, 1), augment(x, config, 2)
    assert torch.equal(x, before)
    assert torch.equal(first, second)
    assert torch.equal(first, other) == (not settings)
    assert first.shape == x.shape and first.dtype == x.dtype
    assert first.is_contiguous(memory_format=torch.channels_last)


def test_pictures_in_a_batch_change_differently():
    x = pictures(1).expand(16, -1, -1, -1).contiguous(memory_format=torch.channels_last)
    for settings in ({"zoom": 0.3}, {"shift": 0.1}, {"turn": 20}, {"light": 0.2}, {"colour": 0.2}):
        flat = augment(x, RunConfig(**settings), 3).flatten(1)
        distances = torch.cdist(flat, flat) + torch.eye(16)
        assert distances.min() > 1e-3, settings


def test_each_augmentation_has_its_own_random_numbers():
    x = pictures(16)
    erased = augment(x, RunConfig(erase=0.6), 8)
    both = augment(x, RunConfig(erase=0.6, light=0.2), 8)
    assert torch.equal(erased == 0.5, both == 0.5)


def test_last_iterations_are_not_augmented():
    data, settings = (
        small.device_dataset(),
        {"mirror": True, "shift": 0.2, "iterations": 10, "batch_size": 6},
    )
    for until, changed in ((1.0, 10), (0.7, 7), (0.0, 0)):
        config = small.config("mixed", augment_until=until, **settings)
        batches = Batches(config, config.phases()[0], data, small.new_state(config, data))
        plain = Batches(
            config.model_copy(update={"augment_until": 0.0}),
            config.phases()[0],
            data,
            small.new_state(config, data),
        )
        same = [torch.equal(batches.at(t).inputs, plain.at(t).inputs) for t in range(10)]
        assert same == [False] * changed + [True] * (10 - changed)


def test_creates_no_tensor_on_the_host(monkeypatch):
    """On PyTorch's meta device, whose tensors have no values that could be transferred."""
    x = torch.empty(4, 3, SIDE, SIDE, device="meta").contiguous(memory_format=torch.channels_last)
    for made in ("tensor", "from_numpy", "as_tensor"):
        monkeypatch.setattr(
            torch, made, lambda *_, **__: pytest.fail("a tensor was made on the host")
        )
    monkeypatch.setattr(
        torch.Tensor, "new_tensor", lambda *_, **__: pytest.fail("a tensor was made on the host")
    )
    config = RunConfig(mirror=True, shift=0.1, zoom=0.2, turn=10, light=0.2, colour=0.2, erase=0.3)
    result = augment(x, config, 1)
    assert result.device.type == "meta" and result.shape == x.shape
