"""A command of the lab in a process of its own, which outlives the page that started it: `python -m fruitlab.runs.jobs FOLDER`.

The folder holds job.json (what was asked), log.txt (what it says on the way), result.json (its one result), status (its
exit status, once it has ended) and job.lock, held while it works. Long imports and downloads run so; trainings are runs
(`worker.py`). There are few and they are small: whoever looks reads the files.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from fruitlab.config.files import read_json, write_json, write_whole
from fruitlab.config.paths import PROJECT, data_root, runs_root

UPLOAD = "upload"
STARTING = 30.0  # seconds that a process may take on a busy machine before it holds its lock
TAIL = 4096  # bytes of the log that are read for its last line
COUNT = re.compile(r"([0-9,]+) of ([0-9,]+)$")  # `report.progress_bar`
PERCENT = re.compile(r"\b([0-9]{1,3})%\|")  # tqdm, under kagglehub


class Job:
    """One command's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def asked(self) -> dict[str, Any]:
        """{title, arguments, started (seconds since 1970)}; empty if it cannot be read."""
        try:
            asked = read_json(self.folder / "job.json")
            return asked if isinstance(asked, dict) else {}
        except (OSError, ValueError):
            return {}

    def status(self) -> str:
        """working, done, failed, or broken off (its process ended without a word)."""
        if self._held():
            return "working"
        try:
            return "done" if int((self.folder / "status").read_text()) == 0 else "failed"
        except (OSError, ValueError):
            started = self.asked.get("started", 0)
            return (
                "working"
                if 0 <= time.time() - started < STARTING and not (self.folder / "job.lock").exists()
                else "broken off"
            )

    def _held(self) -> bool:
        if not (self.folder / "job.lock").exists():
            return False
        try:
            with FileLock(self.folder / "job.lock").acquire(blocking=False):
                return False
        except Timeout:
            return True
        except OSError:
            return False

    def progress(self) -> tuple[str, float | None]:
        """The last thing it said, and how far it is, 0 to 1, if that says so."""
        try:
            with open(self.folder / "log.txt", "rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
                said = [
                    line
                    for part in file.read().decode("utf-8", "replace").splitlines()
                    if (line := part.strip())
                ]
        except OSError:
            said = []
        line = said[-1] if said else "Starting."
        if found := COUNT.search(line):
            done, total = (int(number.replace(",", "")) for number in found.groups())
            return line, min(1.0, done / total) if total else None
        if found := PERCENT.search(line):
            return f"{found[1]} % loaded", min(1.0, int(found[1]) / 100)
        return line, None

    def said(self) -> str:
        """The whole log's end, for looking closer."""
        try:
            return (
                (self.folder / "log.txt")
                .read_text(encoding="utf-8", errors="replace")
                .replace("\r", "\n")[-20_000:]
            )
        except OSError:
            return ""

    def result(self) -> dict[str, Any]:
        """Its --json result: of a failed one {error: sentence}; empty while there is none."""
        try:
            result = read_json(self.folder / "result.json")
            return result if isinstance(result, dict) else {}
        except (OSError, ValueError):
            return {}

    def cancel(self) -> None:
        """Asks a working process to end, as Ctrl-C would. Its id is certain: it wrote it under the lock that it still holds."""
        try:
            if self._held():
                os.kill(int((self.folder / "pid").read_text()), signal.SIGINT)
        except (OSError, ValueError):
            pass  # it has ended meanwhile

    def dismiss(self) -> None:
        """Forgets a job that has ended."""
        if self.status() != "working":
            shutil.rmtree(self.folder, ignore_errors=True)


def start(root: Path, title: str, arguments: list[str], *, upload: BinaryIO | None = None) -> Job:
    """Starts `python -m fruitlab <arguments> --json` below `root`, detached from this process. Raises OSError, leaving nothing.

    Args:
        upload: a file to keep beside the job until it has ended; its path follows the arguments.
    """
    folder = root / f"{time.time_ns():x}-{secrets.token_hex(2)}"
    folder.mkdir(parents=True)
    try:
        if upload is not None:
            with open(folder / UPLOAD, "wb") as file:
                shutil.copyfileobj(upload, file)
            arguments = [*arguments, str((folder / UPLOAD).resolve())]
        write_json(
            folder / "job.json", {"title": title, "arguments": arguments, "started": time.time()}
        )
        with open(folder / "log.txt", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fruitlab.runs.jobs", str(folder.resolve())],
                cwd=PROJECT,
                start_new_session=True,
                # They may be relative to our folder.
                env=os.environ
                | {
                    "FRUITLAB_DATA": str(data_root().resolve()),
                    "FRUITLAB_CHECKPOINTS": str(runs_root().resolve()),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _CHILDREN.append(process)
    return Job(folder)


def found(root: Path) -> list[Job]:
    """All jobs below `root`, the newest first."""
    _CHILDREN[:] = [
        process for process in _CHILDREN if process.poll() is None
    ]  # a child that has ended stays until somebody asks
    try:
        return [
            Job(folder)
            for folder in sorted(root.iterdir(), reverse=True)
            if (folder / "job.json").is_file()
        ]
    except OSError:
        return []


_CHILDREN: list[subprocess.Popen] = []


def main(folder: Path) -> int:
    """Runs a job's command in this process."""
    from fruitlab.cli import main as cli

    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a server started in a shell's background hands down that it be ignored
    lock = FileLock(folder / "job.lock")
    lock.acquire(timeout=5)
    try:
        write_whole(folder / "pid", str(os.getpid()).encode())
        arguments = Job(folder).asked["arguments"]
        status = 1
        try:
            with (
                open(folder / "result.json.new", "w", encoding="utf-8") as result,
                redirect_stdout(result),
                redirect_stderr(sys.stderr),
            ):
                status = cli.main([*arguments, "--json"])
            os.replace(folder / "result.json.new", folder / "result.json")
        except SystemExit as error:  # argparse did not like what it was given
            status = error.code if isinstance(error.code, int) else 1
        finally:
            write_whole(folder / "status", str(status).encode())
            (folder / UPLOAD).unlink(missing_ok=True)
    finally:
        lock.release()
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
