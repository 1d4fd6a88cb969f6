"""Soft targets for distillation: what a pretrained network says of the training pictures.

The teacher is a pretrained backbone, one fixed view per picture, with a head in closed form. It
answers each training picture as if it had not learned from it (leave-one-out), as probabilities at
the temperature that fits best; so it is not overconfident, and test pictures have no part in it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from scipy.special import softmax
from torch.nn import functional as F

from fruitlab.closed_form.leave_one_out import LeaveOneOut, Pictures, choose
from fruitlab.config.progress import Progress
from fruitlab.data.domains import DOMAINS, TwoDomains
from fruitlab.features import cache
from fruitlab.methods.base import Method, SoftTargets
from fruitlab.training.device_dataset import DeviceDataset

Answers = Mapping[str, np.ndarray]  # {"nice": probabilities, float [n, categories], "real": ...}


def with_targets(
    dataset: DeviceDataset,
    data: TwoDomains,
    config: Method,
    *,
    device: str | None = None,
    progress: Progress | None = None,
) -> DeviceDataset:
    """The dataset with the targets that the run learns; itself if it learns the labels.

    Args:
        device: where the teacher's features are computed, if they are not known yet.

    Raises:
        ConfigError, DataError: as `features.cache.features`.
    """
    wanted = config.soft_targets()
    if wanted is None:
        return dataset
    found = cache.features(data, wanted.teacher, progress=progress, device=device)
    split = data.split(config.split_seed, config.validation)
    nice, real = (
        Pictures.of(one.rows[index], one.labels[index], len(data.categories))
        for one, index in ((found.nice, split.nice_train), (found.real, split.real_train))
    )
    return blend(dataset, answers(nice, real, len(data.categories)), wanted)


def answers(nice: Pictures, real: Pictures, categories: int) -> Answers:
    """The teacher's answers to its own training pictures, each without that picture."""
    chosen = choose(nice, real, categories)
    scores = LeaveOneOut(chosen.path, nice, real).scores(chosen.ratio / 100)
    return {
        domain: softmax(found / chosen.temperature, axis=1)
        for domain, found in zip(DOMAINS, scores, strict=True)
    }


def blend(dataset: DeviceDataset, found: Answers, wanted: SoftTargets) -> DeviceDataset:
    """The dataset with targets: a share of the teacher's answers, the rest the label.

    Args:
        found: in the order of the dataset's training pictures. All others keep their label.
    """
    targets = F.one_hot(dataset.labels, len(dataset.categories)).float()
    for domain in DOMAINS:
        index = dataset.train[domain]
        teacher = torch.from_numpy(np.float32(found[domain])).to(targets.device)
        targets[index] = torch.lerp(targets[index], teacher, wanted.share)
    return replace(dataset, targets=targets)
