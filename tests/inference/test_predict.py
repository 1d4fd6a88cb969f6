"""Prediction in this process: the folded inference model, relevance, and errors."""

import made_runs
import numpy as np
import pytest
import torch
from PIL import Image

from fruitlab.config.errors import RunError
from fruitlab.data.pictures import BadPicture
from fruitlab.inference.predict import Predictor, class_activation, relevance
from fruitlab.methods.registry import configure
from fruitlab.models.folded import inference_model
from fruitlab.models.model import Model, to_float
from fruitlab.runs.catalog import create


def noise(count: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 100, 100, 3), dtype=np.uint8)


@pytest.mark.parametrize("width", [0.25, 1])
@torch.inference_mode()
def test_folded_model_matches_the_network(width):
    network = made_runs.network(1, width=width)
    x = to_float(torch.from_numpy(noise(3)))
    expected = network(x.clone())
    assert expected.std() > 0.1  # the logits differ
    np.testing.assert_allclose(inference_model(network)(x), expected, rtol=1e-4, atol=1e-5)


def test_folding_does_not_change_the_network():
    network = made_runs.network(1)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    inference_model(network)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@torch.no_grad()
def test_relevance_sums_to_the_change_in_log_probability():
    network = inference_model(made_runs.network(2))
    for seed in range(3):
        maps = network.feature_map(to_float(torch.from_numpy(noise(seed=seed))))
        for category in range(len(made_runs.CATEGORIES)):
            of_picture, of_average = (
                torch.log_softmax(network.head(features), 1)[0, category]
                for features in (network.pool(maps), network.average.unsqueeze(0))
            )
            assert float(relevance(network, maps, category).sum()) == pytest.approx(
                float(of_picture - of_average), rel=0.01, abs=0.01
            )


@torch.no_grad()
def test_relevance_matches_finite_differences():
    network = inference_model(made_runs.network(3))
    maps = network.feature_map(to_float(torch.from_numpy(noise()))).double().numpy()[0]
    average = (
        network.average.double()
        .numpy()
        .reshape(6, 6, -1)
        .transpose(2, 0, 1)
        .repeat(2, axis=1)
        .repeat(2, axis=2)
    )
    w1, b1, w2, b2 = (
        x.double().numpy()
        for x in (
            network.hidden.weight,
            network.hidden.bias,
            network.output.weight,
            network.output.bias,
        )
    )
    category, steps, small = 2, 200, 1e-4

    def log_probability(pictures: np.ndarray) -> np.ndarray:  # float64 [n, channels, 12, 12]
        n, c = pictures.shape[:2]
        features = (
            pictures.reshape(n, c, 6, 2, 6, 2).mean((3, 5)).transpose(0, 2, 3, 1).reshape(n, -1)
        )
        logits = np.tanh(features @ w1.T + b1) @ w2.T + b2
        return logits[:, category] - np.log(np.exp(logits).sum(1))

    along = average + ((np.arange(steps) + 0.5) / steps).reshape(-1, 1, 1, 1) * (maps - average)
    found = relevance(network, torch.from_numpy(maps).float().unsqueeze(0), category).numpy()
    for y, x in [(0, 0), (3, 8), (11, 11), (6, 5), (7, 1)]:
        step = np.zeros_like(maps)
        step[:, y, x] = (maps - average)[:, y, x]
        expected = (
            log_probability(along + small * step) - log_probability(along - small * step)
        ).mean() / (2 * small)
        assert found[y, x] == pytest.approx(expected, rel=0.02, abs=2e-4)


class Averaging(Model):
    """Averages its feature map over all places; the head is linear, or is not."""

    name, title, spatial, feature_size = "averaging", "", True, 6

    def __init__(self, *, linear: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolution = torch.nn.Conv2d(3, 6, 5, stride=5)
        self.output, self.linear = torch.nn.Linear(6, 4), linear

    def feature_map(self, x):
        return torch.relu(self.convolution(x))

    def pool(self, feature_map):
        return feature_map.mean((2, 3))

    def head(self, features):
        return self.output(features if self.linear else torch.tanh(30 * features))


@torch.no_grad()
def test_class_activation_averages_to_the_difference_of_scores():
    network = Averaging().eval()
    maps = network.feature_map(to_float(torch.from_numpy(noise())))
    logits = network.head(network.pool(maps))
    found = class_activation(network, maps, logits)
    best = int(logits.argmax())
    weight, bias = network.output.weight.double(), network.output.bias.double()
    difference, constant = weight[best] - weight.mean(0), bias[best] - bias.mean()
    expected = (difference[:, None, None] * maps[0].double()).sum(0) + constant
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert float(found.mean()) == pytest.approx(float(logits[0, best] - logits.mean()), rel=1e-4)


@torch.no_grad()
def test_class_activation_is_only_for_averages_and_linear_heads():
    x = to_float(torch.from_numpy(noise()))
    for network in (Averaging(linear=False).eval(), inference_model(made_runs.network(1))):
        maps = network.feature_map(x)
        assert class_activation(network, maps, network.head(network.pool(maps))) is None


@torch.no_grad()
def test_top3_matches_the_stored_network(tmp_path):
    predictor = Predictor(made_runs.run("one", seed=4))
    picture = noise()[0]
    probability = torch.softmax(made_runs.network(4)(to_float(torch.from_numpy(picture[None]))), 1)[
        0
    ].numpy()
    top = predictor.top3(picture)
    assert [one["category"] for one in top] == [
        made_runs.CATEGORIES[i] for i in np.argsort(-probability)[:3]
    ]
    np.testing.assert_allclose(
        [one["probability"] for one in top], np.sort(probability)[::-1][:3], rtol=1e-4
    )

    path = tmp_path / "photo.png"
    Image.fromarray(picture).save(path)
    assert predictor.top3(path) == predictor.top3(path.read_bytes()) == top
    explanation = predictor.explain(path)
    assert explanation.top == top and np.array_equal(explanation.seen, picture)
    assert explanation.relevance.shape == (12, 12)


def test_unusable_pictures_and_runs_are_errors(tmp_path):
    predictor = Predictor(made_runs.run("one"))
    with pytest.raises(BadPicture, match="not a picture"):
        predictor.top3(b"a text under a picture's name")
    with pytest.raises(
        RunError, match=r"has no state.safetensors yet|has no weights.safetensors yet"
    ):
        Predictor(
            create({"device": "cpu", "data": None}, config=configure("mixed"), run_id="empty")
        )
    other = made_runs.run("other")
    other.write_tensors(
        "weights", made_runs.weights(made_runs.network(categories=7)), {"categories": list("ABC")}
    )
    with pytest.raises(RunError, match="not those of the network"):
        Predictor(other)


def test_a_mirrored_answer_averages_the_probabilities_of_both_pictures() -> None:
    run = made_runs.run("one")
    picture = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    network = made_runs.network(0).double()

    def probabilities(seen: np.ndarray) -> np.ndarray:
        x = to_float(torch.from_numpy(seen.copy()[None])).double()
        logits = network(x).detach().numpy()[0]
        exponents = np.exp(logits - logits.max())
        return exponents / exponents.sum()

    expected = (probabilities(picture) + probabilities(picture[:, ::-1])) / 2
    found = Predictor(run, mirror=True).top3(picture)
    best = np.argsort(-expected)[:3]
    assert [one["category"] for one in found] == [made_runs.CATEGORIES[i] for i in best]
    np.testing.assert_allclose([one["probability"] for one in found], expected[best], rtol=1e-4)
    assert found != Predictor(run).top3(picture)
