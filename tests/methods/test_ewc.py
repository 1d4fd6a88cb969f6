"""EWC: the Fisher information and the penalty, compared with formulas in NumPy."""

import numpy as np
import torch
from scipy.special import softmax
from small import config
from torch import nn

from fruitlab.methods.ewc import fisher
from fruitlab.methods.phase import Batch
from fruitlab.models.model import Model

PIXELS, CATEGORIES = 3, 4


class SoftmaxRegression(Model):
    """Logits W x + b of one pixel: its Fisher information has a closed form."""

    name = "softmax-regression"
    feature_size = PIXELS

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.output = nn.Linear(PIXELS, CATEGORIES)

    def features(self, x):
        return x.flatten(1)

    def head(self, features):
        return self.output(features)

    def layer_groups(self):
        return {"head": [self.output]}


def batch(x: torch.Tensor) -> Batch:
    index = torch.arange(len(x))
    return Batch(x.view(-1, PIXELS, 1, 1), index % CATEGORIES, index, torch.tensor(0), True)


def test_fisher_of_softmax_regression_has_its_closed_form():
    network = SoftmaxRegression()
    x = torch.randn(40_000, PIXELS, generator=torch.Generator().manual_seed(1)) * 2
    found = fisher(network, [batch(part) for part in x.split(15_000)])
    # E[(d log p(y | x) / d W_cj)^2] = E[p_c (1 - p_c) x_j^2], the label drawn from p.
    rows = x.double().numpy()
    weight, bias = (p.detach().double().numpy() for p in network.output.parameters())
    p = softmax(rows @ weight.T + bias, axis=1)
    variance = p * (1 - p)
    expected = variance.T @ rows**2 / len(rows)
    np.testing.assert_allclose(found["output.weight"], expected, rtol=0.05)
    np.testing.assert_allclose(found["output.bias"], variance.mean(0), rtol=0.05)


def test_fisher_is_the_mean_of_squared_gradients_of_single_pictures():
    # With two pictures that are answered with certainty, the drawn label is known.
    network = SoftmaxRegression()
    x = torch.tensor([[30.0, -20.0, 10.0], [-25.0, 15.0, 30.0]])
    labels = network(batch(x).inputs).argmax(1)
    total = {name: 0.0 for name, _ in network.named_parameters()}
    for row, label in zip(x, labels, strict=True):
        network.zero_grad()
        torch.log_softmax(network(batch(row[None]).inputs), 1)[0, label].backward()
        for name, parameter in network.named_parameters():
            total[name] += parameter.grad.double().square() / 2
    for name, value in fisher(network, [batch(x)]).items():
        torch.testing.assert_close(value.double(), total[name], rtol=1e-4, atol=0)


def test_penalty():
    network, random = SoftmaxRegression(), np.random.default_rng(0)
    shapes = {name: p.shape for name, p in network.named_parameters()}
    importance = {name: random.random(shape) for name, shape in shapes.items()}
    anchor = {name: random.normal(size=shape) for name, shape in shapes.items()}
    memory = {f"fisher.{k}": torch.tensor(v).float() for k, v in importance.items()}
    memory |= {f"anchor.{k}": torch.tensor(v).float() for k, v in anchor.items()}
    method = config("ewc", strength=250.0)
    extra_loss = method.phases()[1].extra_loss
    loss = extra_loss(network, batch(torch.zeros(2, PIXELS)), torch.zeros(2, CATEGORIES), memory)
    loss.backward()
    expected = 0.0
    for name, parameter in network.named_parameters():
        moved = parameter.detach().double().numpy() - anchor[name]
        expected += 125 * (importance[name] * moved**2).sum()
        np.testing.assert_allclose(parameter.grad, 250 * importance[name] * moved, rtol=1e-4)
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-5)
