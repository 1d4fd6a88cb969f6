"""Logits of a network for many pictures, and how many are right, computed on the device."""

import torch
from torch import Tensor

from fruitlab.data.domains import DOMAINS
from fruitlab.models.kernels.execution import accelerate
from fruitlab.models.model import Model
from fruitlab.training.device_dataset import DeviceDataset


@torch.inference_mode()
def infer(network: Model, images: Tensor, index: Tensor) -> Tensor:
    """Logits of the pictures at `index`, float [n, categories]. Leaves it in evaluation mode.

    Args:
        images: uint8 [all, 100, 100, 3]. index: int64 [n].
    """
    run = accelerate(network.eval())
    return torch.cat([run(network.prepare(images[part])) for part in index.split(network.batch)])


@torch.inference_mode()
def pooled_features(network: Model, images: Tensor, index: Tensor) -> Tensor:
    """The backbone's features of the pictures at `index`, float [n, feature_size]. As `infer`."""
    run = accelerate(network.eval())
    return torch.cat(
        [run.features(network.prepare(images[part])) for part in index.split(network.batch)]
    )


def features_of(network: Model, data: DeviceDataset, index: Tensor) -> Tensor:
    """`pooled_features`, or those that the dataset has already, float32.

    Makes all parameters trainable: PyTorch has another routine for linear maps of those that are
    not, and its last bits differ. They must not depend on what was trained before.
    """
    if data.features is None:
        network.requires_grad_(True)
        return pooled_features(network, data.images, index)
    return data.features[index].float()


def ranks(logits: Tensor, labels: Tensor) -> Tensor:
    """How many categories the network prefers to the true one, int64 [n].

    0 is right, and less than 3 is within the top three. NaN counts as preferred, so that a network
    that has diverged does not look perfect.
    """
    truth = logits.gather(1, labels.unsqueeze(1))
    return (~(logits < truth)).sum(1) - (~truth.squeeze(1).isnan()).long()


def correct(logits: Tensor, labels: Tensor) -> Tensor:
    """How many are right, and how many within the top three: int64 [2]."""
    rank = ranks(logits, labels)
    return torch.stack([(rank < 1).sum(), (rank < 3).sum()])


def score(
    network: Model,
    data: DeviceDataset,
    index: dict[str, Tensor],
    features: dict[str, Tensor] | None = None,
) -> tuple[dict[str, list[int]], dict[str, Tensor]]:
    """Counts on both domains, and the logits they come from.

    Args:
        index: for each domain, test pictures as indices into `data.images`.
        features: their features, if they are known and the backbone need not run.

    Returns:
        {nice: [pictures, right, within the top three], real: ...}, read from the device once, and
        {nice: float [n, categories], real: ...}.
    """
    logits: dict[str, Tensor] = {}
    counts = []
    for domain in DOMAINS:
        if features is None:
            logits[domain] = infer(network.for_domain(domain), data.images, index[domain])
        else:
            with torch.inference_mode():
                logits[domain] = accelerate(network.eval()).head(features[domain])
        counts.append(correct(logits[domain], data.labels[index[domain]]))
    pairs = torch.stack(counts).tolist()
    numbers: dict[str, list[int]] = {
        domain: [len(index[domain]), *pair] for domain, pair in zip(DOMAINS, pairs, strict=True)
    }
    return numbers, logits
