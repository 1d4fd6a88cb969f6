"""How a dataset is stored on disk, and how it is read.

``<data root>/<name>/`` holds data.json, an index and two .npy arrays. data.json is small and names
the other three, whose names contain a token that is new for each write. All four are therefore
replaced by renaming one file: a reader sees either the old or the new dataset, and an interrupted
writer leaves the old one as it was.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from fruitlab.config.errors import DataError
from fruitlab.config.files import open_regular, read_json
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Say
from fruitlab.config.validation import check
from fruitlab.data.domains import DOMAINS, Domain, DomainName, TwoDomains
from fruitlab.data.pictures import SIZE
from fruitlab.data.record import Index, Record, SourceFile

FORMAT = 1
# Bytes of data.json and of an index: 18,000 pictures take 20,000 and 4 million.
MAX_RECORD, MAX_INDEX = 64_000_000, 512_000_000
RECORD = "data.json"
SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?", re.ASCII)
OWN_FILES = re.compile(
    r"(?:(?:nice|real)-[0-9a-f]{8}\.npy|index-[0-9a-f]{8}\.json|data\.json\.[0-9a-f]{8})"
)


class DamagedDataError(DataError):
    """The files of a dataset are not as they were written. The message says which."""


def check_name(name: str) -> str:
    """Returns ``name`` if a dataset can have it: it becomes a folder and a part of links.

    Raises:
        DataError: The name is not valid or belongs to the built-in pair.
    """
    if not SLUG.fullmatch(name):
        raise DataError(
            f"{name!r} is not a valid name. Use up to 64 letters (A-Z, a-z), digits, '-', '_' and "
            "'.', beginning with a letter or digit and not ending with a dot."
        )
    if name.casefold().startswith("synthetic"):
        raise DataError(
            f'{name!r} is not available: names that begin with "synthetic" mean the built-in pair. '
            "Choose another name."
        )
    return name


def read_record(folder: str) -> dict[str, Any] | None:
    """Reads data.json of a dataset.

    Args:
        folder: Folder of the dataset below the data root.

    Returns:
        Its contents, None if there is no such dataset.

    Raises:
        DamagedDataError: It cannot be read.
        DataError: A newer version of FruitLab wrote it.
    """
    try:
        record = read_json(data_root() / folder / RECORD, MAX_RECORD, file_names=True)
        version = record["format"]
        if not isinstance(version, int) or version <= FORMAT:
            check(Record, record)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DamagedDataError(f"its {RECORD} cannot be read ({error})") from error
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedDataError(f"its {RECORD} is not as it was written ({error})") from error
    if version > FORMAT:
        raise DataError(
            f"The dataset {folder!r} was written by a newer FruitLab (format {version}, and this "
            f"version reads up to {FORMAT}). Update FruitLab, or import the pictures again with "
            "--replace."
        )
    return record


def read_index(folder: str, record: dict[str, Any]) -> dict[str, Any]:
    """Reads the index of a dataset: lists with one entry per picture and per source file.

    Raises:
        DamagedDataError: It cannot be read.
        FileNotFoundError: It does not exist.
    """
    try:
        path = data_root() / folder / f"index-{record['token']}.json"
        return check(Index, read_json(path, MAX_INDEX, file_names=True))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise DamagedDataError(f"its index cannot be read ({error})") from error


def read_sources(index: dict[str, Any]) -> dict[DomainName, list[SourceFile]]:
    """Returns the source files listed in an index, by domain.

    Raises:
        DamagedDataError: The index is not as it was written.
    """
    try:
        return {name: [SourceFile(*file) for file in index["sources"][name]] for name in DOMAINS}
    except KeyError as error:
        raise DamagedDataError("its index is not as it was written") from error


def open_data(folder: str, record: dict[str, Any], index: dict[str, Any]) -> TwoDomains:
    """Opens the dataset behind a record and its index. The images stay on disk until they are used.

    Raises:
        DamagedDataError: Its files are not as they were written.
        FileNotFoundError: One of its files does not exist.
    """
    try:
        nice, real = (_open_domain(name, folder, record, index) for name in DOMAINS)
        return TwoDomains(
            name=record["name"],
            fingerprint=record["fingerprint"],
            categories=tuple(record["categories"]),
            nice=nice,
            real=real,
            kind=record["kind"],
            group_keys=tuple(index["group_keys"]),
            left_out=dict(record["left_out"]),
            refused=list(record["refused"]),
        )
    except (DataError, FileNotFoundError):
        raise
    except (OSError, EOFError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise DamagedDataError(f"its files are not as they were written ({error})") from error


def _open_domain(
    name: DomainName, folder: str, record: dict[str, Any], index: dict[str, Any]
) -> Domain:
    path = data_root() / folder / f"{name}-{record['token']}.npy"
    columns = index[name]
    domain = Domain(
        name=name,
        images=_open_array(path),
        labels=np.array(columns["labels"], dtype=np.int64),
        paths=tuple(columns["paths"]),
        hashes=tuple(columns["hashes"]),
        groups=np.array(columns["groups"], dtype=np.int64),
    )
    n, images = len(domain.paths), domain.images
    lengths = {len(domain.hashes), len(domain.labels), len(domain.groups)}
    expected = images.dtype == np.uint8 and images.shape == (n, SIZE, SIZE, 3)
    if not expected or lengths != {n} or n == 0:
        raise DamagedDataError(
            f"its {name} pictures are {images.dtype} {list(images.shape)} where {n:,} were written"
        )
    for values, names in (
        (domain.labels, record["categories"]),
        (domain.groups, index["group_keys"]),
    ):
        if values.min() < 0 or values.max() >= len(names):
            raise DamagedDataError("its index names categories or groups that do not exist")
    return domain


def _open_array(path: Path) -> np.ndarray:
    with open_regular(path):  # a pipe would be waited for
        return np.load(path, mmap_mode="r", allow_pickle=False)


@contextmanager
def locked(folder: str, say: Say | None = None, *, wait: bool = True) -> Iterator[None]:
    """Holds the lock for changing a dataset. Waits for another process that holds it.

    The operating system releases the lock if this process dies.

    Args:
        folder: Folder of the dataset below the data root.
        say: Receives a message if there is another process to wait for.
        wait: Whether to wait.

    Raises:
        DataError: The data root cannot be written.
        Timeout: Another process holds the lock, and ``wait`` is False.
    """
    try:
        (data_root() / ".locks").mkdir(parents=True, exist_ok=True)
        lock = FileLock(data_root() / ".locks" / f"{folder}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise
            if say:
                say(f"Another process is writing the dataset {folder!r}; waiting for it.")
            lock.acquire()
    except OSError as error:
        raise unwritable(error) from error
    try:
        yield
    finally:
        lock.release()


def delete_files(path: Path, *, keep: str | None = None, only: str = "") -> None:
    """Deletes the arrays, indices and temporary records in the folder of a dataset.

    Other files stay, because the folder may also hold the user's own pictures (data/nice/Apple).
    Readers that have a file open are not affected.

    Args:
        path: The folder.
        keep: Token of the files to keep, if any.
        only: Token of the files to delete; all tokens if empty.
    """
    for file in path.iterdir():
        if not OWN_FILES.fullmatch(file.name) or only not in file.name:
            continue
        if keep and keep in file.name:
            continue
        with suppress(OSError):  # Windows keeps files in use; the next writer deletes them
            file.unlink()


def unwritable(error: OSError) -> DataError:
    """Returns the error for a data root that is full or not writable."""
    return DataError(
        f"The dataset could not be written to {data_root()} ({error.strerror or error}). Free some "
        "space there, or set FRUITLAB_DATA to another folder. What was there before is unchanged."
    )
