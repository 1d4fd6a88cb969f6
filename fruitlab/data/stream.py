"""A stream: pictures taken from two watched folders, each once, of which a bounded number is kept.

A picture is first written as 100 x 100 pixels, under the hash of its content, and then noted in the
journal. Whatever moment a process is killed at, a picture is either noted and on the disk, or still
waits in its folder to be taken. What is kept follows from the journal alone (`reservoir`).
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from PIL import Image

from fruitlab.config.errors import DataError
from fruitlab.config.files import write_whole
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Say
from fruitlab.data import decoding, pictures
from fruitlab.data.domains import DOMAINS, DomainName, content_hash
from fruitlab.data.journal import Journal
from fruitlab.data.pictures import BadPicture
from fruitlab.data.reservoir import Reservoirs
from fruitlab.data.walking import normalise_name
from fruitlab.data.watched import new_files, unlabelled

BATCH = 16  # pictures that are decoded at a time


@dataclass(frozen=True)
class Taken:
    """A picture that was taken: the hash of its pixels, where it belongs, and its file here."""

    content: str
    domain: DomainName
    category: str
    file: Path

    def pixels(self) -> np.ndarray:
        """uint8 [100, 100, 3]. Raises DataError if the file is missing or has changed."""
        try:
            found = pictures.read(self.file)
        except BadPicture as error:
            raise DataError(f"The stream's picture {self.file} cannot be read: {error}.") from None
        if content_hash(found) != self.content:
            raise DataError(f"The stream's picture {self.file} has changed. Restore it.")
        return found


@dataclass(frozen=True)
class Session:
    """A run of the stream: it trains on the pictures from `first` to before `last`."""

    run: str
    first: int
    last: int
    ended: bool


class Stream:
    """A folder `<data root>/.streams/NAME` with the journal and the pictures.

    Only the process within `opened` may call `watch`, `take`, `begin` and `end`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.pictures = folder, folder / "pictures"
        self.journal = Journal(folder / "journal.jsonl")
        self._passed: set[str] = set()  # files that were looked at and not taken
        self._told: set[str] = set()  # messages

    @contextmanager
    def opened(self, *, kept: int, seed: int = 0) -> Iterator[None]:
        """Hold the stream's lock, and clear away what a killed process left.

        Raises:
            DataError: another process holds it, or it was begun with other buffers.
        """
        self.pictures.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "lock").acquire(timeout=1):
                self.journal.cut()
                if not self.journal.lines():
                    self.journal.add(event="settings", kept=kept, seed=seed)
                if (known := self._settings()["kept"]) != kept:
                    raise DataError(
                        f"The stream {self.folder.name!r} keeps {known} pictures per category and "
                        f"domain, not {kept}. Give --kept {known}, or another --name."
                    )
                self._clear()
                yield
        except Timeout:
            raise DataError(
                f"Another process is at work on the stream {self.folder.name!r}. Stop it first, or "
                "give another --name."
            ) from None

    def taken(self) -> list[Taken]:
        """All pictures that were taken, in order."""
        return [self._picture(line) for line in self.journal.lines() if line["event"] == "taken"]

    def sessions(self) -> list[Session]:
        """All sessions in order. Only the last one may not have ended."""
        lines = self.journal.lines()
        ended = {line["run"] for line in lines if line["event"] == "trained"}
        return [
            Session(line["run"], line["first"], line["last"], line["run"] in ended)
            for line in lines
            if line["event"] == "run"
        ]

    def pictures_of(self, session: Session) -> tuple[list[Taken], list[Taken]]:
        """What is kept from before a session, and the pictures that arrive during it."""
        taken = self.taken()
        return self._held(taken[: session.first]), taken[session.first : session.last]

    def take(
        self, roots: Mapping[DomainName, Path], categories: Iterable[str], say: Say
    ) -> tuple[int, int]:
        """Take all new pictures from the folders; their files stay where they are.

        Args:
            roots: of each domain: a folder with one folder per category.
            categories: those that the network knows. New ones are taken in, and said.

        What is wrong with a file is said once.

        Returns:
            How many pictures were taken, and how many files wait for a label.

        Raises:
            DataError: a folder cannot be read.
        """
        taken = self.taken()
        every = (*categories, *(one.category for one in taken))
        names = {normalise_name(name): name for name in every}
        known = {one.content for one in taken}
        seen = {line["file"] for line in self.journal.lines() if line["event"] == "taken"}

        def tell(message: str) -> None:
            if message not in self._told:
                self._told.add(message)
                say(message)

        count = without_label = 0
        for domain in DOMAINS:
            waiting = new_files(domain, roots[domain], names, seen | self._passed, tell)
            without_label += len(unlabelled(roots[domain]))
            for start in range(0, len(waiting), BATCH):
                part = waiting[start : start + BATCH]
                found = decoding.read_many([path for path, _, _ in part])
                for (path, category, mark), pixels in zip(part, found, strict=True):
                    if isinstance(pixels, BadPicture):
                        tell(f"{path}: {pixels}")
                        self._passed.add(mark)
                    elif (content := content_hash(pixels)) in known:
                        self._passed.add(mark)
                    else:
                        self._note(content, pixels, domain, category, mark)
                        known.add(content)
                        count += 1
        return count, without_label

    def watch(self, roots: Mapping[DomainName, Path], run: str) -> None:
        """Note the folders of both domains, and the run that the next session starts from."""
        self.journal.add(event="folders", run=run, **{name: str(roots[name]) for name in DOMAINS})

    def watched(self) -> dict[DomainName, Path]:
        """The watched folder of each domain; none before the first `watch`."""
        lines = [line for line in self.journal.lines() if line["event"] == "folders"]
        return {name: Path(lines[-1][name]) for name in DOMAINS} if lines else {}

    def latest_run(self) -> str | None:
        """The run that knows most of the stream: the last one that ended, or the one to start from.

        None before the first `watch`.
        """
        lines = [line for line in self.journal.lines() if line["event"] in ("folders", "trained")]
        return lines[-1]["run"] if lines else None

    def begin(self, run: str) -> None:
        """Note that a run trains on all pictures that no run has trained on yet."""
        first = max((session.last for session in self.sessions()), default=0)
        self.journal.add(event="run", run=run, first=first, last=len(self.taken()))

    def end(self, run: str) -> None:
        """Note that a run has trained on its pictures, and delete those that are not kept."""
        self.journal.add(event="trained", run=run)
        self._clear()

    def _note(
        self, content: str, pixels: np.ndarray, domain: DomainName, category: str, mark: str
    ) -> None:
        """Take a picture: first the file, then its line in the journal."""
        write_whole(self.pictures / f"{content}.png", png(pixels))
        self.journal.add(
            event="taken", content=content, domain=domain, category=category, file=mark
        )

    def _settings(self) -> dict[str, Any]:
        return self.journal.lines()[0]

    def _picture(self, line: Mapping[str, Any]) -> Taken:
        file = self.pictures / f"{line['content']}.png"
        return Taken(line["content"], line["domain"], line["category"], file)

    def _held(self, taken: list[Taken]) -> list[Taken]:
        """What the reservoirs hold after these pictures."""
        settings = self._settings()
        reservoirs: Reservoirs[Taken] = Reservoirs(settings["kept"], settings["seed"])
        for one in taken:
            reservoirs.offer(one, one.domain, one.category)
        return [one for domain in DOMAINS for one in reservoirs.held(domain)]

    def _clear(self) -> None:
        """Delete the files of pictures that are neither kept nor waiting to be trained on."""
        taken = self.taken()
        done = max((session.last for session in self.sessions() if session.ended), default=0)
        needed = {one.file.name for one in (*self._held(taken[:done]), *taken[done:])}
        for file in os.scandir(self.pictures):
            if file.name not in needed:
                os.unlink(file.path)


def png(pixels: np.ndarray) -> bytes:
    """The content of a PNG file of a picture, uint8 [100, 100, 3]."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def folder_of(name: str) -> Path:
    """The folder of the stream of that name."""
    return data_root() / ".streams" / name
