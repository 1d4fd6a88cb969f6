"""What the network makes of many pictures: logits in large batches, and right or wrong, all on the device."""

import torch
from torch import Tensor

from fruitlab.models.paper_resnet import Network, as_input
from fruitlab.training.device_dataset import DOMAINS, Resident

BATCH = 512


@torch.inference_mode()
def infer(network: Network, images: Tensor, index: Tensor) -> Tensor:
    """Logits of the pictures at `index`, float [n, categories]; the network in testing mode.

    Args:
        images: uint8 [all, 100, 100, 3]. index: int64 [n].
    """
    network.eval()
    return torch.cat([network(as_input(images[part])) for part in index.split(BATCH)])


@torch.inference_mode()
def pooled_features(network: Network, images: Tensor, index: Tensor) -> Tensor:
    """The convolutions' pooled outputs, float [n, 1152], the network in testing mode."""
    network.eval()
    return torch.cat([network.features(as_input(images[part])) for part in index.split(BATCH)])


def ranks(logits: Tensor, labels: Tensor) -> Tensor:
    """How many categories the network prefers to the true one, int64 [n]: 0 is right, under 3 is within the first three.

    What is not a number counts as preferred: a network that has diverged must not look perfect.
    """
    truth = logits.gather(1, labels.unsqueeze(1))
    return (~(logits < truth)).sum(1) - (~truth.squeeze(1).isnan()).long()


def correct(logits: Tensor, labels: Tensor) -> Tensor:
    """int64 [2]: how many are right, and how many within the first three."""
    rank = ranks(logits, labels)
    return torch.stack([(rank < 1).sum(), (rank < 3).sum()])


def score(
    network: Network,
    data: Resident,
    index: dict[str, Tensor],
    features: dict[str, Tensor] | None = None,
) -> tuple[dict[str, list[int]], dict[str, Tensor]]:
    """Counts on both domains, {nice: [pictures, right, within three], real: ...}, read from the device once; and the logits.

    Args:
        index: the test pictures of each domain, into data.images.
        features: their pooled features, where those are known and the convolutions need not run.
    """
    logits, counts = {}, []
    for domain in DOMAINS:
        if features is None:
            logits[domain] = infer(network, data.images, index[domain])
        else:
            network.eval()
            with torch.inference_mode():
                logits[domain] = network.head(features[domain])
        counts.append(correct(logits[domain], data.labels[index[domain]]))
    pairs = torch.stack(counts).tolist()
    return {
        domain: [len(index[domain]), *pair] for domain, pair in zip(DOMAINS, pairs, strict=True)
    }, logits
