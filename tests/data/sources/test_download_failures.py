"""Failures of a download: each is explained, and nothing that is still useful is deleted."""

import errno
import io
import json
import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from kaggle_server import (
    DOWNLOAD,
    GET_DATASET,
    failure,
    fruits_360_files,
    ignore,
    serve,
    zipped,
)

from fruitlab.data.layouts import find_pictures
from fruitlab.data.sources import SOURCES, DownloadError, download


def test_without_a_network(kaggle, tmp_path):
    kaggle.server_close()
    message, earlier = failure(tmp_path)
    assert "cannot be reached" in message and "internet connection" in message
    assert "CC BY-SA 4.0" in earlier[0]


@pytest.mark.slow
@pytest.mark.parametrize("at", [GET_DATASET, DOWNLOAD, "/storage"])
@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (401, {}, "KAGGLE_API_TOKEN"),
        (403, {}, "https://www.kaggle.com/datasets/moltean/fruits"),
        (404, {}, "download it by hand"),
        (429, {"Retry-After": "90"}, "Wait 90 seconds, then run the same command again"),
        (429, {}, "Wait an hour"),
        (503, {}, "Wait a few minutes"),
    ],
)
def test_error_responses_say_what_to_do(kaggle, tmp_path, at, status, headers, expected):
    body = json.dumps({"code": status, "message": "no"}).encode()
    kaggle.answers[at] = (status, {"Content-Type": "application/json", **headers}, body)
    message, earlier = failure(tmp_path)
    assert expected in message and f"({status})" in message
    assert "Licence" in earlier[0]


def test_a_login_page_of_the_network_is_recognised(kaggle, tmp_path):
    kaggle.answers[GET_DATASET] = (
        200,
        {"Content-Type": "text/html"},
        b"<html>Welcome to the hotel</html>",
    )
    assert "require a login" in failure(tmp_path)[0]


def test_a_disk_that_is_too_small_is_noticed_before_the_download(kaggle, tmp_path):
    kaggle.announced_size = 10**15
    message, _ = failure(tmp_path)
    assert "2000000.0 GB more" in message
    assert str(tmp_path) in message and "FRUITLAB_DATA" in message
    assert DOWNLOAD not in kaggle.events


def test_a_disk_that_fills_during_the_download_keeps_what_was_received(
    kaggle, tmp_path, monkeypatch
):
    class SmallDisk(io.FileIO):
        def write(self, data):
            if self.tell() + len(data) > 80_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    monkeypatch.setattr("kagglehub.clients.open", SmallDisk, raising=False)
    message, _ = failure(tmp_path)
    assert "disk is too full" in message
    assert "FRUITLAB_DATA" in message and str(tmp_path) in message
    received = (tmp_path / "datasets/moltean/fruits/7.archive").stat().st_size
    monkeypatch.delattr("kagglehub.clients.open")
    download("fruits-360", say=ignore, cache=tmp_path)
    assert kaggle.ranges == [received] and received > 60_000


@pytest.mark.slow
@pytest.mark.parametrize("deleted_before", [False, True])
def test_a_disk_that_fills_during_unpacking_keeps_the_archive(
    kaggle, tmp_path, monkeypatch, deleted_before
):
    if deleted_before:  # kagglehub's own marker then still says that the download is complete
        shutil.rmtree(download("fruits-360", say=ignore, cache=tmp_path))
    copy, count = shutil.copyfileobj, 0

    def fill_up(*arguments):
        nonlocal count
        count += 1
        if count > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return copy(*arguments)

    monkeypatch.setattr(shutil, "copyfileobj", fill_up)
    assert "disk is too full" in failure(tmp_path)[0]
    assert not (tmp_path / "datasets/moltean/fruits/versions/7").exists()
    monkeypatch.setattr(shutil, "copyfileobj", copy)
    path = download("fruits-360", say=ignore, cache=tmp_path)
    assert kaggle.ranges == [] and len(find_pictures(path).pictures) == 26


def test_a_folder_that_cannot_be_written(kaggle, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written to" in failure(tmp_path / "file" / "below")[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda good: good[:1000] + bytes(1000) + good[2000:],  # not what the checksum says
        lambda good: b"not an archive at all" * 5000,
    ],
)
@pytest.mark.slow
@pytest.mark.parametrize("matching_checksum", [False, True])
def test_a_damaged_archive_is_deleted(kaggle, tmp_path, damage, matching_checksum):
    good = kaggle.good
    kaggle.archive = damage(good)
    if matching_checksum:
        kaggle.good = kaggle.archive
    message, _ = failure(tmp_path)
    assert "damaged" in message and "Run the same command again" in message
    assert list(tmp_path.rglob("*.archive")) == []
    serve(kaggle, good)
    path = download("fruits-360", say=ignore, cache=tmp_path)
    assert len(find_pictures(path).pictures) == 26


def test_paths_that_lead_out_of_the_archive_stay_inside(kaggle, tmp_path):
    outside = tmp_path / "outside.jpg"
    hostile = {
        "../" * 12 + str(outside).lstrip("/"): b"x",
        str(outside): b"x",
        "../../evil.jpg": b"x",
    }
    serve(kaggle, zipped(fruits_360_files() | hostile))
    cache = tmp_path / "cache"
    path = download("fruits-360", say=ignore, cache=cache)
    assert not outside.exists()
    unpacked = [*tmp_path.rglob("evil.jpg"), *tmp_path.rglob("outside.jpg")]
    assert all(file.is_relative_to(path) for file in unpacked)


def test_invalid_credentials_of_another_program_are_named(kaggle, tmp_path):
    folder = Path(os.environ["KAGGLE_CONFIG_DIR"])
    folder.mkdir(parents=True)
    (folder / "kaggle.json").write_text("{broken")
    message, _ = failure(tmp_path)
    assert str(folder / "kaggle.json") in message and "does not need it" in message


def test_two_downloads_at_once(kaggle, tmp_path):
    with FileLock(tmp_path / ".fruits-360.lock"):
        assert "Another process" in failure(tmp_path)[0]


def test_the_environment_is_restored(kaggle, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "mine"))
    download("fruits-360", say=ignore, cache=tmp_path / "ours")
    assert os.environ["KAGGLEHUB_CACHE"] == str(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()
    default = download("fruits-360", say=ignore)  # into kagglehub's own folder
    assert default.is_relative_to(tmp_path / "mine")


def test_unknown_sources_and_downloads_by_hand():
    with pytest.raises(DownloadError, match="Choose fruits-360 or fruits-262"):
        download("fruits-999", say=ignore)
    for source in SOURCES.values():
        assert source.page in source.by_hand and f"--{source.domain} FOLDER" in source.by_hand
