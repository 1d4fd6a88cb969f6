"""Fruits-360 and Fruits-262: where they are published, under what licence, and how they get here."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from fruitlab.config.progress import Progress, Say
from fruitlab.data.kaggle import DownloadError, Source, Transfer, kagglehub_in

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            name="fruits-360",
            title="Fruits-360",
            handle="moltean/fruits",
            about="frames of fruit turning before a white background, by Mihai Oltean and Horea Muresan",
            domain="nice",
            licence="CC BY-SA 4.0: you may use and share it if you name its authors and pass changed versions on under the same licence",
        ),
        Source(
            name="fruits-262",
            title="Fruits-262",
            handle="aelchimminut/fruits262",
            about="photos of 262 kinds of fruit from web searches, by Mihai Minut",
            domain="real",
            licence="CC0 (public domain) by its page; but the photos were collected from the web, so others may hold rights in single ones: "
            "think twice before you publish them",
        ),
    )
}


def download(
    source: str, *, say: Say, progress: Progress | None = None, cache: Path | None = None
) -> Path:
    """Downloads and unpacks `source` into `cache`; returns the folder of its pictures.

    The licence goes to `say` before the first request. An interrupted download continues where it
    stopped; a complete one is returned without any request.

    Args:
        progress: gets the bytes downloaded.
        cache: None is kagglehub's own folder.

    Raises:
        DownloadError: the message says what went wrong and what to do.
    """
    known = _source(source)
    say(f"{known.title}: {known.about}. Licence: {known.licence}. See {known.page}")
    with kagglehub_in(cache, say, progress) as (kagglehub, folder):
        transfer = Transfer(known, folder, say)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / f".{source}.lock", timeout=0):
                if (path := _recorded(source, folder)) is not None:
                    say(f"It is already here: {path}. Delete that folder to load it anew.")
                    return path
                transfer.ask(kagglehub)
                path = transfer.fetch(kagglehub)
                _record(transfer, path)
        except (
            Exception
        ) as error:  # every fault leaves as one sentence; the fault itself stays chained below it
            transfer.explain(error)
    say(f"{known.title} is complete: {path}")
    return path


def downloads(data_root: Path) -> Path:
    """The folder below the data root to give `download` as `cache`. No data set can have that name, as it begins with a dot."""
    return data_root / ".downloads"


def downloaded(source: str, data_root: Path) -> Path | None:
    """The pictures of an earlier, complete download into `downloads(data_root)`; None if there is none."""
    return _recorded(_source(source).name, downloads(data_root))


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise DownloadError(f"There is no source {name!r}. Choose {' or '.join(SOURCES)}.")
    return SOURCES[name]


def _record(transfer: Transfer, path: Path) -> None:
    """Notes that the download is complete. Its path is relative if it can be, so that the folder may be moved."""
    name, folder = transfer.source.name, transfer.folder
    relative = path.relative_to(folder) if path.is_relative_to(folder) else path
    content = {
        "source": name,
        "handle": transfer.source.handle,
        "version": transfer.version,
        "path": relative.as_posix(),
        "completed": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    temporary = folder / f".{name}.json.new"
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, folder / f"{name}.json")


def _recorded(source: str, folder: Path) -> Path | None:
    try:
        path = folder / json.loads((folder / f"{source}.json").read_text(encoding="utf-8"))["path"]
        return path if any(path.iterdir()) else None
    except (OSError, ValueError, KeyError, TypeError):  # never loaded, or deleted or changed since
        return None
