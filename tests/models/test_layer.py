"""The fused layer, compared with PyTorch's operations: values and gradients in float64."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from fused_layers import EPSILON, KINDS, fast, plain, random, unnormalized
from torch import Tensor
from torch.nn import functional as F

from fruitlab.models.kernels import layer, loops, memory


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
