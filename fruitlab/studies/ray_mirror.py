"""The folder of a run that trains on another machine, written from what its worker sends.

A worker sends reports (one per line of the log, and one at the end) and now and then files: the
state, the best weights, whatever is new. Every report names its worker and the number of log lines
before its own. So reports of a worker that was replaced are recognized and ignored, and the log is
cut back where a run continues from an earlier state. Imports neither torch nor Ray.
"""

import shutil
from pathlib import Path
from typing import Any

from filelock import Timeout

from fruitlab.config.errors import Busy, RunError
from fruitlab.config.files import write_whole
from fruitlab.metrics import accuracy
from fruitlab.runs import log, steps
from fruitlab.runs.folder import Run

# The files of a run's folder that a worker begins with or continues from.
NEEDED = (
    "config.json",
    "metrics.jsonl",
    steps.NAME,
    "state.safetensors",
    "best.safetensors",
)
# The folder of a checkpoint that a replacement worker continues from: files sent by a worker get
# this name once they are in the run's folder.
ACCEPTED = "accepted"


class Mirror:
    """Holds a run's lock from `open` to `end` and keeps its folder in step with its worker.

    Attributes:
        worker: the name of the current worker; reports of others are ignored. None between two.
        node: the machine of the worker that reported last.
        summary: the worker's summary, once it is done.
        problem: a message why the run cannot continue.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.lock = run, run.lock()
        self.worker: str | None = None
        self.node = "another machine"
        self.summary: dict[str, Any] | None = None
        self.problem: str | None = None
        self.starts: list[int] = []  # the byte at which each line of the log starts

    def open(self, begin: Path) -> None:
        """Take the lock, cut the log back to the saved state, and fill the new folder `begin`.

        Raises:
            Busy: another process trains the run.
            RunError: its state is damaged.
            OSError: one of the folders cannot be written.
        """
        try:
            self.lock.acquire(timeout=5)
        except Timeout:
            raise Busy(
                f"{self.run.id} is being trained by another process. Wait for it, or stop it there "
                "first."
            ) from None
        try:
            for name in ("summary.json", "stop"):
                (self.run.folder / name).unlink(missing_ok=True)
            state = self.run.read_tensors("state")[1] if self.run.has("state") else {}
            log.cut(self.run.log, state.get("log_length", 0))
            at = 0
            for line in log.read_text(self.run.log).splitlines(keepends=True):
                self.starts.append(at)
                at += len(line)
            begin.mkdir(parents=True)
            for name in NEEDED:
                if (self.run.folder / name).exists():
                    shutil.copyfile(self.run.folder / name, begin / name)
            self.run.doing("waiting", why="for a free slot on the Ray cluster", device="ray")
        except BaseException:
            self.lock.release()
            raise

    def take(self, report: dict[str, Any]) -> bool:
        """Write a worker's report to the folder, if it is from the current worker.

        Args:
            report: {worker, node, header?, line?: [lines before it, point], summary?, error?}.

        Returns:
            Whether it was from the current worker.

        Raises:
            RunError: earlier lines of the log are missing.
            OSError: the folder cannot be written.
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
                    f"{self.run.id}: what its worker on {self.node} reported before iteration "
                    f"{point['iteration']:,} did not arrive. Resume it from what is here: python "
                    f"-m fruitlab resume {self.run.id}"
                )
            if before < len(self.starts):
                log.cut(self.run.log, self.starts[before])
                del self.starts[before:]
            self.starts.append(log.length(self.run.log))
            self.run.append(point)
        self.summary = report.get("summary", self.summary)
        self.problem = report.get("error", self.problem)
        return True

    def keep(self, sent: Path) -> None:
        """Copy the files that came with the last report, the state last, and accept them.

        Raises:
            RunError: they are missing.
            OSError: they cannot be read, or the run's folder cannot be written.
        """
        files = sent / str(self.worker)
        if not files.is_dir():
            raise RunError(
                f"{self.run.id}: the files that its worker on {self.node} saved did not arrive "
                "here. --ray-storage has to name a folder that all machines share."
            )
        for path in sorted(files.iterdir(), key=lambda path: path.name == "state.safetensors"):
            # Log and header came with the reports.
            if path.suffix in (".safetensors", ".npz") or path.name == steps.NAME:
                write_whole(self.run.folder / path.name, path.read_bytes())
        shutil.rmtree(sent / ACCEPTED, ignore_errors=True)
        files.rename(sent / ACCEPTED)

    def lost(self) -> int:
        """Ignore the current worker from now on; returns the iteration to continue from."""
        self.worker = None
        why = "its worker was lost; for another slot on the Ray cluster"
        self.run.doing("waiting", why=why, device="ray")
        if not self.run.has("state"):
            return 0
        return self.run.read_tensors("state")[1]["numbers"]["iteration"]

    @property
    def asked_to_stop(self) -> bool:
        """Whether the run's folder asks for a stop that has not taken effect yet."""
        return self.summary is None and self.problem is None and (self.run.folder / "stop").exists()

    def end(self) -> None:
        """Write the summary (finished, failed, else stopped) and release the lock."""
        try:
            has_results = self.run.has("weights") and (self.run.folder / "predictions.npz").exists()
            if self.summary is not None and not has_results:
                self.problem = self.problem or (
                    f"{self.run.id} has trained to its end, but its results did not arrive. Resume "
                    f"it: python -m fruitlab resume {self.run.id}"
                )
            if self.problem is None and self.summary is not None:
                self.run.finish(self.summary)
            else:
                ending = {"status": "stopped"}
                if self.problem is not None:
                    ending = {"status": "failed", "error": self.problem}
                self.run.finish(ending | accuracy.last_scores(self.run.metrics()))
        except OSError:
            pass  # The disk has no room for a summary: the run shows as interrupted.
        finally:
            self.lock.release()

    def leave(self) -> None:
        """Release the lock without a summary: the run shows as interrupted and can be resumed."""
        self.lock.release()
