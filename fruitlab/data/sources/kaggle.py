"""One download from Kaggle, resumed when the connection is lost.

kagglehub unpacks an archive, checks its checksum and resumes a partial download, but it does not
retry when the connection breaks. This module adds that; ``failures`` explains what goes wrong.
"""

import contextlib
import errno
import io
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from tqdm import tqdm

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress, Say
from fruitlab.data.sources.base import Source

# Seconds to wait before resuming. The download fails after as many attempts in a row that bring
# nothing new.
PAUSES = (2, 5, 15)


class DownloadError(DataError):
    """A download failed. The message says why and what to do; what was received is kept."""


class Transfer:
    """One download and what is known about it so far.

    Args:
        source: What to download.
        folder: kagglehub's folder, where the files go.
        say: Receives messages.
    """

    def __init__(self, source: Source, folder: Path, say: Say) -> None:
        self.source, self.folder, self.say = source, folder, say
        self.version: int | None = None
        self.size = 0  # bytes of the archive, 0 until Kaggle has answered

    # kagglehub keeps the archive until it is unpacked into a folder beside it, and then leaves a
    # marker file.
    @property
    def archive(self) -> Path:
        """Where kagglehub keeps the archive."""
        return self.folder / "datasets" / self.source.handle / f"{self.version}.archive"

    @property
    def unpacked(self) -> Path:
        """Where kagglehub unpacks the archive."""
        return self.archive.parent / "versions" / str(self.version)

    @property
    def completion_marker(self) -> Path:
        """The file that kagglehub writes after unpacking."""
        return self.archive.with_suffix(".complete")

    @property
    def received(self) -> int:
        """Bytes of the archive on disk."""
        return self.archive.stat().st_size if self.archive.exists() else 0

    def query(self, kagglehub: ModuleType) -> None:
        """Asks Kaggle for version and size, to notice a disk that is too small before downloading.

        Raises:
            DownloadError: Kaggle offers no version.
            OSError: The disk is too small (ENOSPC).
        """
        from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

        request = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = self.source.handle.split("/")
        with kagglehub.clients.build_kaggle_client() as client:
            answer = kagglehub.exceptions.handle_call(
                lambda: client.datasets.dataset_api_client.get_dataset(request)
            )
        if not answer.current_version_number:
            raise DownloadError(
                f"Kaggle offers no version of {self.source.handle} at present. "
                f"Look at {self.source.page}."
            )
        self.version, self.size = answer.current_version_number, answer.total_bytes
        licence = ""
        if answer.license_name:
            licence = f", licence according to Kaggle today: {answer.license_name}"
        size = gigabytes(self.size) if self.size else "size unknown"
        self.say(f"Version {self.version}{licence}; {size}, to {self.folder}")
        if not self.unpacked.exists():
            # The user deleted it. kagglehub would later take half of it for complete.
            self.completion_marker.unlink(missing_ok=True)
        # Pictures are compressed already, so they take as much space again when unpacked.
        needed = 0 if self.completion_marker.exists() else 2 * self.size - self.received
        if needed > shutil.disk_usage(self.folder).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fetch(self, kagglehub: ModuleType) -> Path:
        """Downloads and unpacks, resuming after lost connections while that makes progress.

        Returns:
            The folder of the unpacked files.

        Raises:
            requests.RequestException: The connection is lost and resuming does not help.
            Exception: Whatever kagglehub raises, see ``failures.explain``.
        """
        import requests

        if self.received:
            self.say(
                f"{gigabytes(self.received)} were received in an earlier attempt; "
                "going on from there."
            )
        at_start, attempts_in_vain = self.received, 0
        while True:
            before = self.received
            try:
                handle = f"{self.source.handle}/versions/{self.version}"
                return Path(kagglehub.dataset_download(handle))
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ):
                attempts_in_vain = 0 if self.received > before else attempts_in_vain + 1
                if self.received == at_start or attempts_in_vain == len(PAUSES):
                    raise
                pause = PAUSES[attempts_in_vain]
                self.say(
                    f"The connection was lost after {gigabytes(self.received)}; "
                    f"resuming in {pause} s."
                )
                time.sleep(pause)

    def remove_damaged(self) -> None:
        """Deletes a damaged archive, which kagglehub would take for a complete one."""
        self.archive.unlink(missing_ok=True)
        self.remove_partly_unpacked()

    def remove_partly_unpacked(self) -> None:
        """Deletes unpacked files unless they are complete. The archive stays."""
        if not self.completion_marker.exists():
            shutil.rmtree(self.unpacked, ignore_errors=True)


@contextlib.contextmanager
def open_kagglehub(
    cache: Path | None, say: Say, progress: Progress | None = None
) -> Iterator[tuple[ModuleType, Path]]:
    """Imports kagglehub with its cache folder set, and restores the environment afterwards.

    kagglehub prints nothing meanwhile. The bytes received go to `progress`.

    Args:
        cache: Where kagglehub keeps its files; None for its own default.

    Yields:
        The kagglehub module and the folder where it keeps its files.

    Raises:
        DownloadError: kagglehub is not installed.
    """
    try:
        import kagglehub
        from kagglehub.config import get_cache_folder
    except ImportError as error:
        raise DownloadError(
            "Downloads need the package kagglehub: run `pip install kagglehub`."
        ) from error
    variable, logger = "KAGGLEHUB_CACHE", logging.getLogger("kagglehub")
    before, level, bar = os.environ.get(variable), logger.level, kagglehub.clients.tqdm
    logger.setLevel(logging.CRITICAL + 1)
    kagglehub.clients.tqdm = _reporting_bar(say, progress)  # kagglehub has no hook for it
    if cache is not None:
        os.environ[variable] = str(Path(cache).expanduser().resolve())
    try:
        yield kagglehub, Path(get_cache_folder())
    finally:
        kagglehub.clients.tqdm = bar
        logger.setLevel(level)
        os.environ.pop(variable, None)
        if before is not None:
            os.environ[variable] = before


def _reporting_bar(say: Say, progress: Progress | None) -> type[tqdm]:
    """A progress bar that reports instead of drawing itself."""

    class ReportingBar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs, file=io.StringIO())

        def display(self, msg: str | None = None, pos: int | None = None) -> bool:
            if progress:
                progress("Downloading", self.n, self.total or 0)
            return True

        def close(self) -> None:
            if not self.disable and self.n >= (self.total or 0):
                say("Unpacking the archive.")  # kagglehub does so next
            super().close()

    return ReportingBar


def gigabytes(size: int) -> str:
    """Formats a number of bytes as GB or MB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
