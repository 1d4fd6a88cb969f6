"""Orthogonal steps, compared with numpy's singular value decomposition, and in a training step."""

import numpy as np
import pytest
import torch

from fruitlab.methods.registry import configure
from fruitlab.training.muon import orthogonal_steps
from fruitlab.training.state import State


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    return torch.stack(orthogonal_steps(list(matrices)))


@pytest.mark.parametrize("shape", [(8, 75), (8, 72), (32, 288), (16, 8), (32, 16), (5, 5)])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e3])
def test_singular_vectors_are_kept_and_values_become_near_one(shape, scale):
    matrix = np.random.default_rng(1).normal(size=shape) * scale
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    result = orthogonal(torch.from_numpy(matrix)[None].float())[0].double().numpy()
    result /= max(1, shape[0] / shape[1]) ** 0.5
    values = u.T @ result @ v.T
    np.testing.assert_allclose(values - np.diag(np.diag(values)), 0, atol=2e-3)
    large = s > 0.02 * s[0]
    assert np.all((np.diag(values)[large] > 0.65) & (np.diag(values)[large] < 1.25))


def test_result_does_not_depend_on_scale_and_zero_stays_zero():
    matrices = torch.randn(4, 8, 72, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        orthogonal(matrices * 37), orthogonal(matrices), atol=1e-4, rtol=1e-4
    )
    assert torch.equal(orthogonal(torch.zeros(1, 8, 72)), torch.zeros(1, 8, 72))


def test_batching_does_not_change_the_steps():
    generator = torch.Generator().manual_seed(0)
    steps = [
        torch.randn(shape, generator=generator)
        for shape in ((8, 3, 5, 5), (8, 8, 3, 3), (16, 8), (40, 24, 3, 3), (8, 8, 3, 3), (5, 90))
    ]
    steps[1] = steps[1].contiguous(memory_format=torch.channels_last)
    for step, result in zip(steps, orthogonal_steps(steps), strict=True):
        assert result.shape == step.shape
        torch.testing.assert_close(
            result, orthogonal(step.flatten(1)[None])[0].view(step.shape), atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize("nesterov", [False, True])
def test_step_is_orthogonal_for_convolutions_and_plain_for_the_head(nesterov):
    """The first step, without penalty.

    The size of a convolution's step depends only on the learning rate, that of the head's step on
    the gradient too.
    """
    config = configure(
        "mixed", preset="quick", muon=2, learning_rate=0.1, nesterov=nesterov, momentum=0, width=0.5
    )
    state = State(config, categories=3, device=torch.device("cpu"))
    state.trains(config.phases()[0])
    before = {name: p.detach().clone() for name, p in state.trained.items()}
    gradients = {}
    for name, p in state.trained.items():
        p.grad = torch.randn(p.shape, generator=torch.Generator().manual_seed(len(name))) * 1e-3
        gradients[name] = p.grad.clone()
    state.update(learning_rate=0.1, momentum=0.0, decay=0.0)
    for name, p in state.trained.items():
        moved = (before[name] - p.detach()) / 0.1
        if name.endswith("bias") or name.startswith(("hidden.", "output.")):
            torch.testing.assert_close(moved, gradients[name], atol=1e-6, rtol=1e-3)
        else:
            values = torch.linalg.svdvals(
                moved.flatten(1) / max(1, moved.shape[0] / moved[0].numel()) ** 0.5
            )
            # Five iterations do not converge in directions where the gradient is almost zero.
            assert values.max() < 2 * 1.25 and values.median() > 2 * 0.65
