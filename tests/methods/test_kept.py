"""What methods keep: herded pictures, class moments, and a gate between domains."""

import numpy as np
import pytest
import torch
from made_runs import network
from small import config, device_dataset, new_state, run

from fruitlab.methods.phase import Pool
from fruitlab.models import gated, moments
from fruitlab.models.herding import herd
from fruitlab.training.batches import Batches


@pytest.fixture(scope="module")
def data():
    return device_dataset()


def test_herding_follows_the_mean():
    x = np.random.default_rng(3).normal(size=(12, 4)) + 1
    chosen: list[int] = []
    for _ in range(5):  # iCaRL, algorithm 4, as it is written
        distance = {
            row: np.linalg.norm(x.mean(0) - x[[*chosen, row]].mean(0))
            for row in range(len(x))
            if row not in chosen
        }
        chosen.append(min(distance, key=distance.__getitem__))
    assert herd(torch.tensor(x), 5) == chosen
    assert sorted(herd(torch.tensor(x), 99)) == list(range(12))


def test_herded_pictures_fill_their_share_of_each_batch(data):
    method = config("rehearsal", kept=4, share=50, choice="herding", iterations=4, batch_size=12)
    state, _ = run(method, data)
    herded = state.memory["herded"]
    assert torch.bincount(data.labels[herded]).tolist() == [4, 4, 4]
    assert set(herded.tolist()) <= set(data.train["nice"].tolist())
    state.phase = 1
    batch = Batches(method, method.phases()[1], data, state).at(0)
    nice = batch.index[~data.is_real[batch.index]]
    assert len(nice) == 6 and set(nice.tolist()) <= set(herded.tolist())


def test_drawn_features_have_the_moments_of_each_category():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 2], [30, 50])
    x = random.normal(size=(80, 3)) * [1, 2, 3] + 10 * labels[:, None]
    parts = [
        (torch.tensor(x[s]).float(), torch.tensor(labels[s])) for s in (slice(45), slice(45, 80))
    ]
    memory = moments.class_moments(parts, "m")
    for row, label in enumerate((0, 2)):
        np.testing.assert_allclose(memory["m.mean"][row], x[labels == label].mean(0), rtol=1e-5)
        np.testing.assert_allclose(memory["m.deviation"][row], x[labels == label].std(0), rtol=1e-5)
    drawn, of = moments.draw(memory, "m", seed=1), moments.labels(memory, "m")
    assert torch.bincount(of).tolist() == [moments.PER_CATEGORY, 0, moments.PER_CATEGORY]
    some = drawn[of == 2].numpy()
    error = np.abs(some.mean(0) - x[labels == 2].mean(0)) / x[labels == 2].std(0)
    assert (error < 4 / np.sqrt(len(some))).all()
    np.testing.assert_allclose(some.std(0), x[labels == 2].std(0), rtol=0.3)
    assert torch.equal(drawn, moments.draw(memory, "m", seed=1))


def test_feature_replay_trains_the_head_on_drawn_nice_features(data):
    method = config("feature-replay", share=40, iterations=4, batch_size=10)
    state, _ = run(method, data)
    state.phase = 1
    batch = Batches(method, method.phases()[1], data, state).at(0)
    drawn = batch.index == -1
    assert int(drawn.sum()) == 4 and int(batch.real) == len(batch) - 4
    assert batch.inputs.shape == (len(batch), state.network.feature_size)


def test_gate_is_linear_discriminant_analysis():
    random = torch.Generator().manual_seed(0)
    nice = 1 - torch.rand(60, 3, 20, 20, generator=random) * 0.4  # light
    real = torch.rand(50, 3, 20, 20, generator=random) ** 2
    gate = gated.fit(nice.split(25), real.split(20))
    a, b = (gated.colours(x).double().numpy() for x in (nice, real))
    covariance = (np.cov(a.T, bias=True) + np.cov(b.T, bias=True)) / 2
    direction = np.linalg.solve(
        covariance + gated.RIDGE * np.eye(a.shape[1]), b.mean(0) - a.mean(0)
    )
    np.testing.assert_allclose(gate["gate.weight"], direction, rtol=1e-3, atol=1e-2)
    made = gated.Gated(network(1), network(2), gate, given=False)
    pictures = {
        name: [(x.permute(0, 2, 3, 1) * 255).to(torch.uint8)]
        for name, x in (("nice", nice), ("real", real))
    }
    made.input_size = 20
    assert made.gate_accuracy(pictures) == {"nice": 1.0, "real": 1.0}


@pytest.mark.parametrize("given", [True, False])
def test_each_domain_is_answered_by_its_own_part(given):
    real, nice = network(1), network(2)
    always_real = {"gate.weight": torch.zeros(150), "gate.bias": torch.ones(())}
    made = gated.Gated.of(real, nice.state_dict(), always_real, given=given).eval()
    x = torch.rand(4, 3, 100, 100)
    with torch.no_grad():
        for domain, own in (("nice", nice if given else real), ("real", real)):
            torch.testing.assert_close(
                made.for_domain(domain)(x), own(x), rtol=1e-4, atol=1e-5, msg=domain
            )


def test_nice_statistics_survive_training_on_real_pictures(data):
    settings = {"iterations": 6, "split": 50, "batch_size": 12}
    method = config("domain-statistics", domain="given", **settings)
    state, _ = run(method, data)
    answers = method.answers(state.network, state.memory).eval()
    kept = {k.removeprefix("nice."): x for k, x in state.memory.items() if k.startswith("nice.")}
    assert kept.keys() == {name for name, _ in state.network.named_buffers()}
    for name, tensor in answers.nice.state_dict().items():
        expected = kept.get(name, state.network.state_dict()[name])
        assert torch.equal(tensor, expected), name
    moved = [k for k, x in kept.items() if not torch.equal(x, state.network.state_dict()[k])]
    assert len(moved) == len(kept)


def test_kept_pictures_are_named_in_the_phases():
    pools = config("interpolation", kept=2).phases()[1].pools
    assert pools[1] == Pool(nice=1.0, per_category=2, batch_share=0.0)
    assert len(config("interpolation").phases()[1].pools) == 1
    assert len(config("rehearsal", kept=0).phases()[1].pools) == 1
    assert new_state(config("rehearsal"), device_dataset()).memory == {}
