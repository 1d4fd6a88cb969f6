"""The server's log file: one JSON object a line, in files that replace each other.

FRUITLAB_LOG names the file; by default it is `.logs/server.jsonl` among the data, and `off` writes
none. At 5 MB a new one begins, and five earlier ones are kept. A line has `time` (UTC), `level`,
`logger`, `message`, `error` (a traceback) if there is one, and the fields given as `extra`.
"""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from fruitlab.config.paths import data_root

MAX_BYTES = 5_000_000
EARLIER = 5  # files kept besides the current one
_STANDARD = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime", "taskName"}


class JsonLine(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def path() -> Path | None:
    """The log file, or None if FRUITLAB_LOG is off."""
    named = os.environ.get("FRUITLAB_LOG")
    if named == "off":
        return None
    return Path(named).expanduser() if named else data_root() / ".logs" / "server.jsonl"


@contextmanager
def to_file(max_bytes: int = MAX_BYTES) -> Iterator[None]:
    """Log to the file, and warnings to the terminal as before, until the server ends.

    A file that cannot be written must not stop the server: it logs to the terminal only.
    """
    named, added = path(), []
    root = logging.getLogger()
    logging.getLogger("fruitlab").setLevel(logging.INFO)
    if logging.lastResort is not None:  # Python's, which is silent once there is a handler
        added.append((root, logging.lastResort))
    if named is not None:
        try:
            named.parent.mkdir(parents=True, exist_ok=True)
            file = RotatingFileHandler(
                named, maxBytes=max_bytes, backupCount=EARLIER, encoding="utf-8"
            )
        except OSError as error:
            root.warning("There will be no log file: %s", error)
        else:
            file.setFormatter(JsonLine())
            # Accesses stay out: a webcam makes two a second, and a proxy has a log of its own.
            file.addFilter(lambda one: one.levelno > logging.INFO or "uvicorn" not in one.name)
            # Streamlit's and uvicorn's loggers pass nothing on to the root.
            closed = [
                logger
                for logger in root.manager.loggerDict.values()
                if isinstance(logger, logging.Logger) and not logger.propagate
            ]
            added += [(logger, file) for logger in (root, *closed)]
    for logger, handler in added:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger, handler in added:
            logger.removeHandler(handler)
        if named is not None and len(added) > 1:
            added[-1][1].close()
