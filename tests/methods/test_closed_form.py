"""What the method closed-form leaves in the network is ridge regression of its last inputs."""

import numpy as np
import pytest
import small
import torch
from sklearn.linear_model import Ridge

from fruitlab.training.scoring import pooled_features


@pytest.mark.parametrize("ratio", [20, 100])
def test_last_layer_is_ridge_regression(ratio):
    data = small.device_dataset()
    config = small.config("closed-form", iterations=1, batch_size=0, ratio=ratio, ridge=0.5)
    state, evaluations = small.run(config, data, small.new_state(config, data))
    assert [event.full for event in evaluations] == [True] * len(evaluations)
    network = state.network.eval()
    rows = []
    with torch.no_grad():
        for domain in ("nice", "real"):
            features = pooled_features(network, data.images, data.train[domain])
            rows.append((network.last_inputs(features).double().numpy(), network.head(features)))
    shares = ((100 - ratio) / 100, ratio / 100)
    weights = [np.full(len(x), share / len(x)) for (x, _), share in zip(rows, shares, strict=True)]
    means, squares = zip(*((x.mean(0), (x**2).mean(0)) for x, _ in rows), strict=True)
    mean = np.mean(means, axis=0)
    scale = np.sqrt(np.mean(squares, axis=0) - mean**2)
    z = (np.concatenate([x for x, _ in rows]) - mean) / scale
    labels = torch.cat([data.labels[data.train[name]] for name in ("nice", "real")])
    model = Ridge(0.5, solver="cholesky").fit(z, np.eye(3)[labels], np.concatenate(weights))
    expected = model.predict(z)
    logits = torch.cat([y for _, y in rows]).numpy()
    temperature = (expected * logits).sum() / (logits**2).sum()
    np.testing.assert_allclose(temperature * logits, expected, atol=1e-4)
    assert 0 < temperature < 20


def test_scores_of_the_log_are_those_of_the_solution():
    """The last evaluation comes after the solution, on both whole test sets."""
    data = small.device_dataset()
    config = small.config("closed-form", iterations=1, batch_size=0)
    state, evaluations = small.run(config, data, small.new_state(config, data))
    last = evaluations[-1]
    for domain in ("nice", "real"):
        features = pooled_features(state.network, data.images, data.test[domain])
        with torch.no_grad():
            answers = state.network.head(features).argmax(1)
        right = int((answers == data.labels[data.test[domain]]).sum())
        assert getattr(last, domain)[:2] == [len(features), right]
    assert last.nice[1] > last.nice[0] / 2  # three colours are easy
