"""Batches of fixed shares, layer groups by name, and end actions."""

from collections import Counter
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from slow import some
from small import config, device_dataset, new_state, run, train, weights

from fruitlab.config.errors import ConfigError
from fruitlab.methods.base import Method
from fruitlab.methods.iterative import Iterative
from fruitlab.methods.phase import Phase, Pool, labels
from fruitlab.training.batches import Batches


@pytest.fixture(scope="module")
def data():
    return device_dataset()


def phase(*pools: Pool, **changes) -> Phase:
    return Phase(name="test", pools=pools, iterations=10, horizon=10, **changes)


def settings(**changes) -> dict:
    """The settings of a run without those of a method."""
    return config(**changes).model_dump(exclude={"method", "ratio", "half_size"})


def test_buffer_is_limited_per_category_and_nested(data):
    large, small_ = (data.pool(Pool(nice=1, per_category=k), seed=2) for k in (5, 2))
    assert Counter(data.labels[large].tolist()) == {0: 5, 1: 5, 2: 5}
    assert Counter(data.labels[small_].tolist()) == {0: 2, 1: 2, 2: 2}
    assert set(small_.tolist()) < set(large.tolist()) and not data.is_real[large].any()
    assert set(data.pool(Pool(nice=1, per_category=5), seed=3).tolist()) != set(large.tolist())


@pytest.mark.parametrize(
    ("batch_size", "share", "extra"), [(10, 0.2, 2), (12, 0.5, 6), (0, 0.5, 2)]
)
def test_every_batch_has_its_share_of_the_buffer(data, batch_size, share, extra):
    cfg = config(batch_size=batch_size)
    mixed = phase(Pool(real=1.0), Pool(nice=1.0, per_category=3, batch_share=share))
    batches = Batches(cfg, mixed, data, new_state(cfg, data))
    seen = []
    for t in range(2 * batches.per_epoch):
        batch = batches.at(t)
        nice = batch.index[~data.is_real[batch.index]]
        assert len(nice) == extra == len(batch) - int(batch.real)
        assert not batch_size or len(batch) <= batch_size
        assert batch.last_of_epoch == ((t + 1) % batches.per_epoch == 0)
        seen += nice.tolist()
    # The buffer is shuffled once per round, so no picture repeats before all have been used.
    buffer = set(batches.pools[1].tolist())
    for start in range(0, len(seen) - 9 + 1, 9):
        assert set(seen[start : start + 9]) == buffer
    assert seen[:9] != seen[9:18]


def test_first_pool_is_used_once_per_epoch_beside_a_buffer(data):
    cfg = config(batch_size=10)
    mixed = phase(Pool(real=1.0), Pool(nice=1.0, per_category=3, batch_share=0.2))
    batches = Batches(cfg, mixed, data, new_state(cfg, data))
    real = []
    for t in range(batches.per_epoch):
        batch = batches.at(t)
        real += batch.index[data.is_real[batch.index]].tolist()
    assert Counter(real) == Counter(data.train["real"].tolist())


def test_first_iterations_see_pictures_of_half_the_side(data):
    cfg = config(network="paper", width=0.25, batch_size=10, half_size=50, iterations=4)
    (mixed,) = cfg.phases()
    batches = Batches(cfg, mixed, data, new_state(cfg, data))
    for iteration in range(4):
        batch = batches.at(iteration)
        exact = data.images[batch.index].numpy().astype(np.float64) / 255
        if iteration < 2:
            exact = exact.reshape(-1, 50, 2, 50, 2, 3).mean((2, 4))
        found = batch.inputs.permute(0, 2, 3, 1).numpy()
        np.testing.assert_allclose(found, exact, atol=1e-6)
    whole = next(batches.once()).inputs  # what a phase's end action sees
    assert whole.shape[2:] == (100, 100)


def test_batches_depend_only_on_the_iteration(data):
    cfg = config(batch_size=10)
    mixed = phase(Pool(real=1.0), Pool(nice=1.0, per_category=3, batch_share=0.2))
    state = new_state(cfg, data)
    forwards = [Batches(cfg, mixed, data, state).at(t).index.tolist() for t in range(9)]
    backwards = Batches(cfg, mixed, data, state)
    assert forwards[::-1] == [backwards.at(t).index.tolist() for t in reversed(range(9))]


@pytest.mark.parametrize(
    "groups", some((("head",), ("stem", "stage1"), ("stage3", "head")), fast=[("stage3", "head")])
)
def test_only_the_named_layer_groups_train(data, groups):
    class Surgical(Method):
        name: ClassVar = "surgical"

        def phases(self):
            return [replace(phase(Pool(real=1.0)), trains=groups, running_statistics="frozen")]

        def describe(self):
            return "surgical"

    cfg = Surgical(**settings(network="paper", iterations=10, init="fan-in"))
    state = new_state(cfg, data)
    before = weights(state)
    names = {
        group: {
            f"{name}.{key}"
            for name, module in state.network.named_modules()
            if module in modules
            for key in dict(module.named_parameters())
        }
        for group, modules in state.network.layer_groups().items()
    }
    after = weights(run(cfg, data, state)[0])
    moving = set().union(*(names[group] for group in groups))
    for name, _ in state.network.named_parameters():
        assert (not np.array_equal(before[name], after[name])) == (name in moving), name
    statistics = {name for name in before if name.endswith((".mean", ".variance"))}
    moved = {name for name in statistics if not np.array_equal(before[name], after[name])}
    prefixes = tuple(sorted({name.rpartition(".")[0] for name in moving}))
    assert moved and all(name.startswith(prefixes) for name in moved)


def test_unknown_layer_group_is_an_error(data):
    cfg = config()
    with pytest.raises(ConfigError, match=r"no layer group neck.*stem.*head"):
        new_state(cfg, data).trains(phase(Pool(real=1.0), trains=("neck",)))


class Interpolated(Iterative):
    """Averages the final weights with those at the switch, by an end action in the last phase."""

    name: ClassVar = "interpolated"

    def phases(self):
        def remember(network, batches, memory):
            return {f"old.{k}": v.detach().clone() for k, v in network.named_parameters()}

        def average(network, batches, memory):
            with torch.no_grad():
                for key, parameter in network.named_parameters():
                    parameter.lerp_(memory[f"old.{key}"], 0.5)
            return {}

        first, second = super().phases()
        return [replace(first, at_end=remember), replace(second, at_end=average)]


@pytest.fixture(scope="module")
def interpolated():
    values = config("iterative", iterations=8).model_dump() | {"method": "interpolated"}
    return Interpolated(**values)


@pytest.fixture(scope="module")
def interpolated_run(data, interpolated):
    """The final state, all evaluations, and the state saved after every event."""
    state, saved, evaluations = new_state(interpolated, data), [], []
    for event in train(interpolated, data, state):
        saved.append(state.save())
        evaluations += [event] if event is not None else []
    return state, evaluations, saved


def test_result_of_an_end_action_is_evaluated_and_saved(data, interpolated_run):
    state, evaluations, _ = interpolated_run
    plain, before = run(config("iterative", iterations=8), data)
    last, action = evaluations[-2:]
    assert last.iteration == action.iteration == 8 and action.full
    assert last.nice == before[-1].nice and last.loss == before[-1].loss
    ours, theirs = weights(state), weights(plain)
    old = {key: value.numpy() for key, value in state.memory.items()}
    for name, _ in state.network.named_parameters():
        expected = (theirs[name].astype(np.float64) + old[f"old.{name}"]) / 2
        np.testing.assert_allclose(ours[name], expected, rtol=1e-5, atol=1e-7, err_msg=name)
    from fruitlab.training.scoring import score

    counts, logits = score(state.network, data, data.test)
    assert counts["nice"] == action.nice
    assert torch.equal(logits["real"], action.logits["real"])


def test_run_resumes_before_and_after_an_end_action(data, interpolated, interpolated_run):
    state, _, states = interpolated_run
    expected = weights(state)
    assert [numbers["ended"] for _, numbers in states[-2:]] == [False, True]
    for tensors, numbers in states[-4:]:
        again = new_state(interpolated, data)
        again.load(tensors, numbers)
        again, rest = run(interpolated, data, again)
        assert all(np.array_equal(expected[k], v) for k, v in weights(again).items()), numbers
        assert len(rest) == (0 if numbers["ended"] else len(rest)) and again.ended


def test_phases_with_equal_names_and_several_switches(data):
    class Alternating(Method):
        name: ClassVar = "alternating"

        def phases(self):
            parts = [("nice", Pool(nice=1.0)), ("real", Pool(real=1.0))] * 2
            return [Phase(name=n, pools=(p,), iterations=3, horizon=3) for n, p in parts]

        def describe(self):
            return "alternating"

    cfg = Alternating(**settings(iterations=12))
    assert labels(cfg.phases()) == ["nice", "real", "nice 2", "real 2"]
    _, evaluations = run(cfg, data)
    starts = [(e.phase, e.iteration) for e in evaluations if e.phase_iteration == 0]
    assert starts == [("nice", 0), ("real", 3), ("nice 2", 6), ("real 2", 9)]
    assert evaluations[-1].seen["nice"] + evaluations[-1].seen["real"] > 0


def test_a_pass_over_a_pool_has_both_domains_in_every_batch(data):
    cfg = config(batch_size=12)
    batches = Batches(cfg, phase(Pool(nice=1.0)), data, new_state(cfg, data))
    both = Pool(nice=1.0, real=0.5)
    passed = list(batches.once(both))
    chosen = data.pool(both, seed=cfg.seed)
    assert Counter(torch.cat([b.index for b in passed]).tolist()) == Counter(chosen.tolist())
    shares = [int(batch.real) / len(batch) for batch in passed]
    assert max(shares) - min(shares) < 0.15
    assert [batch.last_of_epoch for batch in passed] == [False] * (len(passed) - 1) + [True]


def test_all_running_statistics_can_be_frozen(data):
    class Frozen(Method):
        name: ClassVar = "frozen"

        def phases(self):
            return [replace(phase(Pool(real=1.0)), running_statistics="all-frozen")]

        def describe(self):
            return "frozen"

    cfg = Frozen(**settings(network="paper", iterations=10, init="fan-in"))
    state = new_state(cfg, data)
    before, after = weights(state), weights(run(cfg, data, state)[0])
    for name, tensor in before.items():
        assert np.array_equal(tensor, after[name]) == name.endswith((".mean", ".variance")), name
