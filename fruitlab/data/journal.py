"""The journal of a stream: what was taken, in order, as one line of JSON for each event.

A line is either on the disk as a whole or, after a kill in the middle of writing, cut off at the
next opening. So everything else about the stream is computed from the lines.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from fruitlab.config.errors import DataError
from fruitlab.config.files import parse_json, read_bounded
from fruitlab.config.validation import Count, Model, Name, check

MAX_JOURNAL = 2_000_000_000  # bytes: ten million pictures


Folder = Annotated[str, Field(max_length=10_000)]


class Line(Model):
    """One of: the stream's settings; its folders; a picture that was taken; a run that trains."""

    event: Literal["settings", "folders", "taken", "run", "trained"]
    kept: Count | None = None
    seed: Count | None = None
    content: Name | None = None
    domain: Literal["nice", "real"] | None = None
    category: Name | None = None
    file: Name | None = None
    run: Name | None = None
    first: Count | None = None
    last: Count | None = None
    nice: Folder | None = None
    real: Folder | None = None


class Journal:
    """A file that lines are added to. Reading it needs no lock, adding to it does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[dict[str, Any]]:
        """All whole lines so far. Raises DataError if one is damaged."""
        try:
            text = read_bounded(self.path, MAX_JOURNAL)
        except FileNotFoundError:
            return []
        try:
            return [check(Line, parse_json(line)) for line in text.split(b"\n")[:-1]]
        except ValueError as error:
            raise DataError(
                f"{self.path} is damaged ({error}). Restore it from a copy, or start a stream of "
                "another --name: its pictures are taken again from their folders."
            ) from None

    def cut(self) -> None:
        """Remove a line that was not written to its end. Raises OSError."""
        try:
            text = read_bounded(self.path, MAX_JOURNAL)
        except FileNotFoundError:
            return
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            os.truncate(self.path, whole)

    def add(self, **line: Any) -> None:
        """Add a line and wait until it is on the disk. Raises OSError."""
        with open(self.path, "ab") as file:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
