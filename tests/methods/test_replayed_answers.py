"""LwF, DER++ and weight interpolation: old weights and old answers, compared with NumPy."""

import copy

import numpy as np
import pytest
import torch
from made_runs import network
from scipy.special import log_softmax, softmax
from slow import some
from small import config, device_dataset, run, weights

from fruitlab.methods.phase import Batch
from fruitlab.models.other_weights import logits_with


@pytest.fixture(scope="module")
def data():
    return device_dataset()


def batch(count: int = 6) -> Batch:
    torch.manual_seed(5)
    index = torch.arange(10, 10 + count)
    return Batch(torch.rand(count, 3, 100, 100), index % 5, index, torch.tensor(0), True)


def test_answers_of_other_weights_leave_the_network_alone():
    now, old = network(1), network(2)
    before = copy.deepcopy(now.state_dict())
    kept = copy.deepcopy(old.state_dict())
    found = logits_with(now.train(), kept, batch().inputs)
    torch.testing.assert_close(found, old(batch().inputs), rtol=1e-4, atol=1e-5)
    assert not found.requires_grad
    assert all(torch.equal(x, before[name]) for name, x in now.state_dict().items())
    assert all(torch.equal(x, kept[name]) for name, x in old.state_dict().items())


def test_lwf_is_the_cross_entropy_of_softened_answers():
    method, now, old = config("lwf", strength=1.5, temperature=3.0), network(1), network(2)
    logits = now(batch().inputs).detach().requires_grad_()
    memory = {f"old.{name}": x for name, x in old.state_dict().items()}
    loss = method.phases()[1].extra_loss(now, batch(), logits, memory)
    loss.backward()
    with torch.no_grad():
        target = softmax(old(batch().inputs).double().numpy() / 3, axis=1)
    new = logits.detach().double().numpy() / 3
    expected = -1.5 * (target * log_softmax(new, axis=1)).sum(1).mean()
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-5)
    gradient = 1.5 / 3 * (softmax(new, axis=1) - target) / len(new)
    np.testing.assert_allclose(logits.grad, gradient, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("dtype", "exact"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_der_compares_the_logits_of_kept_pictures_only(dtype, exact):
    method = config("der", alpha=0.7)
    random = np.random.default_rng(0)
    now, stored = random.normal(size=(6, 5)), random.normal(size=(3, 5))
    # Pictures 12, 15 and one that is not in the batch.
    memory = {
        "kept.index": torch.tensor([15, 99, 12]),
        "kept.logits": torch.tensor(stored).to(dtype),
    }
    logits = torch.tensor(now).to(dtype)
    loss = method.phases()[1].extra_loss(network(), batch(), logits, memory)
    squares = [((now[2] - stored[2]) ** 2).mean(), ((now[5] - stored[0]) ** 2).mean()]
    np.testing.assert_allclose(loss.item(), 0.7 * np.mean(squares), rtol=exact)


def test_der_without_a_kept_picture_in_the_batch_adds_nothing():
    memory = {"kept.index": torch.tensor([0]), "kept.logits": torch.ones(1, 5)}
    loss = config("der").phases()[1].extra_loss(network(), batch(), torch.ones(6, 5), memory)
    assert loss.item() == 0


@pytest.mark.parametrize("alpha", some((0, 30), fast=(30,)))
def test_interpolation_of_weights_with_frozen_statistics(data, alpha):
    settings = {"iterations": 6, "split": 50, "running_statistics": "frozen", "batch_size": 12}
    ours, _ = run(config("interpolation", alpha=alpha, **settings), data)
    tuned, _ = run(config("fine-tune", **settings), data)
    first, second = {k.removeprefix("nice."): v for k, v in ours.memory.items()}, weights(tuned)
    for name, value in weights(ours).items():
        if name in first:
            both = (1 - alpha / 100) * first[name].double().numpy() + alpha / 100 * second[name]
            np.testing.assert_allclose(value, both, rtol=1e-5, atol=1e-7, err_msg=name)
        else:  # running statistics
            np.testing.assert_array_equal(value, second[name], err_msg=name)
