"""Soft targets and MixUp, and the teachers that a run gets its targets from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from small import config, device_dataset, new_state, run, two_domains

from fruitlab.closed_form.leave_one_out import Pictures
from fruitlab.config.errors import ConfigError
from fruitlab.methods.base import SoftTargets
from fruitlab.methods.phase import Phase, Pool
from fruitlab.training.batches import Batches
from fruitlab.training.step import step
from fruitlab.worker import teachers


@pytest.fixture(scope="module")
def data():
    return device_dataset()


@pytest.fixture(scope="module")
def taught(data):
    """The dataset with random targets."""
    random = np.random.default_rng(0)
    table = random.dirichlet([1, 1, 1], len(data.labels)).astype(np.float32)
    return replace(data, targets=torch.from_numpy(table))


def test_loss_is_the_cross_entropy_of_the_targets(taught):
    cfg = config("distil", batch_size=12, mirror=True)
    phase, state = cfg.phases()[0], new_state(cfg, taught)
    state.trains(phase)
    batch = Batches(cfg, phase, taught, state).at(0)
    assert torch.equal(batch.targets, taught.targets[batch.index])
    other = new_state(cfg, taught)
    other.train_mode()
    logits = other.network(batch.inputs).detach().double().numpy()
    step(cfg, phase, state, batch)
    expected = -(batch.targets.numpy() * log_softmax(logits, axis=1)).sum(1).mean()
    loss, _ = state.read()
    assert loss == pytest.approx(expected, rel=1e-4)


def test_targets_that_are_labels_train_as_labels_do(data):
    labels = torch.nn.functional.one_hot(data.labels, 3).float()
    settings = {"iterations": 3, "batch_size": 12}
    one, _ = run(config(**settings), data)
    other, _ = run(config(**settings), replace(data, targets=labels))
    for name, tensor in one.network.state_dict().items():
        torch.testing.assert_close(other.network.state_dict()[name], tensor, rtol=1e-3, atol=1e-5)


def test_mixup_blends_pictures_and_targets_alike(taught):
    cfg = config("distil", batch_size=12)
    plain = Phase(name="p", pools=(Pool(nice=0.5, real=0.5),), iterations=9, horizon=9)
    state = new_state(cfg, taught)
    whole = Batches(cfg, plain, taught, state).at(2)
    mixed = Batches(cfg, replace(plain, mixup=0.4), taught, state).at(2)
    assert torch.equal(mixed.index, whole.index)
    partners = []
    for row in range(len(mixed)):
        # The partner and weight that explain the targets also explain the picture.
        found = []
        for other in range(len(mixed)):
            direction = whole.targets[other] - whole.targets[row]
            length = direction.square().sum().clamp(min=1e-12)
            weight = (mixed.targets[row] - whole.targets[row]) @ direction / length
            blend = torch.lerp(whole.inputs[row], whole.inputs[other], weight)
            if torch.allclose(blend, mixed.inputs[row], atol=1e-4):
                found.append((other, float(weight)))
        assert any(-1e-3 <= weight <= 0.4 for _, weight in found)
        partners.append(found[0][0])
    assert len(set(partners)) > 1


def test_teacher_and_label_are_blended(data):
    answers = {
        domain: np.random.default_rng(1).dirichlet([1, 1, 1], len(index))
        for domain, index in data.train.items()
    }
    targets = teachers.blend(data, answers, SoftTargets("any", 0.7)).targets
    for domain, index in data.train.items():
        labels = np.eye(3)[data.labels[index].numpy()]
        np.testing.assert_allclose(
            targets[index], 0.7 * answers[domain] + 0.3 * labels, rtol=1e-5, atol=1e-6
        )


def test_teacher_answers_as_if_it_had_not_seen_the_picture():
    """With random labels it knows nothing, though its head fits most of its own pictures."""
    random = np.random.default_rng(0)
    nice, real = (
        Pictures.of(random.normal(size=(150, 120)), random.integers(0, 3, 150), 3) for _ in range(2)
    )
    found = teachers.answers(nice, real, 3)
    for domain, pictures in (("nice", nice), ("real", real)):
        answers = found[domain]
        np.testing.assert_allclose(answers.sum(1), 1)
        right = answers[np.arange(150), pictures.labels]
        assert (answers.argmax(1) == pictures.labels).mean() < 0.5
        assert -np.log(right).mean() < np.log(3) + 0.1  # the temperature keeps it unsure


def test_run_that_learns_labels_has_no_targets(data):
    assert teachers.with_targets(data, two_domains(), config()) is data


def test_unknown_teacher_is_an_error(data):
    with pytest.raises(ConfigError, match="nobody"):
        teachers.with_targets(data, two_domains(), config("distil", teacher="nobody"))
