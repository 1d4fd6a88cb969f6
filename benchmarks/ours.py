"""FruitLab as a contender: complete iterations of `fruitlab.training.loop` on a device dataset."""

from pathlib import Path

from fruitlab.training.runtime import prepare

prepare()  # before torch is imported, as in a worker process

import numpy as np  # noqa: E402
import torch  # noqa: E402

from fruitlab.methods.registry import configure  # noqa: E402
from fruitlab.training import devices  # noqa: E402
from fruitlab.training.device_dataset import DeviceDataset  # noqa: E402
from fruitlab.training.loop import Batches, step  # noqa: E402
from fruitlab.training.state import State  # noqa: E402


class Contender:
    def __init__(self, data: Path, batch: int, device: str, *, preset: str) -> None:
        self.device, self.threads = torch.device(device), str(torch.get_num_threads())
        # The batch size is part of the quick preset.
        changes = {"batch_size": batch} if preset == "paper" else {}
        self.config = configure("mixed", preset=preset, ratio=0, **changes)
        images = torch.from_numpy(np.load(data / "images.npy")).to(self.device)
        labels = torch.from_numpy(np.load(data / "labels.npy")).to(self.device)
        everything, nothing = (
            torch.arange(len(labels), device=self.device),
            torch.arange(0, device=self.device),
        )
        categories = tuple(map(str, range(int(labels.max()) + 1)))
        device_dataset = DeviceDataset(
            categories,
            images,
            labels,
            torch.zeros_like(labels, dtype=torch.bool),
            {"nice": everything, "real": nothing},
            {"nice": nothing, "real": nothing},
        )
        self.state = State(
            self.config,
            categories=len(categories),
            device=self.device,
            precision=devices.precision(self.device),
        )
        (self.phase,) = self.config.phases()
        self.batches = Batches(self.config, self.phase, device_dataset, self.state)
        self.state.trains(self.phase)

    def step(self) -> int:
        before = self.state.pictures
        step(
            self.config,
            self.phase,
            self.state,
            self.batches.at(self.state.phase_iteration % self.batches.per_epoch),
        )
        return self._finished(before)

    def epoch(self) -> int:
        before = self.state.pictures
        for iteration in range(self.batches.per_epoch):
            step(self.config, self.phase, self.state, self.batches.at(iteration))
        return self._finished(before)

    def _finished(self, before: int) -> int:
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return self.state.pictures - before
