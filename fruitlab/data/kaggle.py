"""One download from Kaggle through kagglehub: going on after a break, and every fault as a sentence that says what to do.

kagglehub unpacks, checks the archive's sum and goes on with a half-loaded one; it neither tries again when the connection
breaks nor says what a person can do. That is what this file adds.
"""

import contextlib
import errno
import io
import json
import logging
import os
import shutil
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NoReturn

from filelock import Timeout as LockedError
from tqdm import tqdm

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress, Say

TOKEN_PAGE = "https://www.kaggle.com/settings"
PAUSES = (
    2,
    5,
    15,
)  # seconds before going on after a break; as many breaks in a row that bring nothing new end the attempt
FULL_DISK = {errno.ENOSPC, errno.EDQUOT}


class DownloadError(DataError):
    """A download did not succeed; its text says why and what to do. What was loaded is still there."""


@dataclass(frozen=True)
class Source:
    """A public data set on Kaggle. `licence` is what its publisher states, as far as known when it was written down."""

    name: str
    title: str
    handle: str  # Kaggle's owner/name
    about: str
    domain: Literal["nice", "real"]
    licence: str

    @property
    def page(self) -> str:
        return f"https://www.kaggle.com/datasets/{self.handle}"

    @property
    def by_hand(self) -> str:
        return (
            f"load it by hand from {self.page}, unpack it, and name its folder: "
            f"`python -m fruitlab data import --name fruits --{self.domain} FOLDER ...`"
        )


class Transfer:
    """One download: what is known of it so far, for going on and for explaining a fault."""

    def __init__(self, source: Source, folder: Path, say: Say) -> None:
        self.source, self.folder, self.say = source, folder, say
        self.version: int | None = None
        self.size = 0  # bytes of the archive; 0 until Kaggle told it

    # kagglehub keeps the archive until it is unpacked into a folder beside, and then leaves a mark.
    @property
    def archive(self) -> Path:
        return self.folder / "datasets" / self.source.handle / f"{self.version}.archive"

    @property
    def unpacked(self) -> Path:
        return self.archive.parent / "versions" / str(self.version)

    @property
    def mark(self) -> Path:
        return self.archive.with_suffix(".complete")

    @property
    def loaded(self) -> int:
        return self.archive.stat().st_size if self.archive.exists() else 0

    def ask(self, kagglehub) -> None:
        """Asks for version and size before loading: that the disk is too small should show now, not after an hour."""
        from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

        request = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = self.source.handle.split("/")
        with kagglehub.clients.build_kaggle_client() as client:
            answer = kagglehub.exceptions.handle_call(
                lambda: client.datasets.dataset_api_client.get_dataset(request)
            )
        if not answer.current_version_number:
            raise DownloadError(
                f"Kaggle offers no version of {self.source.handle} at present. Look at {self.source.page}."
            )
        self.version, self.size = answer.current_version_number, answer.total_bytes
        licence = (
            f", licence as Kaggle states it today: {answer.license_name}"
            if answer.license_name
            else ""
        )
        self.say(
            f"Version {self.version}{licence}; {_gigabytes(self.size) if self.size else 'size unknown'}, to {self.folder}"
        )
        if (
            not self.unpacked.exists()
        ):  # deleted by hand; kagglehub would later take half of it for complete
            self.mark.unlink(missing_ok=True)
        # Pictures are compressed already: unpacked they take as much again as their archive.
        needed = 0 if self.mark.exists() else 2 * self.size - self.loaded
        if needed > shutil.disk_usage(self.folder).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fetch(self, kagglehub) -> Path:
        """Loads and unpacks, going on after each break of the connection as long as that brings it forward."""
        import requests

        if self.loaded:
            self.say(
                f"{_gigabytes(self.loaded)} of it are here from last time; going on from there."
            )
        at_start, in_vain = self.loaded, 0
        while True:
            before = self.loaded
            try:
                return Path(
                    kagglehub.dataset_download(f"{self.source.handle}/versions/{self.version}")
                )
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ):
                in_vain = 0 if self.loaded > before else in_vain + 1
                if self.loaded == at_start or in_vain == len(PAUSES):
                    raise
                self.say(
                    f"The connection broke off after {_gigabytes(self.loaded)}; going on in {PAUSES[in_vain]} s."
                )
                time.sleep(PAUSES[in_vain])

    def explain(self, error: Exception) -> NoReturn:
        """Raises `error` as a DownloadError that says what to do."""
        import requests
        from kagglehub.exceptions import DataCorruptionError

        again = "run the same command again"
        if self.loaded:
            again += f": it goes on after the {_gigabytes(self.loaded)} that are here"
        response = getattr(error, "response", None)
        if isinstance(error, DownloadError):
            raise error
        if isinstance(error, LockedError):
            text = (
                f"{self.source.title} is being downloaded by another process already. Wait for it."
            )
        elif response is not None and response.status_code >= 400:
            text = self._refused(
                response.status_code, response.headers.get("Retry-After", ""), again
            )
        elif isinstance(
            error,
            (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError),
        ):
            cause = (
                "The connection to Kaggle broke off" if self.loaded else "Kaggle cannot be reached"
            )
            text = f"{cause}. Check the internet connection (and the proxy, if you need one), then {again}."
        elif isinstance(error, (requests.RequestException, json.JSONDecodeError)):
            text = f"Kaggle's answer made no sense ({error}). A network that wants a login first does that: open any web page, then {again}."
        elif isinstance(
            error, (DataCorruptionError, zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError)
        ) or "archive type" in str(error):
            self.archive.unlink(
                missing_ok=True
            )  # or kagglehub would take it for a complete one at the next attempt
            self._remove_half_unpacked()
            text = "The archive arrived damaged and was deleted. Run the same command again to load it anew."
        elif isinstance(error, OSError) and error.errno in FULL_DISK:
            self._remove_half_unpacked()  # the archive stays, so nothing needs to be loaded again
            free = _gigabytes(shutil.disk_usage(self.folder).free)
            needed = (
                f"about {_gigabytes(2 * self.size - self.loaded)} more"
                if self.size
                else "room for its archive and as much again"
            )
            text = (
                f"The disk is too full: {self.folder} has {free} free, {self.source.title} needs {needed}. Make room, then {again}; "
                "or name a folder on another disk with FRUITLAB_DATA."
            )
        elif isinstance(error, OSError):
            text = f"The download cannot be written to {self.folder} ({error.strerror or error}). Name another folder with FRUITLAB_DATA."
        elif "credentials" in str(error).casefold():
            text = f"{error}. Load a new token from {TOKEN_PAGE}, or delete that file: this data set needs none."
        else:
            text = f"The download failed ({type(error).__name__}: {error}). Try again later, or {self.source.by_hand}."
        raise DownloadError(text) from error

    def _refused(self, status: int, wait: str, again: str) -> str:
        if status in (401, 403):
            return (
                f"Kaggle refused the download ({status}). Log in on {self.source.page} and accept its terms if it asks for that; then create "
                f"a token on {TOKEN_PAGE}, set it as KAGGLE_API_TOKEN (an outdated one is refused too), and {again}."
            )
        if status == 404:
            return f"Kaggle does not know {self.source.handle} (404); it may have moved. Look for it there, and {self.source.by_hand}."
        if status == 429:
            pause = f"{wait} seconds" if wait.isdecimal() else "an hour"
            return f"Kaggle takes no more requests from here for now (429). Wait {pause}, then {again}."
        return f"Kaggle has a fault ({status}). Wait a few minutes, then {again}."

    def _remove_half_unpacked(self) -> None:
        if not self.mark.exists():
            shutil.rmtree(self.unpacked, ignore_errors=True)


@contextlib.contextmanager
def kagglehub_in(
    cache: Path | None, say: Say, progress: Progress | None = None
) -> Iterator[tuple[ModuleType, Path]]:
    """Imports kagglehub for the duration of a download.

    kagglehub itself prints nothing meanwhile; how far the download is goes to `progress`.

    Args:
        cache: where kagglehub keeps its files; None is its own default.

    Yields:
        kagglehub and the folder of its files.

    Raises:
        DownloadError: kagglehub is not installed.
    """
    try:
        import kagglehub
    except ImportError as error:
        raise DownloadError(
            "Downloads need the package kagglehub: `pip install kagglehub`."
        ) from error
    variable, logger = "KAGGLEHUB_CACHE", logging.getLogger("kagglehub")
    before, level, bar = os.environ.get(variable), logger.level, kagglehub.clients.tqdm
    logger.setLevel(logging.CRITICAL + 1)
    kagglehub.clients.tqdm = _reporting_bar(say, progress)
    if cache is not None:
        os.environ[variable] = str(Path(cache).expanduser().resolve())
    try:
        yield kagglehub, Path(kagglehub.config.get_cache_folder())
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
                say("Unpacking the archive.")  # kagglehub does so next.
            super().close()

    return ReportingBar


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
