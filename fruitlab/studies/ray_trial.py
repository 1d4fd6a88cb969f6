"""The code that a worker of a Ray cluster runs: it trains one run in a folder of its own.

The driver learns about it through Ray Tune. After every evaluation the worker sends a report
(`ray_mirror.Mirror.take`), and with it, whenever the state has been saved, a checkpoint: the files
from which another worker can continue, and what is new besides. On the worker's machine there is
neither the data nor a runs root: the data comes with the call, and the files that a run begins
with come from the shared storage.
"""

import shutil
import tempfile
from pathlib import Path
from platform import node
from typing import TYPE_CHECKING, Any

from ray import tune

from fruitlab.config.errors import RunError
from fruitlab.data.domains import TwoDomains
from fruitlab.runs.folder import Run
from fruitlab.studies.ray_mirror import ACCEPTED, NEEDED
from fruitlab.training.runtime import prepare
from fruitlab.worker.messages import explain
from fruitlab.worker.train import train_into

if TYPE_CHECKING:
    from fruitlab.worker.recorder import Recorder


def trial(config: dict[str, Any], data: TwoDomains) -> None:
    """Train a run to its end, from the last accepted checkpoint or else from its beginning.

    Errors in training are reported as the end of the run: Ray Tune must start a trial again only
    when its worker was lost.

    Args:
        config: {run: its ID; worker: the name of this worker; begin: a folder in the storage with
            the files to begin with; device: cpu or cuda; threads: for a run on a CPU that has no
            number of threads yet}.
    """
    prepare()
    with tempfile.TemporaryDirectory(prefix="fruitlab-") as folder:
        run = Run(Path(folder) / config["run"])
        sender = Sender(run, config["worker"])
        try:
            shutil.copytree(source(config), run.folder)
            summary = _train(run, data, config, sender)
            sender.send(files=True, summary=summary)
        except Exception as error:
            sender.send(files=False, error=explain(error, run))


def _train(run: Run, data: TwoDomains, config: dict[str, Any], sender: "Sender") -> dict[str, Any]:
    from fruitlab.training import devices

    try:
        where = devices.resolve(config["device"])
    except RunError as error:
        raise RunError(f"{node()}: {error} To train on CPUs, give --ray-gpus 0.") from None
    threads = None
    if where.type == "cpu":  # A resumed run keeps its number of threads, for the same last bits.
        threads = run.header().get("threads") or config["threads"]
    return train_into(
        run,
        data,
        where=where,
        device=where.type,
        threads=devices.repeatable(where, threads),
        say=lambda message: None,
        stop=lambda: False,
        noted=sender.noted,
    )


def source(config: dict[str, Any]) -> Path:
    """The folder to begin with or to continue from. Raises RunError if it is not there."""
    checkpoint = tune.get_checkpoint()
    if checkpoint and (Path(checkpoint.path) / ACCEPTED).is_dir():
        return Path(checkpoint.path) / ACCEPTED
    begin = Path(config["begin"])
    if not begin.is_dir():
        raise RunError(
            f"{begin.parents[2]} is not there on {node()}. --ray-storage has to name a folder that "
            "all machines share."
        )
    return begin


class Sender:
    """Sends the driver what is new in a run's folder since the last report."""

    def __init__(self, run: Run, worker: str) -> None:
        self.run, self.worker = run, worker
        self.lines: int | None = None  # in the log, as far as they are reported
        self.saved = 0.0  # when the state was last saved
        self.sent: set[str] = set()  # files that need not be sent again

    def noted(self, recorder: "Recorder", point: dict[str, Any]) -> None:
        """Reports an evaluation, which is a line of the log."""
        header = {} if self.lines is not None else {"header": self.run.header()}
        before = len(self.run.metrics()) - 1 if self.lines is None else self.lines
        self.lines = before + 1
        saved, self.saved = recorder.saved != self.saved and self.run.has("state"), recorder.saved
        self.send(files=saved, line=[before, point], **header)

    def send(self, *, files: bool, **report: Any) -> None:
        """Send a report, and files with it if asked to; wait until both have arrived."""
        report = {"report": {"worker": self.worker, "node": node()} | report}
        if not files:
            tune.report(report)
            return
        with tempfile.TemporaryDirectory(prefix="fruitlab-") as folder:
            # Named after the worker: two workers of one run, one of them cut off from the
            # cluster, never write the same file.
            out = Path(folder) / self.worker
            out.mkdir()
            for path in self.run.folder.iterdir():
                is_new = path.suffix in (".safetensors", ".npz") and path.name not in self.sent
                if path.name in NEEDED or is_new:
                    shutil.copyfile(path, out / path.name)
                    self.sent.add(path.name)
            tune.report(report, checkpoint=tune.Checkpoint.from_directory(folder))
