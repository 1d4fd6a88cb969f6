"""Where a command's messages and progress go: to the terminal, or to the file of a background job.

Nothing else in FruitLab writes to a terminal. Messages and progress go to stderr: stdout is for the
result.
"""

import json
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Protocol

from tqdm import tqdm


class Output(Protocol):
    """What every command gets: `Say` and `Progress` of `fruitlab.config.progress` as methods."""

    def say(self, message: str) -> None:
        """Report a message."""

    def progress(self, step: str, done: int, total: int) -> None:
        """Report progress."""


class Terminal:
    """Messages and a progress bar on stderr; without a terminal, a line for every tenth."""

    def __init__(self) -> None:
        self.bar: tqdm | None = None
        self.shown: tuple[str, int] | None = None  # without a terminal: step and tenth

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._close()

    def say(self, message: str) -> None:
        """Print a message to stderr."""
        tqdm.write(message, file=sys.stderr)  # Keeps the bar below the message.

    def progress(self, step: str, done: int, total: int) -> None:
        """Show progress on stderr."""
        if not sys.stderr.isatty():
            tenth = 10 * done // max(1, total)
            if self.shown != (step, tenth):
                self.shown = (step, tenth)
                self.say(f"{step}: {done:,} of {total:,}" if total else f"{step}: {done:,}")
            return
        if self.bar is None or self.bar.desc != step or done < self.bar.n:
            self._close()
            # Counts of pictures are short enough to be written out; bytes are not.
            self.bar = tqdm(desc=step, total=total or None, unit="", unit_scale=total >= 1_000_000)
        self.bar.update(done - self.bar.n)
        if 0 < total <= done:
            self._close()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class JobReports:
    """Append each report to a background job's progress.jsonl (`fruitlab.runs.jobs`)."""

    EVERY = 0.2  # seconds between two reports of progress in the same step

    def __init__(self, path: Path) -> None:
        self.path, self.step, self.written = path, "", 0.0

    def say(self, message: str) -> None:
        """Append a message."""
        self._append({"message": message})

    def progress(self, step: str, done: int, total: int) -> None:
        """Append a report of progress, unless the last one of this step was a moment ago."""
        now = time.monotonic()
        if step == self.step and done != total and now - self.written < self.EVERY:
            return
        self.step, self.written = step, now
        self._append({"step": step, "done": done, "total": total})

    def _append(self, report: dict[str, str | int]) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(report, ensure_ascii=False) + "\n")
