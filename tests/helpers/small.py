"""A small network and a small dataset, for tests of training."""

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fruitlab.config.run_config import RunConfig
from fruitlab.data.domains import Domain, TwoDomains, content_hash, fingerprint_of
from fruitlab.data.splitting import group_pictures
from fruitlab.methods.registry import configure
from fruitlab.models.model import Model
from fruitlab.models.registry import register
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.evaluation import Evaluation
from fruitlab.training.loop import train
from fruitlab.training.state import State

CPU = torch.device("cpu")


@register
class Small(Model):
    """Two strided convolutions and a linear head, trained in a tenth of the paper's time."""

    name = "small"
    title = "Small"
    description = "For tests of methods and of the loop that hold for every network."
    feature_size = 16

    def __init__(self, categories: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 5, stride=5)
        self.stem_norm = nn.BatchNorm2d(8)
        self.stage = nn.Conv2d(8, self.feature_size, 4, stride=4)
        self.stage_norm = nn.BatchNorm2d(self.feature_size)
        self.output = nn.Linear(self.feature_size, categories)

    def features(self, x: Tensor) -> Tensor:
        x = F.elu(self.stem_norm(self.stem(x)))
        return F.elu(self.stage_norm(self.stage(x))).mean((2, 3))

    def head(self, features: Tensor) -> Tensor:
        return self.output(features)

    def layer_groups(self) -> dict[str, list[nn.Module]]:
        return {
            "stem": [self.stem, self.stem_norm],
            "stage1": [self.stage, self.stage_norm],
            "head": [self.output],
        }


@cache
def two_domains(per_category: int = 20, categories: int = 3, seed: int = 0) -> TwoDomains:
    """Noise around one colour per category, with more noise in real pictures. Easy to learn."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(40, 216, (categories, 1, 1, 1, 3))
    parts = []
    for noise in (20, 60):
        images = colours + rng.integers(-noise, noise, (categories, per_category, 100, 100, 3)) // 2
        parts.append(images.clip(0, 255).astype(np.uint8).reshape(-1, 100, 100, 3))
    labels = np.repeat(np.arange(categories), per_category)
    hashes = [content_hash(image) for part in parts for image in part]
    groups, keys = group_pictures(hashes, [None] * len(hashes))
    count = len(labels)
    names = tuple("ABCDEFGH"[:categories])
    domains = [
        Domain(
            name,
            part,
            labels,
            tuple(f"{names[k]}/{i:03d}" for i, k in enumerate(labels)),
            tuple(hashes[at : at + count]),
            groups[at : at + count],
        )
        for name, part, at in zip(("nice", "real"), parts, (0, count), strict=True)
    ]
    return TwoDomains("noise", fingerprint_of(names, domains, keys), names, *domains, "drawn", keys)


def config(method: str = "mixed", **changes) -> RunConfig:
    """The paper preset for few iterations. The paper's network has a quarter of its width."""
    numbers = {
        "preset": "paper",
        "network": "small",
        "width": 0.25,
        "iterations": 12,
        "live_every": 4,
        "live_pictures": 4,
        "full_evaluations": 2,
    }
    return configure(method, **(numbers | changes))


@cache
def device_dataset(*sizes: int) -> DeviceDataset:
    """`two_domains` of these sizes on the CPU."""
    return DeviceDataset.of(two_domains(*sizes), RunConfig(), CPU)


def new_state(configuration: RunConfig, data: DeviceDataset) -> State:
    """The state of a run before its first iteration."""
    return State(configuration, categories=len(data.categories), device=CPU)


def run(
    configuration: RunConfig, data: DeviceDataset, state: State | None = None
) -> tuple[State, list[Evaluation]]:
    """Train to the end; returns the state and all evaluations."""
    state = state or new_state(configuration, data)
    return state, [event for event in train(configuration, data, state) if event is not None]


def weights(state: State) -> dict[str, np.ndarray]:
    """A copy of the network's tensors by name."""
    return {
        name: tensor.detach().numpy().copy() for name, tensor in state.network.state_dict().items()
    }
