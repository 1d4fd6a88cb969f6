"""The run folder: everything about a run, in files that people can read without this program. No torch.

config.json  metrics.jsonl  weights.safetensors  best.safetensors  state.safetensors  predictions.npz  summary.json
label.json   run.lock       activity.json (what the worker is doing now)                stop (asks it to)
"""

import difflib
import json
import os
import re
import secrets
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fruitlab.config.errors import RunError
from fruitlab.config.files import read_json, write_json, write_whole
from fruitlab.config.paths import runs_root, shipped_root
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.base import Method
from fruitlab.methods.registry import parse_stored
from fruitlab.models import registry as networks
from fruitlab.runs.log import parse

FORMAT = 1
STARTING = 30.0  # seconds that a new process may take before it holds its run's lock, on a machine that is busy
NAMED = 4  # runs that a message names
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


class Run:
    """A run folder. Making one touches nothing; every question is answered from the files as they are now."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.id = folder, folder.name

    # -- what the worker writes once

    def header(self) -> dict[str, Any]:
        """config.json: {format, created, config, experiment, data, device, threads, versions}.

        Raises:
            RunError: it is missing, damaged, or of a newer version.
        """
        try:
            header = read_json(self.folder / "config.json")
            version = header["format"]
        except OSError as error:
            raise RunError(
                f"{self.id} cannot be read: {error.strerror or error}. A run folder holds a config.json."
            ) from None
        except (ValueError, KeyError, TypeError):
            raise RunError(
                f"{self.id}: config.json is damaged. Delete the folder, or restore the file from a copy."
            ) from None
        if not isinstance(version, int) or version > FORMAT:
            raise RunError(
                f"{self.id} was written by a newer version of FruitLab. Update this one to open it."
            )
        return header

    def config(self) -> Method:
        """Raises RunError for a configuration that this version does not know."""
        try:
            return parse_stored(self.header()["config"])
        except ValueError as error:
            raise RunError(f"{self.id}: its configuration cannot be read here. {error}") from None
        except (KeyError, TypeError, AttributeError):
            raise RunError(
                f"{self.id}: config.json holds no configuration. Delete the folder, or restore the file from a copy."
            ) from None

    def write_header(self, header: dict[str, Any]) -> None:
        write_json(self.folder / "config.json", {"format": FORMAT} | header)

    # -- the log

    @property
    def log(self) -> Path:
        return self.folder / "metrics.jsonl"

    def metrics(self) -> list[dict[str, Any]]:
        """The evaluations so far, in order (`log.parse`)."""
        try:
            return [point for point, _ in parse(self.log.read_bytes())]
        except OSError:
            return []

    def append(self, point: dict[str, Any]) -> None:
        with open(self.log, "ab") as file:
            file.write(json.dumps(point).encode() + b"\n")

    def log_length(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def cut_log(self, length: int) -> None:
        """Back to what it was when the state was saved; what came after will be done again."""
        if self.log_length() > length:
            os.truncate(self.log, length)

    # -- tensors: safetensors, so that reading a stranger's file runs nothing

    def write_tensors(
        self, name: str, tensors: dict[str, np.ndarray], notes: dict[str, Any]
    ) -> None:
        write_whole(
            self.folder / f"{name}.safetensors", save(tensors, {"fruitlab": json.dumps(notes)})
        )

    def has(self, name: str) -> bool:
        return (self.folder / f"{name}.safetensors").is_file()

    def read_tensors(self, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Raises RunError where the file is missing or damaged."""
        path = self.folder / f"{name}.safetensors"
        try:
            with safe_open(path, framework="numpy") as file:
                return {key: file.get_tensor(key) for key in file.keys()}, json.loads(
                    (file.metadata() or {}).get("fruitlab", "{}")
                )
        except FileNotFoundError:
            if self.shipped:
                raise RunError(
                    f"{self.id} ships without its {name}. {_shipped_with(path.name)} Choose one of"
                    " those, or train this run again from its link on the Runs page."
                ) from None
            raise RunError(
                f"{self.id} has no {path.name} yet. Has it trained? `python -m fruitlab runs` shows what became of it."
            ) from None
        except (OSError, SafetensorError, ValueError) as error:
            raise RunError(
                f"{self.id}: {path.name} is damaged ({error}). Restore it from a copy, or train the run again."
            ) from None

    def predictions(self) -> dict[str, np.ndarray]:
        """predictions.npz (`evaluation.predictions`). Raises RunError where it is missing or damaged."""
        try:
            with np.load(self.folder / "predictions.npz", allow_pickle=False) as file:
                return dict(file)
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            if self.shipped and isinstance(error, FileNotFoundError):
                raise RunError(
                    f"{self.id} ships without its answers to each test picture."
                    f" {_shipped_with('predictions.npz')} The scores of this run by category are"
                    " on the Runs page, under By category, and in its summary.json."
                ) from None
            raise RunError(
                f"{self.id}: its predictions cannot be read ({error}). They are written when a run finishes."
            ) from None

    # -- how it stands

    def summary(self) -> dict[str, Any] | None:
        """How it ended, or None while it has not."""
        try:
            return read_json(self.folder / "summary.json")
        except (OSError, ValueError):
            return None

    def activity(self) -> dict[str, Any]:
        try:
            return read_json(self.folder / "activity.json")
        except (OSError, ValueError):
            return {}

    def doing(self, what: str, **more: Any) -> None:
        """Writes what the worker is doing now, for those who watch."""
        write_json(self.folder / "activity.json", {"doing": what, "since": time.time()} | more)

    def lock(self) -> FileLock:
        return FileLock(self.folder / "run.lock")

    def alive(self) -> bool:
        """Whether a worker holds the lock. Asking takes the lock for a moment; the worker tries again for longer than that."""
        path = self.folder / "run.lock"
        if not path.exists():
            return False
        try:
            with FileLock(path).acquire(blocking=False):
                return False
        except Timeout:
            return True
        except OSError:
            return False  # a folder that nobody may write to has no worker

    def starting(self) -> bool:
        """Whether a worker has just been started that does not hold the lock yet: too early to call the run interrupted."""
        activity = self.activity()
        since = activity.get("since")
        return (
            activity.get("doing") == "starting"
            and isinstance(since, (int, float))
            and 0 <= time.time() - since < STARTING
        )

    def status(self) -> str:
        """waiting, running, finished, stopped, failed, interrupted, or unreadable."""
        if self.alive():
            return (
                "waiting" if self.activity().get("doing") in ("starting", "waiting") else "running"
            )
        if self.starting():
            return "waiting"
        try:
            self.header()
        except RunError:
            return "unreadable"
        return ended(self.summary())

    def finish(self, summary: dict[str, Any]) -> None:
        """Write how the run ended. A finished run no longer needs its state. Raises OSError."""
        write_json(self.folder / "summary.json", summary)
        for name in ("activity.json", "stop"):
            (self.folder / name).unlink(missing_ok=True)
        if summary["status"] == "finished":
            (self.folder / "state.safetensors").unlink(missing_ok=True)

    def ask_to_stop(self) -> None:
        (self.folder / "stop").touch()

    @property
    def shipped(self) -> bool:
        return self.folder.parent == shipped_root()

    @property
    def label_file(self) -> Path:
        """Title, note and study, which people edit. Shipped folders are never written: their labels lie in the user's root."""
        return (runs_root() / ".labels" / self.id if self.shipped else self.folder) / "label.json"


def _shipped_with(file: str) -> str:
    """A sentence that names the shipped runs that have a file."""
    ids = [path.parent.name for path in sorted(shipped_root().glob(f"*/{file}"))]
    if not ids:
        return f"No shipped run has {file}."
    more = len(ids) - NAMED
    named = ", ".join(ids[:NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"Shipped runs with {file}: {named}."


def ended(summary: Any) -> str:
    """How a summary says that the run ended: finished, stopped or failed; interrupted where it says nothing that can be."""
    status = summary.get("status") if isinstance(summary, dict) else None
    return status if status in ("finished", "stopped", "failed") else "interrupted"


def create(header: dict[str, Any], *, config: RunConfig, run_id: str | None = None) -> Run:
    """A new run folder under the user's root, with its config.json.

    Raises:
        ConfigError: there is no network of the configured name.
        RunError: the id is not a slug or is taken, or the root cannot be written.
        ConfigError: there is no network of the configured name.
    """
    networks.check(config.network)
    root = runs_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        if run_id is not None:
            if _taken(run_id):
                raise RunError(
                    f"There is a run named {run_id} already. Choose another --run, or go on with it: python -m fruitlab resume {run_id}"
                )
            folder = root / checked_id(run_id)
            folder.mkdir()
        else:
            folder = _new_folder(root, config)
    except OSError as error:
        if isinstance(error, FileExistsError) and root.is_dir():  # made by another process just now
            raise RunError(
                f"There is a run named {run_id} already. Choose another --run."
            ) from None
        raise RunError(
            f"Runs cannot be written to {root}: {error.strerror}. Name another folder in FRUITLAB_CHECKPOINTS."
        ) from None
    run = Run(folder)
    run.write_header(
        {"created": time.time(), "config": config.model_dump(), "experiment": config.experiment()}
        | header
    )
    return run


def _new_folder(root: Path, config: RunConfig) -> Path:
    """mixed-60-quick-1a2b: says what it is, and never was before."""
    headline = "" if config.headline is None else f"{getattr(config, config.headline)}-"
    while True:
        folder = (
            root
            / f"{config.method}-{headline}{config.preset.partition('@')[0]}-{secrets.token_hex(2)}"
        )
        if not _taken(folder.name):
            folder.mkdir()
            return folder


def _taken(run_id: str) -> bool:
    return (runs_root() / checked_id(run_id)).exists() or (shipped_root() / run_id).exists()


def checked_id(run_id: str) -> str:
    """The id, if it is a slug: nothing else may reach the file system."""
    if not SLUG.fullmatch(run_id) or run_id == "shipped":
        raise RunError(f"{run_id!r} cannot name a run: use letters, digits, - and _ (80 at most).")
    return run_id


def find(run_id: str) -> Run:
    """The run of that id, the user's or a shipped one. Raises RunError with the nearest names if there is none."""
    checked_id(run_id)
    for root in (runs_root(), shipped_root()):
        if (root / run_id).is_dir():
            return Run(root / run_id)
    known = [run.id for run in all_runs()]
    near = difflib.get_close_matches(run_id, known, 5, 0.4) or known[-5:]
    there = (
        f"There are {len(known)}, such as {', '.join(near)}; python -m fruitlab runs lists them"
        if known
        else "There are none yet: python -m fruitlab train mixed"
    )
    raise RunError(f"There is no run named {run_id}. {there}.")


def all_runs() -> Iterator[Run]:
    """Every folder that holds a config.json, shipped ones first, then by name."""
    for root in (shipped_root(), runs_root()):
        if root.is_dir():
            for folder in sorted(root.iterdir()):
                if SLUG.fullmatch(folder.name) and (folder / "config.json").is_file():
                    yield Run(folder)
