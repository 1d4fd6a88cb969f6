"""Training held to the optimiser of another hand, to plain loops, and to itself after a break."""

import copy
from collections import Counter

import numpy as np
import pytest
import torch
from small import config, new_state, resident, run, two_domains, weights
from torch.nn import functional as F

from fruitlab import methods
from fruitlab.methods import Phase, iterative, phases
from fruitlab.models.model import to_float
from fruitlab.training import schedules
from fruitlab.training.loop import DENSE, Batches, Diverged, step, train

METHODS = [("mixed", {}), ("iterative", {"norms": "follow"}), ("iterative", {"norms": "frozen"})]


@pytest.fixture(scope="module")
def data():
    return resident()


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("penalty", ["per-batch", "plain"])
def test_a_step_is_what_sgd_makes_of_the_loss_with_its_penalty_written_out(data, nesterov, penalty):
    cfg = config(
        nesterov=nesterov,
        penalty=penalty,
        regularisation=0.3,
        batch_size=18,
        init="fan-in",
        learning_rate=0.02,
        momentum_midpoint=1,
        momentum_width=1,
    )
    state = new_state(cfg, data)
    state.network.double()  # in float32 the two part by rounding alone, by how much depends on the CPU; the rate alone stays in it
    phase = phases(cfg)[0]
    state.trains(phase)
    other = copy.deepcopy(state.network)
    optimiser = torch.optim.SGD(
        other.parameters(), lr=0.1, momentum=0.5, nesterov=nesterov, foreach=False, fused=False
    )
    batches = Batches(cfg, phase, data, state)
    for t in range(4):
        inputs, labels, real, last = batches.at(t)
        inputs = inputs.double()
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
        step(cfg, phase, state, inputs, labels, real, last)
        for name, expected in other.state_dict().items():
            torch.testing.assert_close(
                state.network.state_dict()[name],
                expected,
                rtol=1e-5,
                atol=5e-7,
                msg=lambda m, n=name: f"{n} at {t}: {m}",
            )


def test_a_plateau_halves_the_rate_as_a_plain_loop_would(data):
    cfg = config(plateau=40)
    state = new_state(cfg, data)
    rng = np.random.default_rng(3)
    losses = np.concatenate(
        [np.linspace(3, 1, 5), rng.uniform(1, 2, 12), [0.5], rng.uniform(1, 2, 7)]
    )
    best, stale, halvings, expected, seen = np.inf, 0, 0, [], []
    for epoch_loss in losses:
        for _ in range(20):
            state.count(torch.tensor(float(epoch_loss)), 7, torch.tensor(3))
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


def test_an_epoch_is_twenty_batches_that_cover_the_training_set_once(data):
    cfg = config(ratio=60)
    state, phase = new_state(cfg, data), phases(cfg)[0]
    batches = Batches(cfg, phase, data, state)
    epochs = []
    for epoch in range(2):
        order = []
        for i in range(20):
            _, _, _, last = batches.at(epoch * 20 + i)
            count = len(batches.chosen)
            order += batches.chosen[batches.order[i * count // 20 : (i + 1) * count // 20]].tolist()
            assert last == (i == 19)
        assert Counter(order) == Counter(batches.chosen.tolist())
        epochs.append(order)
    assert epochs[0] != epochs[1]


def test_a_batch_holds_the_pictures_its_labels_and_counts_say(data):
    cfg = config(ratio=50, batch_size=8)
    batches = Batches(cfg, phases(cfg)[0], data, new_state(cfg, data))
    inputs, labels, real, _ = batches.at(1)
    pictures = (inputs.permute(0, 2, 3, 1) * 255).round().to(torch.uint8)
    places = [int((data.images == picture).flatten(1).all(1).nonzero()) for picture in pictures]
    assert labels.tolist() == data.labels[places].tolist()
    assert int(real) == sum(place >= 60 for place in places)
    assert set(places) <= set(batches.chosen.tolist()) and len(places) <= 8


def test_ratios_are_shares_of_each_training_set_and_nested(data):
    for ratio, nice, real in ((0, 36, 0), (10, 32, 4), (60, 14, 22), (100, 0, 36)):  # of 36 and 36
        chosen = data.training_set(nice=1 - ratio / 100, real=ratio / 100, seed=5)
        assert (int((~data.is_real[chosen]).sum()), int(data.is_real[chosen].sum())) == (nice, real)
        assert len(set(chosen.tolist())) == len(chosen)
    few, many = (
        set(data.training_set(nice=0, real=share, seed=5).tolist()) for share in (0.3, 0.7)
    )
    assert few < many
    assert set(data.training_set(nice=0, real=0.3, seed=6).tolist()) != few


def test_iterative_training_uses_the_pictures_of_the_50_percent_mixed_set(data):
    mixed = phases(config(ratio=50))[0]
    both = set(data.training_set(nice=mixed.nice, real=mixed.real, seed=0).tolist())
    initial, restricted = (
        set(data.training_set(nice=p.nice, real=p.real, seed=0).tolist())
        for p in phases(config("iterative"))
    )
    assert initial | restricted == both and not initial & restricted
    assert {bool(data.is_real[i]) for i in initial} == {False} and {
        bool(data.is_real[i]) for i in restricted
    } == {True}


@pytest.mark.slow
@pytest.mark.parametrize(("method", "changes"), METHODS)
def test_same_seed_same_bits(data, method, changes):
    cfg = config(method, **changes, mirror=True, live_every=5)
    first, second, other = (
        weights(run(c, data)[0]) for c in (cfg, cfg, cfg.model_copy(update={"seed": 1}))
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(first["stem.weight"], other["stem.weight"])


@pytest.mark.slow
@pytest.mark.parametrize(("method", "changes"), METHODS)
def test_a_state_taken_anywhere_goes_on_to_the_same_bits(data, method, changes):
    cfg = config(method, **changes, mirror=True, plateau=3, batch_size=9, iterations=10)
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


@pytest.mark.slow
@pytest.mark.parametrize("norms", ["follow", "frozen"])
def test_restricted_training_moves_the_last_two_layers_only(data, norms):
    cfg = config("iterative", norms=norms, batch_size=9, init="fan-in")
    state, before = new_state(cfg, data), None
    for _ in train(cfg, data, state):
        if state.phase == 1 and before is None:
            before = weights(state)
    for name, value in weights(state).items():
        head, statistic = name.startswith(("hidden.", "output.")), ".norm." in name
        moved = not np.array_equal(before[name], value)
        assert moved == (head or (statistic and norms == "follow")), name


def test_cached_features_train_like_the_pictures_they_are_of(data, monkeypatch):
    cfg = config("iterative", norms="frozen", iterations=10)

    def through_the_convolutions(configuration):
        plan = iterative.phases(configuration)
        return [plan[0], Phase(**{**vars(plan[1]), "inputs": "pictures"})]

    cached = weights(run(cfg, data)[0])
    monkeypatch.setitem(methods.METHODS, "iterative", through_the_convolutions)
    plain = weights(run(cfg, data)[0])
    assert not np.array_equal(
        cached["output.weight"], weights(new_state(cfg, data))["output.weight"]
    )
    for name in cached:
        np.testing.assert_allclose(cached[name], plain[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_the_restricted_clock_starts_again_and_the_norms_do_not(data):
    cfg = config("iterative", iterations=20, split=60, norm_rise=30)
    state, momenta = new_state(cfg, data), []
    for event in train(cfg, data, state):
        if event is None:
            momenta.append(
                (
                    state.phase,
                    state.phase_iteration,
                    state.clock,
                    state.network.stem.norm.momentum,
                    state.counters["rate"].item(),
                )
            )
    assert [clock for phase, _, clock, _, _ in momenta if phase == 1] == list(range(1, 9))
    for i, (_, t, _, norm_momentum, rate) in enumerate(momenta):
        assert norm_momentum == pytest.approx(min(0.99, 1 - np.exp(-i / 30)))
        assert rate == pytest.approx(0.004 * 0.9 ** ((t - 1) / 80), rel=1e-6)


@pytest.mark.slow
def test_points_are_dense_at_a_phases_start_and_full_at_the_marks(data):
    cfg = config("iterative", iterations=60, split=50, live_every=15, full_marks=3)
    _, points = run(cfg, data)
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
    assert {p.nice[0] for p in points if p.full} == {24} and {
        p.nice[0] for p in points if not p.full
    } == {10}
    assert (
        points[-1].iteration == 60
        and points[-1].seen["nice"] + points[-1].seen["real"] == run(cfg, data)[0].pictures
    )


@pytest.mark.slow
def test_a_method_of_ones_own_needs_no_change_in_training(data, monkeypatch):
    """Elastic weight consolidation in its simplest form, as a method file would write it."""

    def remember(network, batches, memory):
        assert sum(len(labels) for _, labels in batches()) == 18
        return {f"anchor.{name}": p.detach().clone() for name, p in network.named_parameters()}

    def stay_near(network, inputs, logits, memory):
        return 50 * sum(
            (p - memory[f"anchor.{name}"]).square().sum()
            for name, p in network.named_parameters()
            if p.requires_grad
        )

    def plan(strength):
        def make(configuration):
            first, second = iterative.phases(configuration)
            return [
                Phase(**{**vars(first), "at_end": remember}),
                Phase(**{**vars(second), "extra_loss": stay_near if strength else None}),
            ]

        return make

    distance = {}
    for strength in (0, 1):
        monkeypatch.setitem(methods.METHODS, "anchored", plan(strength))
        cfg = config("iterative", iterations=12).model_copy(update={"method": "anchored"})
        state, _ = run(cfg, data)
        distance[strength] = sum(
            float((p.detach() - state.memory[f"anchor.{name}"]).square().sum())
            for name, p in state.network.named_parameters()
        )
        again = new_state(cfg, data)
        again.load(*state.save())
        assert set(again.memory) == set(state.memory)
    assert distance[1] < distance[0]


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence(data):
    with pytest.raises(Diverged, match="lower learning rate"):
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


@pytest.mark.slow
def test_it_learns():
    data = resident(two_domains(per_category=40))
    _, points = run(config(preset="quick", iterations=40, batch_size=16), data)
    assert points[-1].nice[1] / points[-1].nice[0] > 0.8 > points[0].nice[1] / points[0].nice[0]


def test_to_float_moves_nothing():
    pictures = torch.randint(0, 256, (2, 100, 100, 3), dtype=torch.uint8)
    x = to_float(pictures)
    assert x.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(
        x.numpy(), pictures.numpy().astype(np.float64).transpose(0, 3, 1, 2) / 255, rtol=1e-6
    )
