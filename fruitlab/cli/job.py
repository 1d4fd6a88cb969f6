"""Runs a command as a background job: what `fruitlab.runs.jobs.start` starts."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fruitlab.cli.output import JobReports, Output
from fruitlab.runs.jobs import Job

Command = Callable[[list[str], Output], tuple[int, Any]]


def run_job(folder: Path, arguments: list[str], command: Command) -> int:
    """Run `command(arguments, output)`; write reports, result and exit status to the folder.

    Args:
        command: returns (exit status, result), or raises SystemExit as argparse does.
    """
    # A process started in a shell's background ignores SIGINT, and so do its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    job, status, result = Job(folder), 1, None
    with job.work():
        try:
            status, result = command(arguments, JobReports(folder / "progress.jsonl"))
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        finally:
            job.finish(status, result)
    return status
