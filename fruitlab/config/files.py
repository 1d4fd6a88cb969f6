"""Reading and writing small files. A file is written as a whole or not at all.

A file that is read may come from a stranger: only regular files are opened, no more than a given
number of bytes is read, and JSON is parsed with limits.
"""

import errno
import json
import os
import re
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout
from pydantic_core import from_json

TEMPORARY = re.compile(r"\..+\.[0-9]+(?:-[0-9a-f]{8})?")
LEFTOVER = 60.0  # seconds after which nobody writes to a temporary file any more
MAX_JSON = 4_000_000  # bytes; the largest config.json that ships with FruitLab has 9,000


class NotRegularError(OSError):
    """What was to be opened is a folder, a pipe or a device."""


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading. Opening or reading anything else could wait for ever.

    Raises:
        NotRegularError: it is a folder, a pipe or a device.
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRegularError(
                errno.EINVAL, "not a regular file (a folder, a pipe or a device)", str(path)
            )
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def is_locked(path: Path) -> bool:
    """Whether a process holds this lock file.

    The check takes the lock for a moment; a process that wants it tries for longer than that.
    """
    if not path.exists():
        return False
    try:
        with FileLock(path).acquire(blocking=False):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # nobody can write to the folder


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a regular file.

    Args:
        most: bytes.

    Raises:
        OSError: it is larger than `most`, no regular file, or cannot be read.
    """
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {most / 1e6:,.0f} MB", str(path))
    return content


def parse_json(text: bytes | str, *, file_names: bool = False) -> Any:
    """The value of a JSON text, without NaN, Infinity and deep nesting. Raises ValueError.

    Args:
        file_names: accept texts that are not Unicode, as the names of files may be.
    """
    if not file_names:
        return from_json(text, allow_inf_nan=False)
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that readers see its old content or its new one, and nothing in between.

    The content goes to a temporary file, which is then renamed. If that fails, the old file is
    left as it was.

    Raises:
        OSError: the file cannot be written.
    """
    # Threads and processes may write the same file at once.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file as `write_whole` does. Raises OSError."""
    write_whole(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def read_json(path: Path, most: int = MAX_JSON, *, file_names: bool = False) -> Any:
    """The content of a JSON file of up to `most` bytes, as `parse_json` returns it.

    Raises:
        OSError: it cannot be read (`read_bounded`).
        ValueError: it is not JSON.
    """
    return parse_json(read_bounded(path, most), file_names=file_names)


def delete_temporary(folder: Path) -> None:
    """Delete the temporary files that a killed `write_whole` left in a folder."""
    for file in folder.glob(".*"):
        with suppress(OSError):  # another process was faster
            old = time.time() - file.stat().st_mtime > LEFTOVER
            if old and TEMPORARY.fullmatch(file.name):
                file.unlink()
