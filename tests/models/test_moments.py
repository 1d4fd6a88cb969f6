"""Mean and variance of channels, compared with PyTorch's in float64."""

import pytest
import torch
from fused_layers import random, unnormalized

from fruitlab.models.kernels import statistics


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


def test_constant_channel_has_no_variance() -> None:
    x = torch.full((50, 2, 3, 3), 0.1, requires_grad=True)
    mean, variance = statistics.moments(x)
    (variance.sum() + mean.sum()).backward()
    assert (variance >= 0).all() and variance.max() < 1e-7 and torch.isfinite(x.grad).all()
    torch.testing.assert_close(mean, torch.full((2,), 0.1))
