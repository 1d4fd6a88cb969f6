"""Soft targets for distillation: where a run gets its teacher's probabilities.

A teacher is a function that is registered under its name. It answers every training picture of a
split without having learned from that picture, and as probabilities: see `Teacher`.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional as F

from fruitlab.config.errors import RunError
from fruitlab.config.progress import Say
from fruitlab.data.domains import DOMAINS, Split, TwoDomains
from fruitlab.methods.base import Method, SoftTargets
from fruitlab.training.device_dataset import DeviceDataset

Teacher = Callable[[TwoDomains, Split, Say], dict[str, np.ndarray]]
"""(data, split, say) -> {"nice": float [n, categories], "real": the same}: probabilities for the
training pictures of each domain, in the split's order."""

TEACHERS: dict[str, Teacher] = {}


def with_targets(
    dataset: DeviceDataset, data: TwoDomains, config: Method, say: Say
) -> DeviceDataset:
    """The dataset with the targets that the run learns; itself if it learns the labels.

    Raises:
        RunError: there is no such teacher.
    """
    wanted = config.soft_targets()
    if wanted is None:
        return dataset
    if wanted.teacher not in TEACHERS:
        known = ", ".join(TEACHERS) or "none is installed"
        raise RunError(f"There is no teacher {wanted.teacher!r}. Known teachers: {known}.")
    split = data.split(config.split_seed, config.validation)
    answers = TEACHERS[wanted.teacher](data, split, say)
    return blend(dataset, answers, wanted)


def blend(
    dataset: DeviceDataset, answers: dict[str, np.ndarray], wanted: SoftTargets
) -> DeviceDataset:
    """The dataset with targets: a share of the teacher's answers, the rest the label.

    Args:
        answers: as a `Teacher` returns them. Pictures of no training set keep their label.
    """
    targets = F.one_hot(dataset.labels, len(dataset.categories)).float()
    for domain in DOMAINS:
        index = dataset.train[domain]
        teacher = torch.from_numpy(np.float32(answers[domain])).to(targets.device)
        targets[index] = torch.lerp(targets[index], teacher, wanted.share)
    return replace(dataset, targets=targets)
