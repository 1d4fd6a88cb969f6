"""FruitLab as a contender: training iterations as in a run, on data that is on the device."""

from collections.abc import Callable
from pathlib import Path

from fruitlab.training.runtime import prepare

prepare()  # as in a run's process, before the first import of torch

import numpy as np  # noqa: E402
import torch  # noqa: E402

from fruitlab.methods.registry import configure  # noqa: E402
from fruitlab.training import devices  # noqa: E402
from fruitlab.training.batches import Batches  # noqa: E402
from fruitlab.training.device_dataset import DeviceDataset  # noqa: E402
from fruitlab.training.state import State  # noqa: E402
from fruitlab.training.steps import Capture, Steps, capture_on  # noqa: E402


class Contender:
    """See `benchmarks.contender`.

    Args:
        preset: "paper" trains with batches of `batch` pictures, any other preset with its own
            unless it is written as "quick:256".
        precision: "auto", "float32" or "bfloat16", as in `fruitlab train --precision`.
        capture: how steps are captured, as in `fruitlab.training.loop.train`.
    """

    def __init__(
        self,
        data: Path,
        batch: int,
        device: str,
        *,
        preset: str,
        precision: str = "auto",
        capture: Callable[[torch.device], Capture | None] = capture_on,
    ) -> None:
        self.device = devices.resolve(device)
        self.threads = str(devices.repeatable(self.device, None))
        name, _, own_batch = preset.partition(":")
        size = int(own_batch) if own_batch else batch if name == "paper" else None
        changes = {} if size is None else {"batch_size": size}
        # All pictures have full size, as the other tools' have.
        self.config = configure("mixed", preset=name, ratio=0, half_size=0, **changes)
        dataset = self._dataset(data)
        self.state = State(
            self.config,
            categories=len(dataset.categories),
            device=self.device,
            precision=devices.precision(self.device, self.config.network, precision),
        )
        (self.phase,) = self.config.phases()
        self.batches = Batches(self.config, self.phase, dataset, self.state)
        self.state.trains(self.phase)
        self.steps = Steps(self.config, self.phase, self.state, self.batches, capture(self.device))

    def step(self) -> int:
        """One training step, finished when this returns."""
        before = self.state.pictures
        self.issue()
        self.finish()
        return self.state.pictures - before

    def epoch(self) -> int:
        """One pass over the training set, finished when this returns."""
        before = self.state.pictures
        for _ in range(self.batches.per_epoch):
            self.issue()
        self.finish()
        return self.state.pictures - before

    def issue(self) -> None:
        """One training step, whose work on a GPU may still be under way when this returns."""
        self.steps(self.state.phase_iteration % self.batches.per_epoch)

    def finish(self) -> None:
        """Wait until the GPU has done its work."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def _dataset(self, data: Path) -> DeviceDataset:
        """All pictures as nice training pictures."""
        images, labels = (
            torch.from_numpy(np.load(data / f"{name}.npy")).to(self.device)
            for name in ("images", "labels")
        )
        everything = torch.arange(len(labels), device=self.device)
        nothing = everything[:0]
        return DeviceDataset(
            tuple(map(str, range(int(labels.max()) + 1))),
            images,
            labels,
            torch.zeros_like(labels, dtype=torch.bool),
            {"nice": everything, "real": nothing},
            {"nice": nothing, "real": nothing},
        )
