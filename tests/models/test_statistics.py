"""Running statistics estimated anew, compared with the moments of what the layers see."""

import numpy as np
import pytest
import torch
from made_runs import network
from torch import nn

from fruitlab.models.model import Model
from fruitlab.models.statistics import reestimate


class Normed(Model):
    """PyTorch's own normalization of single pixels."""

    name = "normed"
    feature_size = 3

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def features(self, x):
        return self.norm(x).flatten(1)

    def head(self, features):
        return features


@pytest.fixture(scope="module")
def batches():
    torch.manual_seed(0)
    return [torch.randn(20, 3, 100, 100) * (i + 1) + i for i in range(3)]


def mean_moments(batches, correction):
    arrays = [batch.double().numpy() for batch in batches]
    means = [a.mean((0, 2, 3)) for a in arrays]
    return np.mean(means, 0), np.mean([a.var((0, 2, 3), ddof=correction) for a in arrays], 0)


@pytest.mark.parametrize("statistics", ["moving", "before", "batch"])
def test_statistics_are_the_means_over_all_batches(batches, statistics):
    model = network()
    for module in model.running_statistics(*model.layer_groups()):
        module.statistics = statistics
    reestimate(model, batches)
    mean, variance = mean_moments(batches, 0)
    np.testing.assert_allclose(model.stem.norm.mean, mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.stem.norm.variance, variance, rtol=1e-4)
    assert not model.training and model.stem.norm.statistics == statistics


def test_layers_of_pytorch(batches):
    model = Normed()
    reestimate(model, batches)
    mean, variance = mean_moments(batches, 1)
    np.testing.assert_allclose(model.norm.running_mean, mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.norm.running_var, variance, rtol=1e-4)
    assert not model.training and model.norm.momentum == 0.1
