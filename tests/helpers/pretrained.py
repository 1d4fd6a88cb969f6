"""A small network with random weights that stand for pretrained ones. No download."""

import torch

from fruitlab.inference import client
from fruitlab.methods.registry import configure
from fruitlab.models import registry, weights

NETWORK = "timm:test_resnet.r160_in1k"  # 0.5 million parameters, for timm's own tests


def keep_random() -> str:
    """Store random weights of the network in the test's data folder; returns its name."""
    torch.manual_seed(0)
    network = registry.build(configure("mixed", network=NETWORK, pretrained=False), 2)
    tensors = network.trunk.state_dict()
    facts = weights.Weights(
        network=NETWORK,
        sha256="0" * 64,
        source="random numbers",
        licence="none",
        parameters=sum(tensor.numel() for tensor in tensors.values()),
        bytes=1,
        input_size=network.input_size,
        multiply_adds=1,
    )
    weights.keep(facts, lambda: tensors)
    client.stop()  # one that an earlier test left would look for them in that test's folder
    return NETWORK
