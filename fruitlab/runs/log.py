"""A run's log, metrics.jsonl: one evaluation per line, as JSON. No torch."""

import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.config.files import open_regular, parse_json, read_bounded
from fruitlab.config.validation import check
from fruitlab.runs import schema

MAX_LOG = 256_000_000  # bytes; 3,000 iterations take one
STREAM_COLUMNS = (  # zeros without a stream
    "arrived_nice",
    "arrived_nice_right",
    "arrived_real",
    "arrived_real_right",
    "kept_nice",
    "kept_real",
)
COLUMNS = (
    "iteration",
    "phase_iteration",
    "full",
    "nice_pictures",
    "nice_1",
    "nice_3",
    "real_pictures",
    "real_1",
    "real_3",
    "seen_nice",
    "seen_real",
    "seconds",
    "loss",
    "penalty",
    "learning_rate",
    "momentum",
    "phase",
    *STREAM_COLUMNS,
)
NO_STREAM: dict[str, Any] = {"nice": (0, 0), "real": (0, 0), "kept": {"nice": 0, "real": 0}}


def parse(text: bytes) -> Iterator[tuple[dict[str, Any], int]]:
    """The evaluations in a log's text, each with the length of its line in bytes.

    Ends at the first line that is not an evaluation (`schema.Point`). What follows the last newline
    is a line that is still being written, so it is ignored.
    """
    for line in text.split(b"\n")[:-1]:
        try:
            point = check(schema.Point, parse_json(line))
        except ValueError:
            return
        yield point, len(line) + 1


def read_text(path: Path) -> bytes:
    """A log's text; empty if it cannot be read."""
    try:
        return read_bounded(path, MAX_LOG)
    except OSError:
        return b""


def length(path: Path) -> int:
    """Size of a log in bytes."""
    return path.stat().st_size if path.exists() else 0


def sync(path: Path) -> int:
    """Wait until a log is on the disk; its size in bytes. A state must not be ahead of it."""
    if not path.exists():
        return 0
    with open(path, "ab") as file:
        os.fsync(file.fileno())
        return file.tell()


def cut(path: Path, size: int) -> None:
    """Cut a log back to its size when the state was saved; the rest will be repeated.

    Raises:
        RunError: evaluations from before are missing, for example after a power cut.
    """
    if length(path) > size:
        os.truncate(path, size)
    whole = sum(line for _, line in parse(read_text(path)))
    if whole != size:
        raise RunError(
            f"{path.parent.name}: {path.name} is damaged: {whole:,} of {size:,} bytes can be read,"
            " so evaluations would be missing. Restore it from a copy, or delete"
            " state.safetensors beside it to train the run from the beginning."
        )


class Log:
    """A growing log as columns of numbers. `look` reads only what is new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start_over()

    def _start_over(self) -> None:
        # New objects: entries that hold the old columns keep a consistent view of the old log.
        self.columns = {name: array("d") for name in COLUMNS}
        self.phases: list[str] = []
        self.offset, self.tail = 0, b""

    def look(self) -> bool:
        """Read new lines, up to the first one that is not an evaluation.

        Returns:
            Whether anything changed.
        """
        before, changed = self.offset, False
        try:
            size = self.path.stat().st_size
            if size == self.offset:
                return False
            with open_regular(self.path) as file:
                # A resumed run cuts its log and appends to it, so the log may have other lines at
                # the old length. The last known line shows it.
                file.seek(max(0, self.offset - len(self.tail)))
                if size < self.offset or file.read(len(self.tail)) != self.tail:
                    self._start_over()
                    changed = True
                    file.seek(0)
                text = file.read(MAX_LOG)
        except OSError:
            self._start_over()
            return before > 0
        start = 0
        for point, length in parse(text):
            self._append(point)
            self.tail = text[start : start + length]
            start += length
        self.offset += start
        return changed or self.offset != before

    def _append(self, point: dict[str, Any]) -> None:
        phase, loss = point["phase"], point["loss"]
        stream = point.get("stream") or NO_STREAM
        if phase not in self.phases:
            self.phases.append(phase)
        row = (
            point["iteration"],
            point["phase_iteration"],
            point["full"],
            *point["nice"],
            *point["real"],
            point["seen"]["nice"],
            point["seen"]["real"],
            point["seconds"],
            float("nan") if loss is None else loss,
            point["penalty"],
            point["learning_rate"],
            point["momentum"],
            self.phases.index(phase),
            *stream["nice"],
            *stream["real"],
            *(stream["kept"][domain] for domain in ("nice", "real")),
        )
        for name, value in zip(COLUMNS, row, strict=True):
            self.columns[name].append(float(value))
