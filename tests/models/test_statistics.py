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


@pytest.mark.parametrize("made", [lambda: network().stem.norm, lambda: Normed().norm])
def test_statistics_are_the_means_over_all_batches(made):
    torch.manual_seed(0)
    batches = [torch.randn(20, 3, 100, 100) * 2 + i for i in range(3)]
    if isinstance(made(), nn.BatchNorm2d):
        model = Normed()
        reestimate(model, batches)
        mean, variance, correction = model.norm.running_mean, model.norm.running_var, 1
        assert model.norm.momentum == 0.1
    else:
        model = network()
        reestimate(model, batches)
        mean, variance, correction = model.stem.norm.mean, model.stem.norm.variance, 0
    assert not model.training
    arrays = [batch.double().numpy() for batch in batches]
    means = [a.mean((0, 2, 3)) for a in arrays]
    variances = [a.var((0, 2, 3), ddof=correction) for a in arrays]
    np.testing.assert_allclose(mean, np.mean(means, 0), rtol=1e-4)
    np.testing.assert_allclose(variance, np.mean(variances, 0), rtol=1e-4)
