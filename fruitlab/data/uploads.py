"""An uploaded zip as a data set: unpacked below the data root, then imported as two folders of one's own would be.

`<data root>/.uploads/<name>/<token>/` keeps nice/ and real/ as they were unpacked, so that a picture changed or taken out there is
noticed as in any folder. Whatever goes wrong leaves neither pictures nor half a data set, and what had that name before as it was.
"""

import dataclasses
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Progress, Say
from fruitlab.data import cache
from fruitlab.data.archive import unpack
from fruitlab.data.domains import NAMES
from fruitlab.data.importing import ImportReport, check_free, import_pictures

FOLDER = ".uploads"  # no data set can have that name, as it begins with a dot
MOST_TOLD = 50  # files left out that the report names


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
    """Imports a zip of `nice/` and `real/` as the data set `name`; otherwise as `import_pictures`. Raises DataError."""
    cache.check_name(name)
    check_free(name, replace)
    with cache.locked(f"{FOLDER}-{name}", say):
        _sweep(name)
        target = _folder(name) / secrets.token_hex(4)
        try:
            plan = unpack(Path(source), target, progress=progress)
            report = import_pictures(
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
            with suppress(OSError):
                _folder(name).rmdir()
            if isinstance(
                error, DataError
            ):  # the folder that it names is gone, and nobody chose it
                raise DataError(str(error).replace(f"{target}/", "")) from error
            raise
        _sweep(name)
    told = dict(list(plan.ignored.items())[:MOST_TOLD])
    if len(plan.ignored) > MOST_TOLD:
        told["…"] = (
            f"and {len(plan.ignored) - MOST_TOLD:,} more files that are no pictures of the two domains"
        )
    return dataclasses.replace(report, ignored=report.ignored | told)


def forget(name: str) -> None:
    """Deletes what was unpacked for a data set that is no more, or that has come from elsewhere since."""
    with cache.locked(f"{FOLDER}-{name}"):
        _sweep(name)


def _folder(name: str) -> Path:
    return data_root() / FOLDER / name


def _sweep(name: str) -> None:
    """Deletes every unpacked folder but the one that the data set was made from."""
    try:
        origin = (cache.read_record(name) or {}).get("origin", {})
        kept = {Path(origin[domain]).parent for domain in NAMES if origin.get(domain)}
    except (DataError, AttributeError, TypeError):
        return  # unreadable: who knows what it needs
    if _folder(name).is_dir():
        for folder in _folder(name).iterdir():
            if folder.resolve() not in kept:
                shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            _folder(name).rmdir()
