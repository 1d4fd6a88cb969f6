"""Downloads by kagglehub itself from a local server: complete, found again and resumed."""

import logging
import sys

import pytest
from kaggle_server import (
    CHUNK_SIZE,
    GET_DATASET,
    failure,
    fruits_262_files,
    fruits_360_files,
    ignore,
    serve,
    zipped,
)

from fruitlab.data.categories import CATEGORIES
from fruitlab.data.layouts import find_pictures
from fruitlab.data.sources import SOURCES, download, downloaded, downloads
from fruitlab.data.sources import kaggle as kaggle_module


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "files", "ignored"),
    [
        ("fruits-360", fruits_360_files, "fruits-360_100x100/fruits-360/Training/Apple Rotten 1"),
        ("fruits-262", fruits_262_files, "Fruit-262/watermelon"),
    ],
)
def test_a_dataset_is_downloaded_unpacked_and_ready_to_import(
    kaggle, tmp_path, capsys, monkeypatch, source, files, ignored
):
    content = files()
    serve(kaggle, zipped(content))
    for handler in logging.getLogger("kagglehub").handlers:
        if type(handler) is logging.StreamHandler:
            # As it is if kagglehub was imported before.
            monkeypatch.setattr(handler, "stream", sys.stdout)
    reports = []
    path = download(
        source,
        say=kaggle.events.append,
        progress=lambda *report: reports.append(report),
        cache=downloads(tmp_path),
    )
    layout = find_pictures(path)
    assert layout.kind == source and set(layout.pictures) == set(CATEGORIES)
    assert ignored in layout.ignored
    for file in (file for files in layout.pictures.values() for file in files):
        assert file.read_bytes() == content[file.relative_to(path).as_posix()]

    first_request = kaggle.events.index(GET_DATASET)
    licence = SOURCES[source].licence
    assert any(
        licence in message and SOURCES[source].page in message
        for message in kaggle.events[:first_request]
    ), "the licence comes before any request"
    captured = capsys.readouterr()
    assert captured.out == "", "stdout belongs to the command's result"
    step, done, total = reports[-1]
    assert step == "Downloading" and done == total > 0
    assert list(path.parent.parent.glob("*.archive")) == [], "the archive is deleted"


def test_a_complete_download_is_found_without_any_request_even_if_moved(kaggle, tmp_path):
    root, moved = tmp_path / "data", tmp_path / "elsewhere"
    assert downloaded("fruits-360", root) is None
    path = download("fruits-360", say=ignore, cache=downloads(root))
    assert downloaded("fruits-360", root) == path
    assert downloaded("fruits-262", root) is None
    root.rename(moved)
    requests = len(kaggle.events)
    path = download("fruits-360", say=ignore, cache=downloads(moved))
    assert path == downloaded("fruits-360", moved)
    assert len(kaggle.events) == requests
    (downloads(moved) / "fruits-360.json").write_text("{")
    assert downloaded("fruits-360", moved) is None


@pytest.mark.slow
def test_a_lost_connection_is_resumed(kaggle, tmp_path):
    kaggle.cuts = [100_000, 60_000]
    messages: list[str] = []
    path = download("fruits-360", say=messages.append, cache=tmp_path)
    assert len(find_pictures(path).pictures) == 26
    # Complete chunks are on disk, and the next request asks for the byte after them.
    first, second = kaggle.ranges
    assert first == 100_000 // CHUNK_SIZE * CHUNK_SIZE
    assert second == first + 60_000 // CHUNK_SIZE * CHUNK_SIZE
    assert sum("connection was lost after" in message for message in messages) == 2


@pytest.mark.slow
def test_a_failed_download_is_resumed_by_the_next_call(kaggle, tmp_path):
    kaggle.cuts = [150_000, 0, 0, 0]
    message, _ = failure(tmp_path)
    assert "was lost" in message
    assert "run the same command again (it continues after the 0.1 MB received so far)" in message
    received = (tmp_path / "datasets/moltean/fruits/7.archive").stat().st_size
    assert 130_000 < received <= 150_000
    assert downloaded("fruits-360", tmp_path) is None
    kaggle.ranges.clear()
    messages: list[str] = []
    path = download("fruits-360", say=messages.append, cache=tmp_path)
    assert kaggle.ranges == [received]
    assert any("going on from there" in message for message in messages)
    assert len(find_pictures(path).pictures) == 26


@pytest.mark.slow
def test_a_download_without_progress_fails(kaggle, tmp_path):
    kaggle.cuts = [150_000] + [0] * 20
    failure(tmp_path)
    assert len(kaggle.ranges) == len(kaggle_module.PAUSES)
