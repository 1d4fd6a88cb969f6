"""One step of momentum SGD (paper 3.3), optionally with Nesterov's form and Muon."""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from fruitlab.training.muon import orthogonal_steps


@torch.no_grad()
def step(
    trained: Mapping[str, Tensor],
    velocity: Mapping[str, Tensor],
    *,
    rate: Tensor,
    momentum: float | Tensor,
    decay: float,
    nesterov: bool = False,
    muon: float = 0.0,
    decayed: Collection[str],
    matrices: Collection[str] = (),
) -> None:
    """Update the parameters in place from their gradients, and clear the gradients.

    This is not torch.optim.SGD: the rate has to be a tensor, so that a plateau can halve it without
    a transfer from the device. With foreach=True SGD reads such a tensor back at every step, and
    fused=True is wrong on a CPU where a gradient has another memory format than its weight, as some
    convolutions' do (torch 2.14.1).

    Args:
        trained: parameters with gradients, by name.
        velocity: same names and shapes.
        rate: learning rate, float scalar on the parameters' device.
        momentum: fraction of the velocity that is kept; a number, or a float scalar like `rate`.
        decay: factor f of the L2 penalty f / 2 * sum(w^2).
        muon: length of an orthogonalized update in learning rates; 0 turns it off.
        decayed: names of the parameters that the penalty applies to: weights, not biases (3.2).
        matrices: names of the parameters whose updates Muon orthogonalizes.

    Raises:
        RuntimeError: a parameter has no gradient.
    """
    names, weights = list(trained), list(trained.values())
    gradients = [_gradient(name, parameter) for name, parameter in trained.items()]
    velocities = [velocity[name] for name in names]
    penalized = [i for i, name in enumerate(names) if name in decayed]
    # Operations on lists of tensors are torch.optim's own; they have no public name.
    torch._foreach_add_(
        [gradients[i] for i in penalized], [weights[i] for i in penalized], alpha=decay
    )
    torch._foreach_mul_(velocities, momentum)
    torch._foreach_add_(velocities, gradients)
    updates = velocities
    if nesterov:
        updates = _plus(gradients, velocities, momentum)
    places = [i for i, name in enumerate(names) if name in matrices]
    if muon and places:
        updates = list(updates)
        steps = orthogonal_steps([updates[i] for i in places])
        scaled = torch._foreach_mul(steps, muon)  # noqa: SLF001
        for i, update in zip(places, scaled, strict=True):
            updates[i] = update
    torch._foreach_sub_(weights, torch._foreach_mul(updates, rate))  # noqa: SLF001
    for parameter in weights:
        parameter.grad = None


def _plus(terms: list[Tensor], others: list[Tensor], factor: float | Tensor) -> list[Tensor]:
    """Sum of `terms` and `factor` times `others`, one by one."""
    if isinstance(factor, Tensor):  # `alpha` would read it from the device
        return list(torch._foreach_add(torch._foreach_mul(others, factor), terms))  # noqa: SLF001
    return list(torch._foreach_add(terms, others, alpha=factor))  # noqa: SLF001


def _gradient(name: str, parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        raise RuntimeError(f"The loss does not depend on the parameter {name}, which is trained.")
    return parameter.grad
