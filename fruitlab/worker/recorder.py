"""What a worker writes down: log, state, weights, results; and how a run takes up what it wrote."""

import io
import time
from typing import Any

import numpy as np
from torch import Tensor

from fruitlab.config.files import write_whole
from fruitlab.config.run_config import RunConfig
from fruitlab.data.domains import TwoDomains
from fruitlab.metrics import accuracy
from fruitlab.runs.folder import Run
from fruitlab.runs.snapshots import snapshot_name
from fruitlab.training.device_dataset import Resident
from fruitlab.training.loop import Evaluation
from fruitlab.training.predictions import predictions
from fruitlab.training.state import State

SAVE_EVERY = 2.0  # seconds between two saved states: the dense points of a phase's start come faster than a disk likes


class Recorder:
    """Keeps a run's folder in step with its state. The log line goes first, then the state that knows the log's length."""

    def __init__(
        self, run: Run, config: RunConfig, state: State, categories: tuple[str, ...]
    ) -> None:
        self.run, self.config, self.state, self.categories = run, config, state, categories
        self.logits: dict[str, Tensor] | None = None
        self.saved = time.monotonic()

    def resume(self) -> bool:
        """Takes up the saved state, if there is one, and cuts the log back to it. Raises RunError if it is damaged."""
        found, length = self.run.has("state"), 0
        if found:
            tensors, notes = self.run.read_tensors("state")
            self.state.load(tensors, notes["numbers"])
            length = notes["log_length"]
        self.run.cut_log(length)
        self.best = max(
            (accuracy.point_combined(point) for point in self.run.metrics() if point["full"]),
            default=-1.0,
        )
        return found

    def note(self, evaluation: Evaluation) -> dict[str, Any]:
        """Books an evaluation; returns its line of the log."""
        point = {name: value for name, value in vars(evaluation).items() if name != "logits"}
        self.run.append(point)
        self.logits = evaluation.logits if evaluation.iteration == self.config.iterations else None
        if self.state.phase and not evaluation.phase_iteration:
            self._write_weights("switch")  # what later phases start from (`features.py`)
        if evaluation.full and accuracy.point_combined(point) > self.best:
            self.best = accuracy.point_combined(point)
            self._write_weights("best")
        if evaluation.full or time.monotonic() - self.saved >= SAVE_EVERY:
            self.keep()
        return point

    def keep(self) -> None:
        """Saves the state as it is now."""
        tensors, numbers = self.state.save()
        self.run.write_tensors(
            "state", tensors, {"numbers": numbers, "log_length": self.run.log_length()}
        )
        self.saved = time.monotonic()

    def snapshot(self) -> None:
        """Keeps the state of this iteration, and the best weights so far, for the runs that share training up to here (`branches.branch`)."""
        tensors, numbers = self.state.save()
        name = snapshot_name(self.state.iteration)
        if self.run.has("best"):
            write_whole(
                self.run.folder / f"{name}-best.safetensors",
                (self.run.folder / "best.safetensors").read_bytes(),
            )
        self.run.write_tensors(
            name, tensors, {"numbers": numbers, "log_length": self.run.log_length()}
        )

    def results(self, data: TwoDomains, resident: Resident) -> dict[str, Any]:
        """Writes the last weights and every test picture's prediction; returns the summary of a finished run."""
        self._write_weights("weights")
        table = predictions(self.state.network, data, resident, self.logits)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **table)
        write_whole(self.run.folder / "predictions.npz", buffer.getvalue())
        return (
            {
                "status": "finished",
                "iteration": self.state.iteration,
                "images_seen": self.state.pictures,
                "seconds": round(self.state.seconds, 3),
            }
            | accuracy.table_scores(table)
            | {"best": accuracy.best_scores(self.run.metrics())}
        )

    def _write_weights(self, name: str) -> None:
        network = self.state.network
        tensors = {
            key: tensor.detach().cpu().contiguous().numpy()
            for key, tensor in network.state_dict().items()
        }
        self.run.write_tensors(
            name,
            tensors,
            {
                "categories": list(self.categories),
                "iteration": self.state.iteration,
                "network": network.name,
            }
            | network.hyperparameters,
        )


def describe(
    data: TwoDomains, config: RunConfig, resident: Resident, training_sets: dict[str, Tensor]
) -> dict[str, Any]:
    """What a run's header says of its data: enough to read its results where the data is not."""
    pictures = {}
    for phase, chosen in training_sets.items():
        real = int(resident.is_real[chosen].sum())
        pictures[phase] = {"nice": len(chosen) - real, "real": real}
    return {
        "name": data.name,
        "kind": data.kind,
        "fingerprint": data.fingerprint,
        "categories": list(data.categories),
        "left_out": data.left_out,
        "counts": data.counts(data.split(config.split_seed)),
        "training_pictures": pictures,
    }
