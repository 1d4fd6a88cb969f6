"""Training in bfloat16. Weights, statistics, losses and scores stay in float32."""

import pytest
import torch
from small import config, device_dataset, new_state

from fruitlab.models.kernels import layer
from fruitlab.training import devices
from fruitlab.training.batches import Batches
from fruitlab.training.loop import train
from fruitlab.training.state import State

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("inputs", "outputs", "kernel", "stride", "padding", "pool", "with_skip"),
    [
        (3, 8, 5, 1, (2, 2), True, False),
        (8, 8, 3, 1, (1, 1), False, True),
        (8, 16, 3, 2, (0, 1), False, False),
    ],
)
def test_bfloat16_layer_matches_float64_up_to_rounding(
    inputs, outputs, kernel, stride, padding, pool, with_skip
):
    generator = torch.Generator().manual_seed(0)

    def of(dtype: torch.dtype) -> list[torch.Tensor]:
        generator.manual_seed(0)
        # Rounded to bfloat16, so that both precisions start from the same values.
        x = torch.randn(6, inputs, 12, 12, generator=generator).bfloat16()
        weight = (
            torch.randn(outputs, inputs, kernel, kernel, generator=generator)
            / (inputs * kernel**2) ** 0.5
        )
        shift = torch.randn((12 // stride) ** 2, outputs, generator=generator)
        side = 6 if pool or stride == 2 else 12
        skip = (
            torch.randn(6, outputs, side, side, generator=generator)
            .bfloat16()
            .to(dtype)
            .requires_grad_()
            if with_skip
            else None
        )
        wide = torch.float32 if dtype == torch.bfloat16 else dtype
        leaves = [
            x.to(dtype).requires_grad_(),
            weight.to(wide).requires_grad_(),
            shift.to(wide).requires_grad_(),
        ]
        y, (mean, variance), _ = layer.layer(
            *leaves, skip, stride=stride, padding=padding, pool=pool, take_moments=True
        )
        assert y.dtype == dtype and mean.dtype == variance.dtype == wide
        loss = (y.to(wide) * torch.linspace(-1, 1, y.numel()).view_as(y).to(wide)).mean() + (
            mean * variance
        ).sum()
        gradients = torch.autograd.grad(loss, leaves + ([skip] if with_skip else []))
        assert [g.dtype for g in gradients[:3]] == [dtype, wide, wide]
        return [tensor.double() for tensor in (y, mean, variance, *gradients)]

    for got, exact in zip(of(torch.bfloat16), of(torch.float64), strict=True):
        # bfloat16 has 8 bits: a relative error of 0.004. In a pool, rounding may make another
        # value the largest, which then gets the whole gradient.
        assert (got - exact).norm() < (0.06 if pool else 0.02) * exact.norm()


def test_bfloat16_learns_what_float32_learns():
    data = device_dataset()
    cfg = config(
        statistics="batch",
        init="fan-in",
        norm_momentum=0.8,
        norm_rise=0,
        learning_rate=0.01,
        decay=1,
        batch_size=9,
        iterations=16,
        live_every=8,
        full_evaluations=1,
    )
    losses = {}
    for precision in (torch.float32, torch.bfloat16):
        state = State(cfg, categories=3, device=CPU, precision=precision)
        losses[precision] = torch.tensor(
            [event.loss for event in train(cfg, data, state) if event is not None and event.loss]
        )
        kept = state.trained | state.velocity | dict(state.network.named_buffers())
        assert {tensor.dtype for tensor in kept.values()} == {torch.float32}
    exact, rough = losses.values()
    assert max(exact[-1], rough[-1]) < 0.8 * exact[0]
    # The first two evaluations. Later ones differ as rounding errors grow.
    torch.testing.assert_close(rough[:2], exact[:2], rtol=0.03, atol=0)


def test_scores_are_computed_in_float32():
    """The precision of training must not influence the scores of given weights."""
    data, cfg = device_dataset(), config()
    exact, rough = (
        new_state(cfg, data),
        State(cfg, categories=3, device=CPU, precision=torch.bfloat16),
    )
    rough.load(*exact.save())
    batches = Batches(cfg, cfg.phases()[0], data, rough)
    first = [
        next(event for event in train(cfg, data, state) if event is not None and event.full)
        for state in (exact, rough)
    ]
    assert batches.at(0).inputs.dtype == torch.float32
    assert all(event.logits["nice"].dtype == torch.float32 for event in first)


def test_bfloat16_is_used_where_supported_or_requested(monkeypatch):
    card = torch.device("cuda")
    for has, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(
            torch.cuda,
            "is_bf16_supported",
            lambda including_emulation, has=has: has and not including_emulation,
        )
        assert devices.precision(card) == expected
    assert devices.precision(CPU) == torch.float32
    assert devices.precision(CPU, "bfloat16") == torch.bfloat16
    assert devices.precision(card, "float32") == torch.float32


@pytest.mark.parametrize(
    ("header", "device", "expected"),
    [
        ({}, "cpu", torch.float32),
        ({"precision": "bfloat16"}, "cpu", torch.bfloat16),
        ({"trained_on": "cpu", "computed_in": "bfloat16"}, "cpu", torch.bfloat16),
        # Started on a GPU, resumed on a CPU.
        (
            {"trained_on": "cuda:1", "computed_in": "bfloat16", "precision": "auto"},
            "cpu",
            torch.float32,
        ),
        (
            {"trained_on": "cpu", "computed_in": "float32", "precision": "auto"},
            "cuda",
            torch.bfloat16,
        ),
        # Started by a version that had only float32.
        ({"trained_on": "cuda"}, "cuda", torch.float32),
    ],
)
def test_resumed_run_keeps_its_precision_on_the_same_kind_of_device(
    monkeypatch, header, device, expected
):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert devices.precision_of(header, torch.device(device)) == expected
