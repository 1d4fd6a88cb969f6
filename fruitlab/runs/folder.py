"""A run folder: everything about a run, in files that can be read without FruitLab.

config.json        settings, data, device, versions
metrics.jsonl      the log, one evaluation per line
steps.jsonl        loss, learning rate and momentum of every iteration (`runs.steps`)
weights.safetensors, best.safetensors      final weights, and the best during training
state.safetensors  what a resume needs; deleted when the run has finished
predictions.npz    the prediction for every test picture
summary.json       how the run ended
label.json         title and note
run.lock, activity.json, stop              the worker: its lock, what it does, a request to stop

`schema` and `arrays` check each of them when it is read.
"""

import json
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.numpy import save

from fruitlab.config.errors import RunError
from fruitlab.config.files import is_locked, read_json, write_json, write_whole
from fruitlab.config.modes import Action, changes
from fruitlab.config.paths import runs_root, shipped_root
from fruitlab.config.validation import check, read
from fruitlab.methods.base import Method
from fruitlab.methods.registry import parse_stored
from fruitlab.runs import arrays, missing, schema
from fruitlab.runs.log import parse, read_text

FORMAT = 2  # 1 had every method's settings in every run, some under other names
STARTING = 30.0  # seconds that a new process may take on a busy machine before it holds the lock
WAITING = ("starting", "waiting")


class Run:
    """A run folder. Creating the object touches no file; every method reads the files anew."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.id = folder, folder.name

    # The header, written when the run is created and completed by its worker.

    def header(self) -> dict[str, Any]:
        """config.json: {format, created, config, experiment, data, device, threads, versions}.

        Raises:
            RunError: it is missing, damaged, or of a newer version.
        """
        try:
            header = read_json(self.folder / "config.json")
            if isinstance(version := header["format"], int) and version > FORMAT:
                raise RunError(
                    f"{self.id} was written by a newer version of FruitLab. Update FruitLab to"
                    " open it."
                )
            check(schema.Header, header)
        except OSError as error:
            raise RunError(
                f"Cannot read {self.id}: {error.strerror or error}. A run folder needs a"
                " config.json."
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{self.id}: config.json is damaged ({error}). Delete the folder, or restore the"
                " file from a copy."
            ) from None
        return {"created": 0.0, "data": None, "device": "auto"} | header

    def config(self) -> Method:
        """The run's configuration.

        Raises:
            RunError: it is missing, or this version does not know its method or settings.
        """
        try:
            return parse_stored(self.header()["config"])
        except ValueError as error:
            raise RunError(f"Cannot read the configuration of {self.id}: {error}") from None

    @property
    def owner(self) -> str | None:
        """The user who started the run on a shared server; None if nobody is known."""
        try:
            return self.header().get("owner")
        except RunError:
            return None

    def write_header(self, header: dict[str, Any]) -> None:
        """Write config.json. Raises OSError."""
        write_json(self.folder / "config.json", header | {"format": FORMAT})

    # The log.

    @property
    def log(self) -> Path:
        """metrics.jsonl."""
        return self.folder / "metrics.jsonl"

    def metrics(self) -> list[dict[str, Any]]:
        """The evaluations so far, in order (`log.parse`)."""
        return [point for point, _ in parse(read_text(self.log))]

    def append(self, point: dict[str, Any]) -> None:
        """Add an evaluation to the log. Raises OSError."""
        with open(self.log, "ab") as file:
            file.write(json.dumps(point).encode() + b"\n")

    # Tensors: safetensors, so reading a file of unknown origin runs no code.

    def write_tensors(
        self, name: str, tensors: dict[str, np.ndarray], notes: dict[str, Any]
    ) -> None:
        """Write NAME.safetensors with notes as its metadata. Raises OSError."""
        content = save(tensors, {"fruitlab": json.dumps(notes)})
        write_whole(self.folder / f"{name}.safetensors", content)

    def has(self, name: str) -> bool:
        """Whether there is a NAME.safetensors."""
        return (self.folder / f"{name}.safetensors").is_file()

    def read_tensors(self, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The tensors of NAME.safetensors by name, and its notes.

        Raises:
            RunError: the file is missing or damaged.
        """
        path = self.folder / f"{name}.safetensors"
        try:
            return arrays.read_tensors(path)
        except FileNotFoundError:
            raise RunError(missing.tensors(self.id, name, shipped=self.shipped)) from None
        except (OSError, SafetensorError, ValueError, AttributeError) as error:
            raise RunError(
                f"{self.id}: {path.name} is damaged ({error}). Restore it from a copy, or train the"
                " run again."
            ) from None

    def predictions(self) -> dict[str, np.ndarray]:
        """predictions.npz, as `training.predictions` made it.

        Raises:
            RunError: it is missing or damaged.
        """
        try:
            return arrays.read_table(self.folder / "predictions.npz")
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            if self.shipped and isinstance(error, FileNotFoundError):
                raise RunError(missing.shipped_predictions(self.id)) from None
            raise RunError(
                f"Cannot read the predictions of {self.id} ({error}). They are written when a run"
                " finishes."
            ) from None

    def write_predictions(self, table: dict[str, np.ndarray]) -> None:
        """Write predictions.npz. Raises OSError."""
        write_whole(self.folder / "predictions.npz", arrays.table_file(table))

    # Status.

    def summary(self) -> dict[str, Any] | None:
        """How the run ended; None while it has not.

        Raises:
            RunError: the file is damaged.
        """
        try:
            return read(schema.Summary, self.folder / "summary.json")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunError(
                f"{self.id}: summary.json is damaged ({error}). Restore it from a copy, or delete"
                " it and resume the run."
            ) from None

    def activity(self) -> dict[str, Any]:
        """What the worker is doing: {doing, since, ...}; empty if unknown."""
        return schema.read_or_empty(schema.Activity, self.folder / "activity.json")

    def label(self) -> dict[str, Any]:
        """What the user calls the run: {title, note, study}; empty without a readable label."""
        return schema.read_or_empty(schema.Label, self.label_file)

    def doing(self, what: str, **more: Any) -> None:
        """Write what the worker is doing now. Raises OSError."""
        write_json(self.folder / "activity.json", {"doing": what, "since": time.time()} | more)

    def lock(self) -> FileLock:
        """The lock that the run's worker holds."""
        return FileLock(self.folder / "run.lock")

    def alive(self) -> bool:
        """Whether a worker holds the lock."""
        return is_locked(self.folder / "run.lock")

    def starting(self) -> bool:
        """Whether a worker was started moments ago and does not hold the lock yet."""
        activity = self.activity()
        seconds = time.time() - (activity.get("since") or 0)
        return activity.get("doing") == "starting" and 0 <= seconds < STARTING

    def status(self) -> str:
        """waiting, running, finished, stopped, failed, interrupted, or unreadable."""
        if self.alive():
            return "waiting" if self.activity().get("doing") in WAITING else "running"
        if self.starting():
            return "waiting"
        try:
            self.header()
            return ended(self.summary())
        except RunError:
            return "unreadable"

    def finish(self, summary: dict[str, Any]) -> None:
        """Write how the run ended. A finished run no longer needs its state. Raises OSError."""
        write_json(self.folder / "summary.json", summary)
        for name in ("activity.json", "stop"):
            (self.folder / name).unlink(missing_ok=True)
        if summary["status"] == "finished":
            (self.folder / "state.safetensors").unlink(missing_ok=True)

    @changes(Action.STOP)
    def ask_to_stop(self) -> None:
        """Ask the worker to save the state and end."""
        (self.folder / "stop").touch()

    @property
    def shipped(self) -> bool:
        """Whether the run ships with FruitLab."""
        return self.folder.parent == shipped_root()

    @property
    def label_file(self) -> Path:
        """Title, note and study. Labels of shipped runs lie among the user's runs."""
        folder = runs_root() / ".labels" / self.id if self.shipped else self.folder
        return folder / "label.json"


def ended(summary: dict[str, Any] | None) -> str:
    """finished, stopped or failed, as the summary says; interrupted if it says anything else."""
    status = summary["status"] if summary else None
    return status if status in ("finished", "stopped", "failed") else "interrupted"
