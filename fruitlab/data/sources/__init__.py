"""Public datasets: which ones there are, and how to download them.

Every module in this package that defines ``SOURCE`` declares one.
"""

import importlib
import pkgutil
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from fruitlab.config.files import read_json, write_json
from fruitlab.config.modes import Action, changes
from fruitlab.config.progress import Progress, Say
from fruitlab.data.domains import DOMAINS
from fruitlab.data.sources.base import Source
from fruitlab.data.sources.failures import explain
from fruitlab.data.sources.kaggle import DownloadError, Transfer, open_kagglehub

__all__ = ["SOURCES", "DownloadError", "Source", "download", "downloaded", "downloads"]


def _find_sources() -> dict[str, Source]:
    """Collects the declared sources by name, those of the nice domain first."""
    names = [info.name for info in pkgutil.iter_modules(__path__, f"{__name__}.")]
    modules = [importlib.import_module(name) for name in names]
    sources = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    sources.sort(key=lambda source: (DOMAINS.index(source.domain), source.name))
    return {source.name: source for source in sources}


SOURCES: dict[str, Source] = _find_sources()


@changes(Action.DOWNLOAD)
def download(
    source: str, *, say: Say, progress: Progress | None = None, cache: Path | None = None
) -> Path:
    """Downloads and unpacks a public dataset.

    An interrupted download continues where it stopped. A complete one is returned without any
    request.

    Args:
        source: A name in ``SOURCES``.
        say: Receives messages; the licence comes before the first request.
        progress: Receives the bytes downloaded.
        cache: Where to keep the files, kagglehub's own folder by default.

    Returns:
        The folder of its pictures.

    Raises:
        DownloadError: The download failed; the message says why and what to do.
    """
    known = _get_source(source)
    say(f"{known.title}: {known.about}. Licence: {known.licence}. See {known.page}")
    with open_kagglehub(cache, say, progress) as (kagglehub, folder):
        transfer = Transfer(known, folder, say)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / f".{source}.lock", timeout=0):
                if (path := _read_receipt(source, folder)) is not None:
                    say(f"Already downloaded: {path}. Delete that folder to download it again.")
                    return path
                transfer.query(kagglehub)
                path = transfer.fetch(kagglehub)
                _write_receipt(transfer, path)
        except DownloadError:
            raise
        except Exception as error:
            raise explain(error, transfer) from error
    say(f"{known.title} is complete: {path}")
    return path


def downloads(data_root: Path) -> Path:
    """Returns the folder below the data root to pass to ``download`` as ``cache``.

    No dataset can have its name, because it begins with a dot.
    """
    return data_root / ".downloads"


def downloaded(source: str, data_root: Path) -> Path | None:
    """Returns the pictures of a complete download into ``downloads(data_root)``, None without one.

    Raises:
        DownloadError: There is no such source.
    """
    return _read_receipt(_get_source(source).name, downloads(data_root))


def _get_source(name: str) -> Source:
    if name not in SOURCES:
        raise DownloadError(f"There is no source {name!r}. Choose {' or '.join(SOURCES)}.")
    return SOURCES[name]


def _write_receipt(transfer: Transfer, path: Path) -> None:
    """Records a complete download, with a relative path so that the folder can be moved."""
    name, folder = transfer.source.name, transfer.folder
    relative = path.relative_to(folder) if path.is_relative_to(folder) else path
    content = {
        "source": name,
        "handle": transfer.source.handle,
        "version": transfer.version,
        "path": relative.as_posix(),
        "completed": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(folder / f"{name}.json", content)


def _read_receipt(source: str, folder: Path) -> Path | None:
    try:
        path = folder / read_json(folder / f"{source}.json")["path"]
        return path if any(path.iterdir()) else None
    except (OSError, ValueError, KeyError, TypeError):  # never downloaded, or deleted or changed
        return None
