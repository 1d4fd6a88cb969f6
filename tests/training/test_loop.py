"""The training loop, compared with torch.optim.SGD, with plain loops, and with resumed runs."""

import copy
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from slow import some
from small import config, device_dataset, new_state, run, weights
from torch.nn import functional as F

from fruitlab.config.settings import setting
from fruitlab.methods.iterative import Iterative
from fruitlab.methods.registry import configure
from fruitlab.models.model import to_float
from fruitlab.training import schedules
from fruitlab.training.batches import Batches
from fruitlab.training.evaluation import DENSE, Diverged
from fruitlab.training.loop import train
from fruitlab.training.step import step

METHODS = [
    ("mixed", {}),
    ("iterative", {"running_statistics": "updated"}),
    ("iterative", {"running_statistics": "frozen"}),
]


@pytest.fixture(scope="module")
def data():
    return device_dataset()


@pytest.mark.parametrize("nesterov", some((False, True), fast=(True,)))
@pytest.mark.parametrize("penalty", ["per-batch", "plain"])
def test_step_matches_torch_sgd_with_an_explicit_penalty(data, nesterov, penalty):
    cfg = config(
        network="paper",
        nesterov=nesterov,
        penalty=penalty,
        regularisation=0.3,
        batch_size=6,
        init="fan-in",
        learning_rate=0.02,
        momentum_midpoint=1,
        momentum_width=1,
    )
    state = new_state(cfg, data)
    # In float32 the two differ by rounding, depending on the CPU. The learning rate stays float32.
    state.network.double()
    phase = cfg.phases()[0]
    state.trains(phase)
    other = copy.deepcopy(state.network)
    optimiser = torch.optim.SGD(
        other.parameters(), lr=0.1, momentum=0.5, nesterov=nesterov, foreach=False, fused=False
    )
    batches = Batches(cfg, phase, data, state)
    for t in range(3):
        batch = batches.at(t)
        inputs, labels = batch.inputs.double(), batch.labels
        other.train()
        other.set_statistics_momentum(schedules.norm_momentum(cfg, t))
        squares = sum(
            p.square().sum() for name, p in other.named_parameters() if name.endswith("weight")
        )
        loss = (
            F.cross_entropy(other(inputs), labels)
            + 0.3 / (2 * len(labels) if penalty == "per-batch" else 2) * squares
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.param_groups[0].update(
            lr=schedules.learning_rate(cfg, t, 12), momentum=schedules.momentum(cfg, t)
        )
        optimiser.step()
        step(cfg, phase, state, replace(batch, inputs=inputs))
        for name, expected in other.state_dict().items():
            torch.testing.assert_close(
                state.network.state_dict()[name],
                expected,
                rtol=1e-5,
                atol=5e-7,
                msg=lambda m, n=name, t=t: f"{n} at {t}: {m}",
            )


def test_plateau_halves_the_learning_rate(data):
    cfg = config(plateau=40)
    state = new_state(cfg, data)
    rng = np.random.default_rng(3)
    losses = np.concatenate(
        [np.linspace(3, 1, 5), rng.uniform(1, 2, 12), [0.5], rng.uniform(1, 2, 7)]
    )
    best, stale, halvings, expected, seen = np.inf, 0, 0, [], []
    for epoch_loss in losses:
        for _ in range(20):
            state.counters.count(torch.tensor(float(epoch_loss)), 7, torch.tensor(3))
            state.advance(7)
        state.end_epoch(40)
        if np.float32(epoch_loss) < np.float32(best):
            best, stale = epoch_loss, 0
        else:
            stale += 20
        if stale >= 40:
            halvings, stale = halvings + 1, 0
        expected.append(halvings)
        seen.append(int(state.counters["halvings"]))
    assert seen == expected and halvings > 2


@pytest.mark.parametrize(("method", "changes"), METHODS)
def test_same_seed_gives_identical_weights(data, method, changes):
    cfg = config(method, **changes, mirror=True, iterations=6, live_every=5)
    first, second, other = (
        weights(run(c, data)[0]) for c in (cfg, cfg, cfg.model_copy(update={"seed": 1}))
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(first["stem.weight"], other["stem.weight"])


@pytest.mark.parametrize(("method", "changes"), METHODS)
@pytest.mark.slow  # the contract test over all methods checks the same at fewer states
def test_resumes_from_any_state_to_identical_results(data, method, changes):
    cfg = config(method, **changes, mirror=True, plateau=3, batch_size=9, iterations=8)
    whole, evaluations = run(cfg, data)
    expected = weights(whole)
    state, saved, lines = new_state(cfg, data), [], []
    saved.append((state.save(), 0))
    for event in train(cfg, data, state):
        lines += [event] if event is not None else []
        saved.append((state.save(), len(lines)))
    for (tensors, numbers), known in saved[::4] + saved[-1:]:
        again = new_state(cfg, data)
        again.load(tensors, numbers)
        again, rest = run(cfg, data, again)
        assert all(
            np.array_equal(expected[name], value) for name, value in weights(again).items()
        ), numbers
        assert [
            (e.phase, e.phase_iteration, e.nice, e.real, e.loss, e.seen)
            for e in evaluations[known:]
        ] == [(e.phase, e.phase_iteration, e.nice, e.real, e.loss, e.seen) for e in rest]


@pytest.mark.parametrize("running_statistics", ["updated", "frozen"])
def test_restricted_training_changes_only_the_last_two_layers(data, running_statistics):
    settings = {"running_statistics": running_statistics, "batch_size": 9, "init": "fan-in"}
    cfg = config("iterative", network="paper", **settings)
    state, before = new_state(cfg, data), None
    for _ in train(cfg, data, state):
        if state.phase == 1 and before is None:
            before = weights(state)
    for name, value in weights(state).items():
        head, statistic = name.startswith(("hidden.", "output.")), ".norm." in name
        moved = not np.array_equal(before[name], value)
        assert moved == (head or (statistic and running_statistics == "updated")), name


def test_training_on_cached_features_matches_pictures(data):
    cfg = config("iterative", running_statistics="frozen", iterations=10)

    class FromPictures(Iterative):
        def phases(self):
            first, second = super().phases()
            return [first, replace(second, inputs="pictures")]

    cached = weights(run(cfg, data)[0])
    plain = weights(run(FromPictures(**cfg.model_dump()), data)[0])
    assert not np.array_equal(
        cached["output.weight"], weights(new_state(cfg, data))["output.weight"]
    )
    for name in cached:
        # Moments go up to 4e4, and the small ones are differences of large numbers.
        np.testing.assert_allclose(cached[name], plain[name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_restricted_phase_restarts_schedules_but_not_norm_momentum(data):
    cfg = config("iterative", network="paper", iterations=20, split=60, norm_rise=30)
    state = new_state(cfg, data)
    steps = [
        (
            state.phase,
            state.phase_iteration,
            state.clock,
            state.network.stem.norm.momentum,
            state.counters["rate"].item(),
        )
        for event in train(cfg, data, state)
        if event is None
    ]
    assert [clock for phase, _, clock, _, _ in steps if phase == 1] == list(range(1, 9))
    for i, (_, t, _, norm_momentum, rate) in enumerate(steps):
        assert norm_momentum == pytest.approx(min(0.99, 1 - np.exp(-i / 30)))
        assert rate == pytest.approx(0.004 * 0.9 ** ((t - 1) / 80), rel=1e-6)


def test_evaluation_points(data):
    cfg = config("iterative", iterations=60, split=50, live_every=15, full_evaluations=3)
    state, points = run(cfg, data)
    assert [p.phase_iteration for p in points if p.phase == "initial"] == sorted(
        {*(t for t in DENSE if t < 30), 15, 20}
    )
    assert [p.phase_iteration for p in points if p.phase == "restricted"] == sorted(
        {*DENSE, 10, 15, 30}
    )
    assert [(p.phase, p.phase_iteration) for p in points if p.full] == [
        ("initial", 20),
        ("restricted", 0),
        ("restricted", 10),
        ("restricted", 30),
    ]
    assert {p.nice[0] for p in points if p.full} == {24}
    assert {p.nice[0] for p in points if not p.full} == {4}
    assert points[-1].iteration == 60
    assert points[-1].seen["nice"] + points[-1].seen["real"] == state.pictures


class Anchored(Iterative):
    """Keeps the weights near those at the end of initial training."""

    name: ClassVar = "anchored"
    strength: float = setting(50.0, "Strength of the pull towards the old weights.", ge=0, le=1e6)

    def phases(self):
        def remember(network, batches, memory):
            assert sum(len(batch) for batch in batches()) == 18
            return {f"anchor.{name}": p.detach().clone() for name, p in network.named_parameters()}

        def stay_near(network, batch, logits, memory):
            return self.strength * sum(
                (p - memory[f"anchor.{name}"]).square().sum()
                for name, p in network.named_parameters()
                if p.requires_grad
            )

        first, second = super().phases()
        return [replace(first, at_end=remember), replace(second, extra_loss=stay_near)]


def test_extra_loss_and_memory_of_a_method(data):
    distance = {}
    for strength in (0.0, 50.0):
        made = config("iterative", iterations=12).model_dump() | {"method": "anchored"}
        cfg = Anchored(**made | {"strength": strength})
        state, _ = run(cfg, data)
        distance[strength] = sum(
            float((p.detach() - state.memory[f"anchor.{name}"]).square().sum())
            for name, p in state.network.named_parameters()
        )
        again = new_state(cfg, data)
        again.load(*state.save())
        assert set(again.memory) == set(state.memory)
    assert distance[50.0] < distance[0.0]


def test_nan_loss_ends_the_run_with_advice(data):
    with pytest.raises(Diverged, match="learning rate lower"):
        run(
            config(
                learning_rate=10,
                regularisation=1000,
                penalty="plain",
                momentum_width=0,
                iterations=200,
            ),
            data,
        )


def test_too_strong_a_penalty_is_named_in_the_advice(data):
    strong = configure("ewc", preset="quick", iterations=40, strength=1e7)
    with pytest.raises(Diverged, match=r"penalty lower than 1e\+07, or a learning rate lower than"):
        run(strong, data)


def test_learns(data):
    _, points = run(config(preset="quick", iterations=25, batch_size=12), data)
    assert points[-1].nice[1] / points[-1].nice[0] > 0.8 > points[0].nice[1] / points[0].nice[0]


def test_to_float_keeps_channels_last():
    pictures = torch.randint(0, 256, (2, 100, 100, 3), dtype=torch.uint8)
    x = to_float(pictures)
    assert x.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(
        x.numpy(), pictures.numpy().astype(np.float64).transpose(0, 3, 1, 2) / 255, rtol=1e-6
    )
