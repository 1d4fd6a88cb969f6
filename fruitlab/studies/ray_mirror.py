"""The folder of a run that trains on another machine, written from what its worker sends. No torch, and nothing of Ray.

A worker sends reports (a line of the log each, at the end how it went) and, now and then, folders of files: the state, the best weights,
what else is new. Every report names its worker, and the number of lines that the log had before its own. So a report of a worker
that has been replaced is known and ignored, and where a run goes on from an earlier state the log is cut back to it.
"""

import shutil
from pathlib import Path
from typing import Any

from filelock import Timeout

from fruitlab.config.errors import Busy, RunError
from fruitlab.config.files import write_whole
from fruitlab.metrics import accuracy
from fruitlab.runs.folder import Run

# What a worker begins with, or goes on from; the rest of a run's folder is none of its business.
NEEDED = ("config.json", "metrics.jsonl", "state.safetensors", "best.safetensors")
# What sent files are renamed to once they are in the run's folder. Others a worker that takes over does not look at.
ACCEPTED = "accepted"


class Mirror:
    """Holds a run's lock from `open` to `end`, and in between keeps its folder in step with its worker.

    Attributes:
        worker: whose reports count; None while nobody is at it. node: the machine it is on, once it has reported.
        summary: what the worker said when it was done. problem: why the run cannot go on, a sentence.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.lock = run, run.lock()
        self.worker: str | None = None
        self.node = "another machine"
        self.summary: dict[str, Any] | None = None
        self.problem: str | None = None
        self.starts: list[int] = []  # where in the log each of its lines begins, in bytes

    def open(self, begin: Path) -> None:
        """Takes the lock, cuts the log back to the saved state, and lays out in a new folder what a worker needs.

        Raises:
            Busy: another process is at it. RunError: its state is damaged. OSError: one of the folders cannot be written.
        """
        try:
            self.lock.acquire(timeout=5)
        except Timeout:
            raise Busy(
                f"{self.run.id} is being trained by another process. Wait for it, or stop it there first."
            ) from None
        try:
            for name in ("summary.json", "stop"):
                (self.run.folder / name).unlink(missing_ok=True)
            self.run.cut_log(
                self.run.read_tensors("state")[1]["log_length"] if self.run.has("state") else 0
            )
            at = 0
            for line in (
                self.run.log.read_bytes().splitlines(keepends=True) if self.run.log.exists() else ()
            ):
                self.starts.append(at)
                at += len(line)
            begin.mkdir(parents=True)
            for name in NEEDED:
                if (self.run.folder / name).exists():
                    shutil.copyfile(self.run.folder / name, begin / name)
            self.run.doing("waiting", why="for a free place on the Ray cluster", device="ray")
        except BaseException:
            self.lock.release()
            raise

    def take(self, report: dict[str, Any]) -> bool:
        """Writes down what a worker reports: {worker, node, header?, line?: [lines before, point], summary?, error?}.

        Returns whether it was from the worker that is at it now; else nothing is done.

        Raises:
            RunError: lines of the log are missing before this one. OSError: the folder cannot be written.
        """
        if report["worker"] != self.worker:
            return False
        self.node = report["node"]
        if "header" in report:
            self.run.write_header(report["header"])
            self.run.doing("training", on=self.node)
        if "line" in report:
            before, point = report["line"]
            if before > len(self.starts):
                raise RunError(
                    f"{self.run.id}: what its worker on {self.node} reported before iteration {point['iteration']:,} did not arrive. "
                    f"Go on from what is here: python -m fruitlab resume {self.run.id}"
                )
            if before < len(self.starts):
                self.run.cut_log(self.starts[before])
                del self.starts[before:]
            self.starts.append(self.run.log_length())
            self.run.append(point)
        self.summary, self.problem = (
            report.get("summary", self.summary),
            report.get("error", self.problem),
        )
        return True

    def keep(self, sent: Path) -> None:
        """Takes the files that the worker has sent beside its last report, the state last, and marks them as accepted.

        Raises:
            RunError: they are not there. OSError: they cannot be read, or the run's folder not written.
        """
        files = sent / str(self.worker)
        if not files.is_dir():
            raise RunError(
                f"{self.run.id}: the files that its worker on {self.node} saved did not arrive here. "
                "--ray-storage has to name a folder that all machines share."
            )
        for path in sorted(files.iterdir(), key=lambda path: path.name == "state.safetensors"):
            if path.suffix in (
                ".safetensors",
                ".npz",
            ):  # the log and the header have come with the reports
                write_whole(self.run.folder / path.name, path.read_bytes())
        shutil.rmtree(sent / ACCEPTED, ignore_errors=True)
        files.rename(sent / ACCEPTED)

    def lost(self) -> int:
        """The worker is gone, and what it may still send is not to be heard. Returns the iteration from which the next one goes on."""
        self.worker = None
        self.run.doing(
            "waiting", why="its worker was lost; for another place on the Ray cluster", device="ray"
        )
        return (
            self.run.read_tensors("state")[1]["numbers"]["iteration"]
            if self.run.has("state")
            else 0
        )

    @property
    def asked_to_stop(self) -> bool:
        return self.summary is None and self.problem is None and (self.run.folder / "stop").exists()

    def end(self) -> None:
        """Writes the summary, finished, failed, or else stopped, and lets go of the lock."""
        try:
            if self.summary is not None and not (
                self.run.has("weights") and (self.run.folder / "predictions.npz").exists()
            ):
                self.problem = (
                    self.problem
                    or f"{self.run.id} has trained to its end, but its results did not arrive. python -m fruitlab resume {self.run.id}"
                )
            if self.problem is None and self.summary is not None:
                self.run.finish(self.summary)
            else:
                how = (
                    {"status": "stopped"}
                    if self.problem is None
                    else {"status": "failed", "error": self.problem}
                )
                self.run.finish(how | accuracy.last_scores(self.run.metrics()))
        except OSError:
            pass  # no room for a summary: the run shows as interrupted
        finally:
            self.lock.release()

    def leave(self) -> None:
        """Lets go of the lock without a word: the run shows as interrupted, and can be resumed."""
        self.lock.release()
