"""Background jobs: commands of the command line, run in processes that outlive the page.

A job is a folder:

    job.json        what was asked: {title, arguments, started (seconds since 1970), owner}
    job.lock        held by the job's process while it works
    pid             its process ID
    progress.jsonl  one report a line: {"message"} or {"step", "done", "total"}
    log.txt         what the process printed
    result.json     the command's result, as with --json; {"error"} if it failed
    status          its exit status; absent while it works, and if it was killed

`start` runs `python -m fruitlab --job FOLDER <arguments>`, which writes these files through
`Job.work`. Long imports and downloads run as jobs; trainings are runs (`fruitlab.worker`).
"""

import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from filelock import FileLock
from pydantic import Field

from fruitlab.config import users
from fruitlab.config.files import is_locked, write_json, write_whole
from fruitlab.config.modes import Action, changes
from fruitlab.config.paths import data_root, runs_root
from fruitlab.config.validation import Model, Name, read
from fruitlab.runs import quotas
from fruitlab.runs.catalog import all_runs
from fruitlab.runs.launch import start_python

UPLOAD = "upload"  # the file that came with a job, if any
STARTING = 30.0  # seconds a process may take to acquire its lock on a busy machine
TAIL = 4096  # bytes of progress.jsonl that are read for its last line


class Job:
    """The folder of a background job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def request(self) -> dict[str, Any]:
        """{title, arguments, started}; empty if it cannot be read."""
        return _read(self.folder / "job.json", _Request)

    @property
    def owner(self) -> str | None:
        """The user who started it on a shared server; None if nobody is known."""
        return self.request.get("owner")

    @property
    def title(self) -> str:
        """What the job does, as it was given to `start`."""
        return str(self.request.get("title", "Background job"))

    def status(self) -> str:
        """*working*, *done*, *failed*, or *interrupted* if its process was killed."""
        if is_locked(self.folder / "job.lock"):
            return "working"
        try:
            return "done" if int((self.folder / "status").read_text()) == 0 else "failed"
        except (OSError, ValueError):
            age = time.time() - self.request.get("started", 0)
            starting = 0 <= age < STARTING and not (self.folder / "job.lock").exists()
            return "working" if starting else "interrupted"

    def progress(self) -> tuple[str, float | None]:
        """The latest report as text, and the fraction done if the report says."""
        try:
            with open(self.folder / "progress.jsonl", "rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
                lines = file.read().splitlines()
        except OSError:
            lines = []
        for line in reversed(lines):
            try:
                return _as_text(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # The last line may be half-written, the first one cut off.
        return "Starting.", None

    def log(self) -> str:
        """The end of what the process printed."""
        try:
            text = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text[-20_000:].strip()

    def result(self) -> dict[str, Any]:
        """The command's result, {"error"} if it failed; empty while there is none."""
        return _read(self.folder / "result.json")

    @changes(Action.JOB)
    def cancel(self) -> None:
        """Interrupt a working job, as Ctrl-C would."""
        try:
            # The process that holds the lock is the one that wrote the ID.
            if is_locked(self.folder / "job.lock"):
                os.kill(int((self.folder / "pid").read_text()), signal.SIGINT)
        except (OSError, ValueError):
            pass  # It has ended in the meantime.

    @changes(Action.JOB)
    def dismiss(self) -> None:
        """Delete the folder, unless the job is working."""
        if self.status() != "working":
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Hold the lock while the job's own process works; clean up at the end.

        Raises:
            filelock.Timeout: another process works on this job.
            OSError: the folder cannot be written.
        """
        try:
            lock = FileLock(self.folder / "job.lock").acquire(timeout=5)
        except OSError:  # the disk is full
            (self.folder / UPLOAD).unlink(missing_ok=True)
            raise
        with lock:
            try:
                write_whole(self.folder / "pid", str(os.getpid()).encode())
                yield
            finally:
                (self.folder / UPLOAD).unlink(missing_ok=True)

    def finish(self, exit_status: int, result: Any = None) -> None:
        """Write the result, then the exit status. Raises OSError."""
        if result is not None:
            write_json(self.folder / "result.json", result)
        write_whole(self.folder / "status", str(exit_status).encode())


@changes(Action.JOB)
def start(root: Path, title: str, arguments: list[str], *, upload: BinaryIO | None = None) -> Job:
    """Start a command in a process of its own, in a new folder below `root`.

    Args:
        title: what the job does, for the page.
        arguments: of the command line, such as ["data", "download", "fruits-360"].
        upload: a file to keep in the folder until the job has ended. Its path is appended to the
            arguments.

    Raises:
        OSError: the job could not be started; its folder is removed.
        RunError: on a shared server, the user has enough jobs at work, or no more room.
    """
    size = upload.seek(0, os.SEEK_END) if upload is not None else 0
    quotas.check_jobs(at_work(), all_runs(), size)
    folder = (root / f"{time.time_ns():x}-{secrets.token_hex(2)}").resolve()
    folder.mkdir(parents=True)
    try:
        if upload is not None:
            upload.seek(0)
            with open(folder / UPLOAD, "wb") as file:
                shutil.copyfileobj(upload, file)
            arguments = [*arguments, str(folder / UPLOAD)]
        request = {"title": title, "arguments": arguments, "started": time.time()}
        request |= users.ownership()
        write_json(folder / "job.json", request)
        command = ["-m", "fruitlab", "--job", str(folder), *arguments]
        start_python(command, log=folder / "log.txt")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Job(folder)


def at_work() -> list[Job]:
    """The explorer's jobs that work: imports and downloads, studies, play files."""
    roots = (data_root() / ".jobs", runs_root() / ".studies", runs_root() / ".play")
    return [job for root in roots for job in all_jobs(root) if job.status() == "working"]


def all_jobs(root: Path) -> list[Job]:
    """All jobs below `root`, the newest first."""
    try:
        folders = sorted(root.iterdir(), reverse=True)
    except OSError:
        return []
    return [Job(folder) for folder in folders if (folder / "job.json").is_file()]


def delete_leftovers(root: Path) -> None:
    """Delete the uploads of jobs whose process was killed."""
    for job in all_jobs(root):
        if job.status() == "interrupted":
            (job.folder / UPLOAD).unlink(missing_ok=True)


def _as_text(report: dict[str, Any]) -> tuple[str, float | None]:
    if "message" in report:
        return str(report["message"]), None
    step, done, total = report["step"], int(report["done"]), int(report["total"])
    if total <= 0:
        return f"{step}: {done:,}", None
    share = min(1.0, done / total)
    in_bytes = total >= 1_000_000
    return f"{step}: {share:.0%}" if in_bytes else f"{step}: {done:,} of {total:,}", share


def _read(path: Path, model: type[Model] = Model) -> dict[str, Any]:
    try:
        return read(model, path)
    except (OSError, ValueError):
        return {}


class _Request(Model):
    """job.json."""

    title: Name
    arguments: list[str] = []  # noqa: RUF012
    owner: Name | None = None
    started: Annotated[float, Field(ge=0, allow_inf_nan=False)]
