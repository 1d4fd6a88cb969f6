"""Imports an uploaded zip, unpacked below the data root, like two folders of the user's own.

``<data root>/.uploads/<name>/<token>/`` keeps nice/ and real/ as they were unpacked, so that a
picture that is changed or deleted there is noticed, as in any folder. A failed import leaves no
files behind, and an earlier dataset of the same name stays as it was.
"""

import dataclasses
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from filelock import Timeout

from fruitlab.config.errors import DataError
from fruitlab.config.modes import Action, changes, require
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Progress, Say
from fruitlab.data import cache
from fruitlab.data.archive import unpack
from fruitlab.data.domains import DOMAINS
from fruitlab.data.importing import ImportReport, check_free, import_unpacked
from fruitlab.data.owned import FOLDER, Dataset

MAX_IGNORED_NAMED = 50  # ignored files that the report names


@changes(Action.IMPORT)
def import_zip(
    *,
    name: str,
    source: Path,
    min_images: int = 20,
    group: str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
    say: Say | None = None,
) -> ImportReport:
    """Imports a zip of ``nice/`` and ``real/`` as the dataset ``name``.

    Args:
        name: Name of the dataset, see ``cache.check_name``.
        source: The zip file.
        min_images: See ``importing.import_unpacked``; likewise the other arguments.
        group: Regular expression for group keys.
        replace: Whether to replace an existing dataset of that name.
        progress: Called with (what is being done, done so far, total).
        say: Receives messages.

    Raises:
        DataError: The zip cannot be used, or the import failed.
    """
    cache.check_name(name)
    check_free(name, replace)
    with cache.locked(f"{FOLDER}-{name}", say):
        if (data_root() / name / cache.RECORD).exists():
            require(Action.REMOVE_DATA, Dataset(name))
        _delete_unused(name)
        target = _folder(name) / secrets.token_hex(4)
        try:
            plan = unpack(Path(source), target, progress=progress)
            report = import_unpacked(
                name=name,
                nice=target / "nice",
                real=target / "real",
                min_images=min_images,
                group=group,
                replace=replace,
                progress=progress,
                say=say,
            )
        except BaseException as error:
            shutil.rmtree(target, ignore_errors=True)
            _delete_empty(_folder(name))
            if isinstance(error, DataError):
                # The user knows nothing of the folder in the message, which no longer exists.
                raise DataError(str(error).replace(f"{target}/", "")) from error
            raise
        _delete_unused(name)
    ignored = dict(list(plan.ignored.items())[:MAX_IGNORED_NAMED])
    if (more := len(plan.ignored) - MAX_IGNORED_NAMED) > 0:
        ignored["…"] = f"and {more:,} more files that are not pictures in nice or real"
    return dataclasses.replace(report, ignored=report.ignored | ignored)


def forget(name: str) -> None:
    """Deletes what was unpacked for a dataset that was removed or imported from elsewhere since."""
    with cache.locked(f"{FOLDER}-{name}"):
        _delete_unused(name)


def delete_leftovers() -> None:
    """Deletes what imports that were killed have unpacked. Imports that are at work are left."""
    root = data_root() / FOLDER
    for folder in root.iterdir() if root.is_dir() else ():
        try:
            with cache.locked(f"{FOLDER}-{folder.name}", wait=False):
                _delete_unused(folder.name)
        except (DataError, Timeout):
            continue


def _folder(name: str) -> Path:
    return data_root() / FOLDER / name


def _delete_unused(name: str) -> None:
    """Deletes every unpacked folder but the one that the dataset was imported from."""
    try:
        origin = (cache.read_record(name) or {}).get("origin", {})
        used = {Path(origin[domain]).parent for domain in DOMAINS if origin.get(domain)}
    except (DataError, AttributeError, TypeError):
        return  # unreadable: it is not known what the dataset needs
    if _folder(name).is_dir():
        for folder in _folder(name).iterdir():
            if folder.resolve() not in used:
                shutil.rmtree(folder, ignore_errors=True)
        _delete_empty(_folder(name))


def _delete_empty(folder: Path) -> None:
    with suppress(OSError):  # not empty
        folder.rmdir()
        folder.parent.rmdir()
