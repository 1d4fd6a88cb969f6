"""What a worker writes to a run's folder, and how a run resumes from it."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from fruitlab.config.files import write_whole
from fruitlab.data.domains import TwoDomains
from fruitlab.methods.base import Method
from fruitlab.metrics import accuracy
from fruitlab.models.gated import Gated
from fruitlab.runs import log
from fruitlab.runs.folder import Run
from fruitlab.runs.snapshots import snapshot_name
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.evaluation import Evaluation, last_logits
from fruitlab.training.predictions import predictions
from fruitlab.training.state import State

# Seconds between two saved states: at a phase's start, evaluations come faster than a disk likes.
SAVE_EVERY = 2.0
MEMORY = "memory."  # before the names of a run's memory, in its weights file as in its state


class Recorder:
    """Keeps a run's folder in step with its state.

    The line of the log is written first, then the state that knows the log's length. A run killed
    between the two resumes from the state before, and the log is cut back to it.
    """

    def __init__(self, run: Run, config: Method, state: State, categories: tuple[str, ...]) -> None:
        self.run, self.config, self.state, self.categories = run, config, state, categories
        self.logits: dict[str, Tensor] | None = None
        self.saved = time.monotonic()

    def resume(self) -> bool:
        """Load the saved state, if there is one, and cut the log back to it.

        Raises:
            RunError: the state or the log is damaged.
        """
        found, length = self.run.has("state"), 0
        if found:
            tensors, notes = self.run.read_tensors("state")
            self.state.load(tensors, notes["numbers"])
            length = notes["log_length"]
        log.cut(self.run.log, length)
        full = [accuracy.point_combined(p) for p in self.run.metrics() if p["full"]]
        self.best = max(full, default=-1.0)
        return found

    def note(self, evaluation: Evaluation) -> dict[str, Any]:
        """Write an evaluation to the log, and what follows from it; returns its line of the log."""
        point = {name: value for name, value in vars(evaluation).items() if name != "logits"}
        if evaluation.stream is None:
            del point["stream"]
        self.run.append(point)
        at_end = evaluation.iteration == self.config.iterations
        self.logits = evaluation.logits if at_end else None
        if self.state.phase == 1 and not evaluation.phase_iteration:
            self._write_weights("switch")  # where restricted training starts from (play files)
        if evaluation.full and accuracy.point_combined(point) > self.best:
            self.best = accuracy.point_combined(point)
            self._write_weights("best")
        if evaluation.full or time.monotonic() - self.saved >= SAVE_EVERY:
            self.keep()
        return point

    def keep(self) -> None:
        """Save the state as it is now."""
        tensors, numbers = self.state.save()
        notes = {"numbers": numbers, "log_length": log.sync(self.run.log)}
        self.run.write_tensors("state", tensors, notes)
        self.saved = time.monotonic()

    def snapshot(self) -> None:
        """Save the state, and the best weights so far, for runs that share training up to here."""
        tensors, numbers = self.state.save()
        name = snapshot_name(self.state.iteration)
        if self.run.has("best"):
            best = (self.run.folder / "best.safetensors").read_bytes()
            write_whole(self.run.folder / f"{name}-best.safetensors", best)
        notes = {"numbers": numbers, "log_length": log.sync(self.run.log)}
        self.run.write_tensors(name, tensors, notes)

    def results(self, data: TwoDomains, dataset: DeviceDataset) -> dict[str, Any]:
        """Write the final weights and every test picture's prediction; returns the summary."""
        self._write_weights("weights")
        network = self.config.answers(self.state.network, self.state.memory)
        logits = self.logits or last_logits(self.config, dataset, self.state)
        table = predictions(network, data, dataset, logits)
        self.run.write_predictions(table)
        summary = {
            "status": "finished",
            "scored_on": self.config.scored_on,
            "iteration": self.state.iteration,
            "images_seen": self.state.pictures,
            "seconds": round(self.state.seconds, 3),
            "kept": kept(self.config, dataset, self.state.memory),
        }
        if isinstance(network, Gated):
            test = {
                name: dataset.images[index].split(network.batch)
                for name, index in dataset.test.items()
            }
            summary["gate"] = network.gate_accuracy(test)
        best = accuracy.best_scores(self.run.metrics())
        return summary | accuracy.table_scores(table) | {"best": best}

    def _write_weights(self, name: str) -> None:
        network, memory = self.state.network, self.state.memory
        found = network.state_dict()
        if self.config.answers(network, memory) is not network:
            found |= {f"{MEMORY}{key}": tensor for key, tensor in memory.items()}
        tensors = {key: tensor.detach().cpu().contiguous().numpy() for key, tensor in found.items()}
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


def kept(config: Method, dataset: DeviceDataset, memory: Mapping[str, Tensor]) -> dict[str, int]:
    """What the run keeps of its first phase: {pictures, bytes of other tensors}."""
    later = [pool for phase in config.phases()[1:] for pool in phase.pools if pool.nice]
    pictures = [dataset.pool(replace(pool, real=0.0), seed=config.seed) for pool in later]
    return {
        "pictures": max(map(len, pictures), default=0),
        "bytes": sum(tensor.nbytes for tensor in memory.values()),
    }


def describe(
    data: TwoDomains, config: Method, dataset: DeviceDataset, pools: dict[str, Tensor]
) -> dict[str, Any]:
    """What a run's header says of its data: enough to read its results where the data is not.

    Args:
        pools: places of each phase's training pictures, by the phase's unique name.
    """
    pictures = {}
    for phase, chosen in pools.items():
        real = int(dataset.is_real[chosen].sum())
        pictures[phase] = {"nice": len(chosen) - real, "real": real}
    return {
        "name": data.name,
        "kind": data.kind,
        "fingerprint": data.fingerprint,
        "categories": list(dataset.categories),
        "left_out": data.left_out,
        "scored_on": config.scored_on,
        "counts": data.counts(data.split(config.split_seed, config.validation)),
        "training_pictures": pictures,
    }
