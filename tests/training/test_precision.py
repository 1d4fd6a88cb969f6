"""Training in bfloat16. Weights, statistics, losses and scores stay in float32."""

import pytest
import torch
from small import config, device_dataset, new_state

from fruitlab.models.kernels import execution
from fruitlab.training import devices
from fruitlab.training.batches import Batches
from fruitlab.training.loop import train
from fruitlab.training.state import State

CPU = torch.device("cpu")


@pytest.mark.slow
def test_bfloat16_learns_what_float32_learns():
    data = device_dataset()
    cfg = config(
        network="paper",  # which keeps nothing but float32 numbers
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
        for network in ("paper", "efficientnet-lite0"):
            assert devices.precision(card, network) == expected
    assert devices.precision(CPU, "paper", "bfloat16") == torch.bfloat16
    assert devices.precision(card, "paper", "float32") == torch.float32


@pytest.mark.parametrize("instructions", ["avx512_bf16", "amx_bf16", "avx512_f"])
@pytest.mark.parametrize("vectors", ["AVX512", "AVX2"])
@pytest.mark.parametrize("kernels", [object, None])
def test_a_cpu_uses_bfloat16_if_it_computes_in_it_and_has_kernels_for_the_network(
    monkeypatch, instructions, vectors, kernels
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {instructions: True})
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: vectors)
    monkeypatch.setattr(devices, "fused_execution", lambda: kernels)
    execution.computes_bfloat16.cache_clear()
    try:
        faster = instructions != "avx512_f" and vectors == "AVX512" and kernels is not None
        assert devices.precision(CPU, "paper") == (torch.bfloat16 if faster else torch.float32)
        assert devices.precision(CPU, "efficientnet-lite0") == torch.float32
        assert devices.precision(CPU, "paper", "float32") == torch.float32
        assert devices.precision(torch.device("mps"), "paper") == torch.float32
    finally:
        execution.computes_bfloat16.cache_clear()


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
    monkeypatch.setattr(devices, "computes_bfloat16", lambda: False)
    assert devices.precision_of(header, torch.device(device), "paper") == expected
