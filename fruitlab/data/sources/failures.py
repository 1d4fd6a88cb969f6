"""Explains why a download failed and what the user can do about it."""

import errno
import json
import shutil
import tarfile
import zipfile
import zlib

from filelock import Timeout as LockedError

from fruitlab.data.sources.kaggle import DownloadError, Transfer, gigabytes

TOKEN_PAGE = "https://www.kaggle.com/settings"
FULL_DISK = {errno.ENOSPC, errno.EDQUOT}


def explain(error: Exception, transfer: Transfer) -> DownloadError:
    """Translates any exception of a download, and deletes files that cannot be used again.

    Args:
        error: What was raised.
        transfer: The download that raised it.
    """
    return DownloadError(_message(error, transfer))


def _message(error: Exception, transfer: Transfer) -> str:
    import requests
    from kagglehub.exceptions import DataCorruptionError

    source = transfer.source
    retry = "run the same command again"
    if transfer.received:
        retry += f" (it continues after the {gigabytes(transfer.received)} received so far)"
    lost_connection = (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
    )
    damaged = (DataCorruptionError, zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError)
    response = getattr(error, "response", None)

    if isinstance(error, LockedError):
        return f"Another process is already downloading {source.title}. Wait for it."
    if response is not None and response.status_code >= 400:
        wait = response.headers.get("Retry-After", "")
        return _explain_status(response.status_code, wait, retry, transfer)
    if isinstance(error, lost_connection):
        lost = "The connection to Kaggle was lost"
        cause = lost if transfer.received else "Kaggle cannot be reached"
        proxy = "and the proxy, if you need one"
        return f"{cause}. Check the internet connection ({proxy}), then {retry}."
    if isinstance(error, requests.RequestException | json.JSONDecodeError):
        return (
            f"Kaggle's answer is not valid ({error}). Networks that require a login cause this: "
            f"open any web page, then {retry}."
        )
    if isinstance(error, damaged) or "archive type" in str(error):
        transfer.remove_damaged()
        return (
            "The archive was damaged and has been deleted. "
            "Run the same command again to download it anew."
        )
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        transfer.remove_partly_unpacked()
        return _explain_full_disk(retry, transfer)
    if isinstance(error, OSError):
        return (
            f"The download cannot be written to {transfer.folder} ({error.strerror or error}). "
            "Set FRUITLAB_DATA to another folder."
        )
    if "credentials" in str(error).casefold():
        return (
            f"{error}. Get a new token from {TOKEN_PAGE}, or delete that file: this dataset does "
            "not need it."
        )
    cause = f"{type(error).__name__}: {error}"
    return f"The download failed ({cause}). Try again later, or {source.by_hand}."


def _explain_status(status: int, wait: str, retry: str, transfer: Transfer) -> str:
    source = transfer.source
    if status in (401, 403):
        return (
            f"Kaggle refused the download ({status}). Log in on {source.page} and accept its terms "
            f"if it asks for that. Then create a token on {TOKEN_PAGE}, set it as KAGGLE_API_TOKEN "
            f"(an outdated one is refused too), and {retry}."
        )
    if status == 404:
        return (
            f"Kaggle does not know {source.handle} (404). It may have moved: search for it on "
            f"Kaggle, and {source.by_hand}."
        )
    if status == 429:
        pause = f"{wait} seconds" if wait.isdecimal() else "an hour"
        return f"Kaggle accepts no more requests for now (429). Wait {pause}, then {retry}."
    return f"Kaggle has an internal error ({status}). Wait a few minutes, then {retry}."


def _explain_full_disk(retry: str, transfer: Transfer) -> str:
    free = gigabytes(shutil.disk_usage(transfer.folder).free)
    needed = "twice the size of its archive"
    if transfer.size:
        needed = f"about {gigabytes(2 * transfer.size - transfer.received)} more"
    return (
        f"The disk is too full: {transfer.folder} has {free} free, and {transfer.source.title} "
        f"needs {needed}. Free some space, then {retry}. Or set FRUITLAB_DATA to a folder on "
        "another disk."
    )
