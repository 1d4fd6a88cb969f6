"""The fused layer in bfloat16, compared with PyTorch's operations in float64."""

import numpy as np
import pytest
import torch
from fused_layers import KINDS, fast, plain, random
from numba import njit
from torch import Tensor

from fruitlab.models.kernels import loops


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
