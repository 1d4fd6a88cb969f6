"""Advice against figures made so that the answer is known."""

import numpy as np

from fruitlab.metrics import advice

NAMES = ("Apple", "Banana", "Kiwi", "Lemon")


def curve(first: float, middle: float, last: float, half: float = 0.01) -> dict[str, np.ndarray]:
    top1 = np.interp(np.arange(101), [0, 50, 100], [first, middle, last])
    return {"top1": top1, "low": top1 - half, "high": top1 + half}


def test_mixing_helps_only_if_the_best_ratio_is_above_both_ends_intervals() -> None:
    helps = advice.mixing(curve(0.4, 0.8, 0.6), 50).text
    assert "Mixing helps" in helps and all(share in helps for share in ("80.0%", "40.0%", "60.0%"))
    real = advice.mixing(curve(0.4, 0.8, 0.79), 50).text
    assert "hardly matters" in real and "real photos alone" in real and "studio" not in real
    assert "studio photos alone" in advice.mixing(curve(0.8, 0.7, 0.6), 0).text


def test_the_categories_that_gained_most_are_named_and_noise_is_not() -> None:
    half, full = np.array([0.5, 0.5, 0.9, 0.5]), np.array([0.7, 0.52, 0.9, 0.9])
    pictures = np.full(4, 200)
    text = advice.more_photos(half, full, pictures, NAMES).text
    assert "Lemon (+40.0 points) and Apple (+20.0 points)" in text
    assert "Banana" not in text  # 2 points of 200 pictures are noise: the error is 5
    assert "Apple" not in advice.more_photos(half, full, np.array([9, 9, 9, 900]), NAMES).text
    flat = advice.more_photos(half, half, pictures, NAMES).text
    assert "would hardly help" in flat and "0.0 points" in flat
    assert advice.more_photos(half, full, np.zeros(4, int), NAMES) is None


def test_a_confused_pair_counts_both_directions() -> None:
    confusion = np.diag([10, 10, 10, 10])
    confusion[0, 1], confusion[2, 3], confusion[3, 2] = 3, 2, 2
    text = advice.confused(confusion, NAMES).text
    assert (
        text.startswith("Kiwi and Lemon") and "16.7%" in text
    )  # 4 of 24; Apple and Banana: 3 of 23
    assert advice.confused(np.diag([10, 10, 10, 10]), NAMES) is None


def test_the_small_network_is_enough_if_the_intervals_meet() -> None:
    large = (0.86, 0.84, 0.88)
    assert "is enough" in advice.small_network((0.83, 0.81, 0.85), large, 11).text
    less = advice.small_network((0.70, 0.68, 0.72), large, 11).text
    assert "worth its size" in less and "16.0 points less" in less and "11 times smaller" in less
