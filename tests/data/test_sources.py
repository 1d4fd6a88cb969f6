"""kagglehub itself, pointed at a local server, with the faults that a download can meet."""

import errno
import io
import json
import logging
import os
import shutil
import sys
import threading
import zipfile
from pathlib import Path

import kagglehub
import pytest
from filelock import FileLock
from kaggle_server import (
    DOWNLOAD,
    GET_DATASET,
    Kaggle,
    fruits_262_files,
    fruits_360_archive,
    fruits_360_files,
    serve,
    zipped,
)
from kagglesdk import kaggle_env

from fruitlab.data import kaggle as transfers
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.layouts import find_pictures
from fruitlab.data.sources import SOURCES, DownloadError, download, downloaded, downloads


@pytest.fixture
def kaggle(monkeypatch, tmp_path):
    for name in [
        name for name in os.environ if name.startswith("KAGGLE") or name.lower().endswith("_proxy")
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home" / ".kaggle"))
    monkeypatch.setattr(
        kagglehub.clients, "CHUNK_SIZE", 1 << 14
    )  # so that a small archive arrives in many pieces
    monkeypatch.setattr(transfers, "PAUSES", (0, 0, 0))
    server = Kaggle(b"")
    monkeypatch.setitem(
        kaggle_env._env_to_endpoint,
        kaggle_env.KaggleEnv.PROD,
        f"http://127.0.0.1:{server.server_port}",
    )
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    serve(server, fruits_360_archive())
    yield server
    server.shutdown()
    server.server_close()


def attempt(cache: Path, source: str = "fruits-360") -> tuple[str, list[str]]:
    """The sentence of a download that fails, and what was said before."""
    said: list[str] = []
    with pytest.raises(DownloadError) as caught:
        download(source, say=said.append, cache=cache)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence[0].isupper() and sentence.endswith(".")
    return sentence, said


# ---- the good path


@pytest.mark.slow
@pytest.mark.parametrize(
    "source, files, varieties_left",
    [
        ("fruits-360", fruits_360_files, "fruits-360_100x100/fruits-360/Training/Apple Rotten 1"),
        ("fruits-262", fruits_262_files, "Fruit-262/watermelon"),
    ],
)
def test_a_data_set_is_loaded_unpacked_and_ready_to_import(
    kaggle, tmp_path, capsys, monkeypatch, source, files, varieties_left
):
    content = files()
    serve(kaggle, zipped(content))
    for handler in (
        each
        for each in logging.getLogger("kagglehub").handlers
        if type(each) is logging.StreamHandler
    ):
        monkeypatch.setattr(
            handler, "stream", sys.stdout
        )  # as it is when something else imported kagglehub before
    told: list[tuple[str, int, int]] = []
    path = download(
        source,
        say=kaggle.events.append,
        progress=lambda *report: told.append(report),
        cache=downloads(tmp_path),
    )
    layout = find_pictures(path)
    assert layout.kind == source and set(layout.pictures) == set(CATEGORIES)
    assert varieties_left in layout.ignored
    for file in (file for files in layout.pictures.values() for file in files):
        assert file.read_bytes() == content[file.relative_to(path).as_posix()]

    first_request = kaggle.events.index(GET_DATASET)
    licence = SOURCES[source].licence
    assert any(
        licence in said and SOURCES[source].page in said for said in kaggle.events[:first_request]
    ), "the licence comes before any request"
    captured = capsys.readouterr()
    assert captured.out == "", "stdout belongs to the command's result"
    assert captured.err == "", "the terminal is the command line's"
    size = len(kaggle.archive)
    assert told[-1] == ("Downloading", size, size)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert [p.name for p in path.parent.parent.glob("*.archive")] == [], (
        "the archive is not kept beside what it held"
    )


def test_a_complete_download_is_found_again_without_any_request_even_if_it_was_moved(
    kaggle, tmp_path
):
    root, moved = tmp_path / "data", tmp_path / "elsewhere"
    assert downloaded("fruits-360", root) is None
    path = download("fruits-360", say=lambda _: None, cache=downloads(root))
    assert downloaded("fruits-360", root) == path
    assert downloaded("fruits-262", root) is None
    root.rename(moved)
    asked = len(kaggle.events)
    assert download("fruits-360", say=lambda _: None, cache=downloads(moved)) == downloaded(
        "fruits-360", moved
    )
    assert len(kaggle.events) == asked
    (downloads(moved) / "fruits-360.json").write_text("{")
    assert downloaded("fruits-360", moved) is None


# ---- broken off, and going on


@pytest.mark.slow
def test_a_broken_connection_goes_on_where_it_stopped(kaggle, tmp_path):
    kaggle.cuts = [100_000, 60_000]
    said: list[str] = []
    path = download("fruits-360", say=said.append, cache=tmp_path)
    assert len(find_pictures(path).pictures) == 26
    # What had arrived in whole pieces is on disk: the next request asks for the byte after it.
    first, second = kaggle.ranges
    assert first == 100_000 // (1 << 14) * (1 << 14)
    assert second == first + 60_000 // (1 << 14) * (1 << 14)
    assert sum("broke off after" in line for line in said) == 2


@pytest.mark.slow
def test_a_download_that_failed_goes_on_at_the_next_call(kaggle, tmp_path):
    kaggle.cuts = [150_000, 0, 0, 0]
    sentence, _ = attempt(tmp_path)
    assert (
        "broke off" in sentence
        and "run the same command again: it goes on after the 0.1 MB that are here" in sentence
    )
    arrived = (tmp_path / "datasets/moltean/fruits/7.archive").stat().st_size
    assert 130_000 < arrived <= 150_000
    assert downloaded("fruits-360", tmp_path) is None
    kaggle.ranges.clear()
    said: list[str] = []
    path = download("fruits-360", say=said.append, cache=tmp_path)
    assert kaggle.ranges == [arrived]
    assert any("going on from there" in line for line in said)
    assert len(find_pictures(path).pictures) == 26


@pytest.mark.slow
def test_it_gives_up_when_nothing_more_arrives(kaggle, tmp_path):
    kaggle.cuts = [150_000] + [0] * 20
    attempt(tmp_path)
    assert len(kaggle.ranges) == len(transfers.PAUSES)


# ---- faults


def test_without_a_network_it_says_so_at_once(kaggle, tmp_path, monkeypatch):
    kaggle.server_close()
    sentence, said = attempt(tmp_path)
    assert "cannot be reached" in sentence and "internet connection" in sentence
    assert "CC BY-SA 4.0" in said[0]


@pytest.mark.slow
@pytest.mark.parametrize("at", [GET_DATASET, DOWNLOAD, "/storage"])
@pytest.mark.parametrize(
    "status, headers, expected",
    [
        (401, {}, "KAGGLE_API_TOKEN"),
        (403, {}, "https://www.kaggle.com/datasets/moltean/fruits"),
        (404, {}, "load it by hand"),
        (429, {"Retry-After": "90"}, "Wait 90 seconds, then run the same command again"),
        (429, {}, "Wait an hour"),
        (503, {}, "Wait a few minutes"),
    ],
)
def test_each_refusal_says_what_to_do(kaggle, tmp_path, at, status, headers, expected):
    body = json.dumps({"code": status, "message": "no"}).encode()
    kaggle.answers[at] = (status, {"Content-Type": "application/json", **headers}, body)
    sentence, said = attempt(tmp_path)
    assert expected in sentence and f"({status})" in sentence
    assert "Licence" in said[0]


def test_a_login_page_of_the_network_is_not_taken_for_kaggle(kaggle, tmp_path):
    kaggle.answers[GET_DATASET] = (
        200,
        {"Content-Type": "text/html"},
        b"<html>Welcome to the hotel</html>",
    )
    assert "wants a login first" in attempt(tmp_path)[0]


def test_a_disk_that_is_too_small_shows_before_the_download(kaggle, tmp_path):
    kaggle.told_size = 10**15
    sentence, _ = attempt(tmp_path)
    assert (
        "2000000.0 GB more" in sentence
        and str(tmp_path) in sentence
        and "FRUITLAB_DATA" in sentence
    )
    assert DOWNLOAD not in kaggle.events


def test_a_disk_that_fills_while_loading_keeps_what_arrived(kaggle, tmp_path, monkeypatch):
    class SmallDisk(io.FileIO):
        def write(self, data):
            if self.tell() + len(data) > 80_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    monkeypatch.setattr(kagglehub.clients, "open", SmallDisk, raising=False)
    sentence, _ = attempt(tmp_path)
    assert (
        "disk is too full" in sentence and "FRUITLAB_DATA" in sentence and str(tmp_path) in sentence
    )
    arrived = (tmp_path / "datasets/moltean/fruits/7.archive").stat().st_size
    monkeypatch.delattr(kagglehub.clients, "open")
    download("fruits-360", say=lambda _: None, cache=tmp_path)
    assert kaggle.ranges == [arrived] and arrived > 60_000


@pytest.mark.slow
@pytest.mark.parametrize("deleted_before", [False, True])
def test_a_disk_that_fills_while_unpacking_does_not_need_the_archive_again(
    kaggle, tmp_path, monkeypatch, deleted_before
):
    if (
        deleted_before
    ):  # kagglehub's own note that the download is complete then outlives the pictures
        shutil.rmtree(download("fruits-360", say=lambda _: None, cache=tmp_path))
    real, count = zipfile.ZipFile._extract_member, 0

    def fill_up(self, member, target, password):
        nonlocal count
        count += 1
        if count > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, member, target, password)

    monkeypatch.setattr(zipfile.ZipFile, "_extract_member", fill_up)
    assert "disk is too full" in attempt(tmp_path)[0]
    assert not (tmp_path / "datasets/moltean/fruits/versions/7").exists(), (
        "half of it would only take room"
    )
    monkeypatch.setattr(zipfile.ZipFile, "_extract_member", real)
    path = download("fruits-360", say=lambda _: None, cache=tmp_path)
    assert kaggle.ranges == [] and len(find_pictures(path).pictures) == 26


def test_a_folder_that_cannot_be_written(kaggle, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written to" in attempt(tmp_path / "file" / "below")[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda good: good[:1000] + bytes(1000) + good[2000:],  # not what the sum says
        lambda good: b"no archive at all" * 5000,
    ],
)
@pytest.mark.slow
@pytest.mark.parametrize("sum_is_told", [True, False])
def test_a_damaged_archive_is_deleted_and_loaded_anew(kaggle, tmp_path, damage, sum_is_told):
    good = kaggle.good
    kaggle.archive = damage(good)
    if not sum_is_told:
        kaggle.good = kaggle.archive
    sentence, _ = attempt(tmp_path)
    assert "damaged" in sentence and "Run the same command again" in sentence
    assert list(tmp_path.rglob("*.archive")) == []
    serve(kaggle, good)
    assert (
        len(find_pictures(download("fruits-360", say=lambda _: None, cache=tmp_path)).pictures)
        == 26
    )


def test_names_that_climb_out_of_the_archive_stay_inside(kaggle, tmp_path):
    outside = tmp_path / "outside.jpg"
    serve(
        kaggle,
        zipped(
            fruits_360_files()
            | {
                "../" * 12 + str(outside).lstrip("/"): b"x",
                str(outside): b"x",
                "../../evil.jpg": b"x",
            }
        ),
    )
    cache = tmp_path / "cache"
    path = download("fruits-360", say=lambda _: None, cache=cache)
    assert not outside.exists()
    everything = {file for file in tmp_path.rglob("*") if file.is_file()}
    assert [
        file
        for file in everything
        if file.name in ("evil.jpg", "outside.jpg") and not file.is_relative_to(path)
    ] == []


def test_spoilt_credentials_of_another_program_are_named(kaggle, tmp_path):
    folder = Path(os.environ["KAGGLE_CONFIG_DIR"])
    folder.mkdir(parents=True)
    (folder / "kaggle.json").write_text("{broken")
    sentence, _ = attempt(tmp_path)
    assert str(folder / "kaggle.json") in sentence and "needs none" in sentence


def test_two_downloads_at_once_do_not_write_the_same_archive(kaggle, tmp_path):
    with FileLock(tmp_path / ".fruits-360.lock"):
        assert "another process" in attempt(tmp_path)[0]


def test_the_environment_is_left_as_it_was(kaggle, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "mine"))
    download("fruits-360", say=lambda _: None, cache=tmp_path / "ours")
    assert os.environ["KAGGLEHUB_CACHE"] == str(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()
    assert download("fruits-360", say=lambda _: None).is_relative_to(tmp_path / "mine"), (
        "without a folder of ours, kagglehub's own"
    )


def test_an_unknown_source():
    with pytest.raises(DownloadError, match="Choose fruits-360 or fruits-262"):
        download("fruits-999", say=lambda _: None)
