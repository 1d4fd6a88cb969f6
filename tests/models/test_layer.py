"""The fused layer, compared with PyTorch's operations: values and gradients in float64."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numba import njit
from torch import Tensor
from torch.nn import functional as F

from fruitlab.models.kernels import layer, loops, memory, statistics
from fruitlab.models.kernels.threads import shared

EPSILON = 1e-3


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(
        shape, dtype=dtype, generator=torch.Generator().manual_seed(seed)
    ).requires_grad_()


def plain(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor,
    bias: Tensor,
    skip: Tensor | None,
    *,
    stride: int,
    padding: tuple[int, int],
    pool: bool,
) -> Tensor:
    """The definition: normalize, pad with zeros, convolve, pool, add, ELU."""
    mean, variance = (part.view(1, -1, 1, 1) for part in (mean, variance))
    normalized = (x - mean) / (variance + EPSILON).sqrt()
    z = F.conv2d(F.pad(normalized, padding * 2), weight, bias, stride)
    z = F.max_pool2d(z, 2) if pool else z
    return F.elu(z if skip is None else z + skip)


def fast(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor,
    bias: Tensor,
    skip: Tensor | None = None,
    *,
    stride: int = 1,
    padding: tuple[int, int],
    pool: bool = False,
) -> tuple[Tensor, statistics.Moments, Tensor]:
    return layer.layer(
        x,
        weight,
        bias,
        (mean, variance),
        skip,
        epsilon=EPSILON,
        stride=stride,
        padding=padding,
        pool=pool,
    )


def unnormalized(x: Tensor, kernel: int, **how: Any) -> tuple[Tensor, statistics.Moments, Tensor]:
    """The layer of a kernel of ones, without bias, of pictures with one channel."""
    weight = torch.ones(1, 1, kernel, kernel, dtype=x.dtype)
    none, one = torch.zeros(1, dtype=x.dtype), torch.full((1,), 1 - EPSILON, dtype=x.dtype)
    return fast(x, none, one, weight, none, **how)


# The layers of the paper's network, and others: one channel, many channels, odd sizes.
KINDS = [  # in, out, kernel, size, stride, padding, pool
    (3, 8, 5, 12, 1, (2, 2), True),
    (8, 8, 3, 10, 1, (1, 1), False),
    (8, 16, 3, 10, 2, (0, 1), False),
    (16, 16, 3, 5, 1, (1, 1), False),
    (4, 6, 3, 9, 2, (0, 0), False),
    (1, 1, 3, 6, 1, (1, 1), False),
    (2, 8, 5, 8, 1, (2, 2), True),
    (9, 20, 3, 6, 1, (1, 1), False),
]


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Threads that share even the smallest maps."""
    monkeypatch.setattr("fruitlab.models.kernels.threads.LEAST", 1)
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("batch", [0, 1, 5])
@pytest.mark.parametrize(("kind", "with_skip"), list(itertools.product(KINDS, (False, True))))
def test_layer_matches_the_plain_operations(
    kind: tuple, with_skip: bool, batch: int, threads: int
) -> None:
    """Includes shares of one picture, and a loss that uses the moments and y again."""
    inputs, outputs, kernel, size, stride, padding, pool = kind
    how = {"stride": stride, "padding": padding, "pool": pool}
    arguments = [
        random(batch, inputs, size, size),
        random(inputs, seed=1),
        (random(inputs, seed=2).detach() ** 2 + 0.1).requires_grad_(),
        random(outputs, inputs, kernel, kernel, seed=3),
        random(outputs, seed=4),
    ]
    expected = plain(*arguments, None, **how)
    skip = random(*expected.shape, seed=5) if with_skip else None
    leaves = [*arguments, skip] if with_skip else arguments

    def gradients(y: Tensor, mean: Tensor, variance: Tensor, again: Tensor) -> list[Tensor]:
        loss = (
            (y * random(*y.shape, seed=6)).sum()
            + (mean * variance).sum()
            + (again * again * random(*y.shape, seed=7)).sum()
        )
        return list(torch.autograd.grad(loss, leaves))

    y, (mean, variance), again = fast(*arguments, skip, **how)
    got = [y, mean, variance, *gradients(y, mean, variance, again)]
    y = plain(*arguments, skip, **how)
    variance, mean = (
        torch.var_mean(y, (0, 2, 3), correction=0) if batch else torch.zeros(2, outputs).double()
    )
    torch.testing.assert_close(got, [y, mean, variance, *gradients(y, mean, variance, y)])
    assert got[0].is_contiguous(memory_format=torch.channels_last)


def test_layer_passes_gradcheck() -> None:
    tensors = (
        random(3, 2, 4, 4),
        random(2, seed=1),
        (random(2, seed=2).detach() ** 2 + 0.1).requires_grad_(),
        random(3, 2, 3, 3, seed=3),
        random(3, seed=4),
        random(3, 3, 4, 4, seed=5),
    )

    def flat(*tensors: Tensor) -> tuple[Tensor, ...]:
        y, moments, again = fast(*tensors, padding=(1, 1))
        return y, *moments, again * 2

    assert torch.autograd.gradcheck(flat, tensors)


@pytest.mark.parametrize("needed", [0, 3, 4])
def test_gradients_of_some_arguments_only(needed: int) -> None:
    """Such as of a frozen network's input, or of weights behind frozen statistics."""
    arguments = [
        random(2, 3, 6, 6).detach(),
        random(3, seed=1).detach(),
        torch.ones(3, dtype=torch.float64),
        random(4, 3, 3, 3, seed=3).detach(),
        random(4, seed=4).detach(),
    ]
    arguments[needed].requires_grad_()
    how = {"stride": 1, "padding": (1, 1), "pool": False}
    got, expected = (
        torch.autograd.grad(y.square().sum(), arguments[needed])
        for y in (fast(*arguments, **how)[0], plain(*arguments, None, **how))
    )
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_layer_in_bfloat16_is_exact_but_for_rounding(kind: tuple, threads: int) -> None:
    """Values and gradients, compared with float64 on the same rounded pictures and skip."""
    inputs, outputs, kernel, size, stride, padding, pool = kind
    how = {"stride": stride, "padding": padding, "pool": pool}
    arguments = [
        random(6, inputs, size, size, dtype=torch.float32),
        random(inputs, seed=1, dtype=torch.float32),
        (random(inputs, seed=2).detach() ** 2 + 0.5).float().requires_grad_(),
        random(outputs, inputs, kernel, kernel, seed=3, dtype=torch.float32),
        random(outputs, seed=4, dtype=torch.float32),
    ]
    arguments[0] = arguments[0].detach().bfloat16().requires_grad_()
    exact = [tensor.detach().double().requires_grad_() for tensor in arguments]
    shape = plain(*exact, None, **how).shape
    skip = random(*shape, seed=5).detach().bfloat16().requires_grad_()
    exact_skip = skip.detach().double().requires_grad_()
    weights = [random(*shape, seed=seed).detach() for seed in (6, 7)]

    def gradients(y: Tensor, mean: Tensor, variance: Tensor, again: Tensor, leaves: list) -> list:
        y, again = y.double(), again.double()
        loss = (y * weights[0]).sum() + (mean * variance).sum()
        loss = loss + (again * again * weights[1]).sum()
        return list(torch.autograd.grad(loss, leaves))

    y, moments, again = fast(*arguments, skip, **how)
    assert y.dtype == torch.bfloat16 and moments[0].dtype == torch.float32
    got = [y, *gradients(y, *moments, again, [*arguments, skip])]
    y = plain(*exact, exact_skip, **how)
    variance, mean = torch.var_mean(y, (0, 2, 3), correction=0)
    true = [y, *gradients(y, mean, variance, y, [*exact, exact_skip])]
    for one, other in zip(got, true, strict=True):
        assert (one - other).abs().max() < 0.05 * other.abs().max()
        # Between numbers that are almost equal, a pool may choose another one.
        assert (one - other).norm() < (0.05 if pool else 0.02) * other.norm()


def test_rounding_to_bfloat16_is_pytorchs() -> None:
    """Every upper half of a float32, and halves below and above the middle between two."""
    upper = np.arange(1 << 16, dtype=np.uint32)[:, None] << 16
    lower = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32)
    x = torch.from_numpy((upper | lower).view(np.float32)).flatten()
    x = x[~x.isnan()]
    x = torch.cat([x, torch.tensor([float("nan"), -float("nan")])])
    got = torch.from_numpy(rounded(x.numpy())).view(torch.bfloat16)
    expected = x.bfloat16()
    assert torch.equal(got.isnan(), expected.isnan())
    assert torch.equal(got.nan_to_num(0), expected.nan_to_num(0))


@njit(**loops.OPTIONS)  # no cache on disk: it would not notice changes of `narrow`
def rounded(x: np.ndarray) -> np.ndarray:
    result = np.zeros(len(x), np.uint16)
    for i in range(len(x)):
        result[i] = loops.narrow(x[i], result[i])
    return result


def test_pooling_gradient_goes_to_the_first_of_equal_values() -> None:
    x = torch.zeros(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    y, _, _ = unnormalized(x, 1, padding=(0, 0), pool=True)
    y.sum().backward()
    assert x.grad[0, 0].nonzero().tolist() == [[0, 0], [0, 2], [2, 0], [2, 2]]


def test_elu_in_single_precision() -> None:
    z = torch.tensor(
        [-1e30, -200, -88, -20, -3, -1, -1e-3, -1e-7, -0.0, 0, 1e-7, 1e-3, 1, 50, 1e10, 1e30]
    )
    y, _, _ = unnormalized(z.view(1, 1, 4, 4), 1, padding=(0, 0))
    torch.testing.assert_close(y.flatten().double(), F.elu(z.double()), rtol=2e-7, atol=1.5e-7)


def test_nan_propagates() -> None:
    """A diverged run must be noticed, so no maximum or clamp may hide NaN."""
    x = torch.zeros(2, 1, 4, 4)
    x[1, 0, 2, 2] = float("nan")
    y, (mean, variance), _ = unnormalized(x, 3, padding=(1, 1))
    assert y[1].isnan().sum() >= 9 and not y[0].isnan().any() and mean.isnan().all()
    assert variance.isnan().all()


@pytest.mark.parametrize("shape", [(7, 3, 5, 4), (1, 3, 5, 5)])
def test_moments(shape: tuple[int, ...]) -> None:
    x = random(*shape)
    variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)
    torch.testing.assert_close(list(statistics.moments(x)), [mean, variance])
    assert torch.autograd.gradcheck(statistics.moments, x)


def test_moments_of_a_large_batch_are_those_of_float64() -> None:
    """Sums of 640,000 numbers far from zero, where float32 would lose three digits."""
    x = 3 + 0.1 * random(256, 2, 50, 50, dtype=torch.float32).detach()
    variance, mean = torch.var_mean(x.double(), (0, 2, 3), correction=0)
    got = statistics.moments(x)
    torch.testing.assert_close(got[0].double(), mean, rtol=1e-6, atol=0)
    torch.testing.assert_close(got[1].double(), variance, rtol=1e-4, atol=0)
    y, moments, _ = unnormalized(x[:, :1].contiguous(), 1, padding=(0, 0))
    variance, mean = torch.var_mean(y.double(), (0, 2, 3), correction=0)
    torch.testing.assert_close(moments[0].double(), mean, rtol=1e-6, atol=0)
    torch.testing.assert_close(moments[1].double(), variance, rtol=1e-4, atol=0)


def test_wrong_shapes_are_refused() -> None:
    """The loops do not check where they read."""
    weight, bias = torch.ones(8, 1, 3, 3), torch.zeros(8)
    moments = torch.zeros(1), torch.ones(1)

    def run(x: Tensor, weight: Tensor = weight, **how: Any) -> None:
        layer.layer(x, weight, bias, moments, epsilon=EPSILON, padding=(1, 1), **how)

    with pytest.raises(ValueError, match="not square"):
        run(torch.zeros(1, 1, 4, 12))
    with pytest.raises(ValueError, match="not square"):
        run(torch.zeros(1, 1, 4, 4), torch.ones(8, 1, 3, 1))
    with pytest.raises(ValueError, match="5 x 5 cannot be pooled"):
        run(torch.zeros(1, 1, 5, 5), pool=True)
    with pytest.raises(ValueError, match="skip connection"):
        run(torch.zeros(2, 1, 6, 6), skip=torch.zeros(1, 8, 2, 2))
    with pytest.raises(RuntimeError, match="view"):  # what a loop writes would go to a copy
        memory.rows(torch.zeros(2, 3, 4, 4))


def test_weights_that_change_before_the_backward_pass_are_noticed() -> None:
    x, weight = random(2, 3, 6, 6), random(8, 3, 3, 3, seed=1)
    none, one = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    y, _, _ = fast(x, none, one, weight, torch.zeros(8, dtype=torch.float64), padding=(1, 1))
    with torch.no_grad():
        weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_full_disk_costs_the_cache_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", full)
    made = loops.compiled(twice)
    assert made(np.float32(3)) == 6 and made.signatures


def twice(x: float) -> float:
    return 2 * x


def test_constant_channel_has_no_variance() -> None:
    x = torch.full((50, 2, 3, 3), 0.1, requires_grad=True)
    mean, variance = statistics.moments(x)
    (variance.sum() + mean.sum()).backward()
    assert (variance >= 0).all() and variance.max() < 1e-7 and torch.isfinite(x.grad).all()
    torch.testing.assert_close(mean, torch.full((2,), 0.1))


@pytest.mark.parametrize("batch", [1, 2, 7, 40])
def test_threads_share_a_batch(batch: int, threads: int) -> None:
    seen, numbers = np.zeros(batch), np.arange(batch, dtype=float)
    at_once = []

    def work(s: slice) -> np.ndarray:
        at_once.append(s)
        seen[s] += 1
        return numbers[s].sum(keepdims=True)

    total = shared(work, torch.empty(batch, 3))
    assert (seen == 1).all() and total == batch * (batch - 1) / 2
    assert len(at_once) == min(threads, batch)


@pytest.mark.parametrize("threads", [3], indirect=True)
def test_small_maps_are_not_shared(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fruitlab.models.kernels.threads.LEAST", 100)
    shares: list[slice] = []

    def work(s: slice) -> np.ndarray:
        shares.append(s)
        return np.zeros(1)

    shared(work, torch.empty(8, 30))  # enough for two threads
    assert sorted((s.start, s.stop) for s in shares) == [(0, 4), (4, 8)]
    shares.clear()
    shared(work, torch.empty(8, 10))
    assert [(s.start, s.stop) for s in shares] == [(0, 8)]


@pytest.mark.parametrize("threads", [3], indirect=True)
def test_sums_have_one_order(threads: int) -> None:
    """Whichever thread is done first: (1e20 + -1e20) + 1 is not 1e20 + (-1e20 + 1)."""
    values = {0: 1e20, 1: -1e20, 2: 1.0}
    for slow in range(3):

        def work(s: slice, slow: int = slow) -> np.ndarray:
            time.sleep(0.05 * (s.start == slow))
            return np.array([values[s.start]])

        assert shared(work, torch.empty(3, 3)) == 1.0


def test_error_in_a_thread_reaches_the_caller(threads: int) -> None:
    def work(s: slice) -> np.ndarray:
        if s.stop == 8:
            raise MemoryError(f"no room for {s}")
        return np.zeros(1)

    with pytest.raises(MemoryError, match="no room"):
        shared(work, torch.empty(8, 3))
