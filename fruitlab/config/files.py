"""Files that are whole or not there."""

import json
import os
from pathlib import Path
from typing import Any


def write_whole(path: Path, content: bytes) -> None:
    """Writes under a temporary name, then renames: a reader, a crash or a full disk finds the old file or the new one.

    Raises OSError, and leaves the old file as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
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
    write_whole(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def read_json(path: Path) -> Any:
    """Raises OSError if it cannot be read and ValueError if it is not JSON."""
    return json.loads(path.read_text(encoding="utf-8"))
