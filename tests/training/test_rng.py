"""The counter-based random number generator: exact values and statistical tests."""

import numpy as np
import torch

from fruitlab.training import rng

CPU = torch.device("cpu")


def bits_in_python(i: int, stream: int) -> int:
    x = i
    for step in (stream, stream ^ 0x9E3779B9):
        x = (x ^ step) % 2**32
        x = (x ^ (x >> 16)) * 0x21F0AAAD % 2**32
        x = (x ^ (x >> 15)) * 0x735A2D97 % 2**32
        x ^= x >> 15
    return x


def test_bits_match_plain_python():
    for stream in (0, 1, 0xFFFFFFFF, rng.key(3, "order", 0, 7)):
        assert rng.bits(500, stream, CPU).tolist() == [
            bits_in_python(i, stream) for i in range(500)
        ]


def test_uniform_is_even_and_below_one():
    draws = rng.uniform(100_000, rng.key("u"), CPU).numpy()
    counts, _ = np.histogram(draws, bins=100, range=(0, 1))
    assert draws.min() >= 0 and draws.max() < 1
    # Chi-square with 99 degrees of freedom exceeds 160 with probability 0.0001.
    assert ((counts - 1000) ** 2 / 1000).sum() < 160


def test_neighbouring_streams_and_counters_are_uncorrelated():
    a, b = (rng.uniform(20_000, rng.key("x", k), CPU).numpy() for k in (1, 2))
    for one, other in ((a, b), (a[:-1], a[1:]), (a[::2], b[1::2])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_orders_are_permutations_that_differ_by_stream():
    orders = [
        rng.order(1000, rng.key(seed, "order", 0, epoch), CPU).tolist()
        for seed in (0, 1)
        for epoch in (0, 1)
    ]
    assert all(sorted(order) == list(range(1000)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4


def test_keys_separate_their_parts():
    assert len({rng.key(1, 23), rng.key(12, 3), rng.key("1", "2", 3), rng.key(123)}) == 4
