"""Pictures of streams that nobody has labelled: files beside the category folders."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, changes
from fruitlab.data import incoming, watched
from fruitlab.data.domains import DOMAINS, DomainName
from fruitlab.data.stream import Stream, folder_of


@dataclass(frozen=True)
class Unlabelled:
    """A file that waits for a label, in the folder of a domain that a stream watches."""

    stream: str
    domain: DomainName
    file: Path
    changed: int  # in nanoseconds since 1970


def waiting() -> list[Unlabelled]:
    """The unlabelled files of all streams, posted ones and those in watched folders; oldest first.

    Folders that cannot be read are left out.
    """
    found = []
    for folder in folder_of("").glob("*/"):
        for domain in DOMAINS:
            roots = {incoming.folder(folder.name, domain)}
            with suppress(DataError):
                roots |= {root for name, root in Stream(folder).watched().items() if name == domain}
            for root in roots:
                with suppress(DataError):
                    found += [
                        Unlabelled(folder.name, domain, file, changed)
                        for file in watched.unlabelled(root)
                        if (changed := _changed(file))
                    ]
    return sorted(found, key=lambda one: (one.changed, one.file))


@changes(Action.OBSERVE)
def label(file: Path, category: str) -> None:
    """Say what a picture shows: move it to the folder of its category.

    Raises:
        NotAllowed: this server takes no pictures.
        DataError: the name is not valid, or the file cannot be moved.
    """
    folder = file.parent / watched.checked(category)
    try:
        folder.mkdir(exist_ok=True)
        place, number = folder / file.name, 1
        while place.exists():
            number += 1
            place = folder / f"{file.stem} ({number}){file.suffix}"
        os.replace(file, place)
    except OSError as error:
        raise DataError(f"The picture cannot be labelled: {error.strerror}.") from None


def _changed(file: Path) -> int:
    """When the file changed; 0 if it was labelled a moment ago."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
