"""What a worker of a Ray cluster does: one run, trained as a local worker trains it, into a folder of its own that nobody else sees.

What the driver is to know it is told through Ray Tune: after every evaluation a report (`mirror.Mirror.take`), and with it, whenever the
state has been saved, a checkpoint: the files that a worker which takes over goes on from, and what is new beside them. Imported
on the worker, where neither the data nor the runs are: the data comes with the call, and what a run begins with from the storage.
"""

import shutil
import tempfile
from pathlib import Path
from platform import node
from typing import Any

import ray
from ray import tune

from fruitlab.config.errors import RunError
from fruitlab.data.domains import TwoDomains
from fruitlab.runs.folder import Run
from fruitlab.studies.ray_mirror import ACCEPTED, NEEDED
from fruitlab.training.runtime import prepare
from fruitlab.worker.messages import explain
from fruitlab.worker.train import train_into


def trial(config: dict[str, Any], data: TwoDomains) -> None:
    """Trains a run from the last accepted checkpoint, or from what it begins with, to its end.

    What goes wrong in training is reported, as the end of the run: Ray Tune shall start again what lost its worker, and nothing else.

    Args:
        config: {run: its id, begin: a folder in the storage, device: cpu or cuda, threads: on a CPU, for a run that has none yet}.
    """
    prepare()
    with tempfile.TemporaryDirectory(prefix="fruitlab-") as folder:
        run = Run(Path(folder) / config["run"])
        sender = Sender(run)
        try:
            shutil.copytree(_source(config), run.folder)
            from fruitlab.training import devices

            try:
                where = devices.resolve(config["device"])
            except RunError as error:
                raise RunError(
                    f"{node()}: {error} With --ray-gpus 0 the study trains on CPUs."
                ) from None
            threads = devices.repeatable(
                where,
                run.header().get("threads") or config["threads"] if where.type == "cpu" else None,
            )
            summary = train_into(
                run,
                data,
                where=where,
                device=where.type,
                threads=threads,
                say=lambda line: None,
                stop=lambda: False,
                noted=sender.noted,
            )
            sender.send(files=True, summary=summary)
        except Exception as error:
            sender.send(files=False, error=explain(error, run))


def _source(config: dict[str, Any]) -> Path:
    checkpoint = tune.get_checkpoint()
    if checkpoint and (Path(checkpoint.path) / ACCEPTED).is_dir():
        return Path(checkpoint.path) / ACCEPTED
    if not Path(config["begin"]).is_dir():
        raise RunError(
            f"{Path(config['begin']).parents[2]} is not there on {node()}. --ray-storage has to name a folder that all machines share."
        )
    return Path(config["begin"])


class Sender:
    """Tells the driver what has become of a run since it was last told."""

    def __init__(self, run: Run) -> None:
        self.run, self.worker = run, ray.get_runtime_context().get_actor_id()
        self.lines: int | None = None  # of the log, so far
        self.saved = 0.0  # when the state was, last
        self.sent: set[str] = set()  # files that need not be sent again

    def noted(self, recorder, point: dict[str, Any]) -> None:
        """After an evaluation, with its line of the log."""
        header = {} if self.lines is not None else {"header": self.run.header()}
        before = len(self.run.metrics()) - 1 if self.lines is None else self.lines
        self.lines = before + 1
        saved, self.saved = recorder.saved != self.saved and self.run.has("state"), recorder.saved
        self.send(files=saved, line=[before, point], **header)

    def send(self, *, files: bool, **report: Any) -> None:
        """Returns when the driver has taken it, and the files are in the storage."""
        report = {"report": {"worker": self.worker, "node": node()} | report}
        if not files:
            tune.report(report)
            return
        with tempfile.TemporaryDirectory(prefix="fruitlab-") as folder:
            # Under the worker's own name: two workers of one run, one of them cut off, never write the same file.
            out = Path(folder) / self.worker
            out.mkdir()
            for path in self.run.folder.iterdir():
                if path.name in NEEDED or (
                    path.suffix in (".safetensors", ".npz") and path.name not in self.sent
                ):
                    shutil.copyfile(path, out / path.name)
                    self.sent.add(path.name)
            tune.report(report, checkpoint=tune.Checkpoint.from_directory(folder))
