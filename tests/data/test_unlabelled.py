"""Files of streams that nobody has labelled: which ones wait, and where a label moves them."""

import numpy as np
import pytest
from PIL import Image

from fruitlab.config.errors import DataError
from fruitlab.data import incoming, unlabelled
from fruitlab.data.stream import Stream, folder_of


def test_a_posted_picture_can_be_labelled_later(tmp_path):
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "photo.png")
    file = incoming.post("stream", tmp_path / "photo.png", "real", "")
    (one,) = unlabelled.waiting()
    assert (one.stream, one.domain, one.file) == ("stream", "real", file)
    with pytest.raises(DataError, match="not a valid name"):
        unlabelled.label(file, "../Apple")
    unlabelled.label(file, "Apple")
    assert unlabelled.waiting() == [] and (file.parent / "Apple" / file.name).is_file()
    with pytest.raises(DataError, match="cannot be labelled"):
        unlabelled.label(file, "Apple")


def test_files_in_watched_folders_wait_too_and_none_is_overwritten(tmp_path):
    roots = {domain: tmp_path / domain for domain in ("nice", "real")}
    for root in roots.values():
        (root / "Apple").mkdir(parents=True)
    stream = Stream(folder_of("shop"))
    with stream.opened(kept=2):
        stream.watch({"nice": tmp_path, "real": tmp_path / "gone"}, "one")
        stream.watch(roots, "two")
    assert stream.latest_run() == "two" and unlabelled.waiting() == []
    for text in ("first", "second"):
        file = roots["nice"] / "new.jpg"
        file.write_text(text)
        assert [one.file for one in unlabelled.waiting()] == [file]
        unlabelled.label(file, "Apple")
    labelled = sorted((roots["nice"] / "Apple").iterdir())
    assert [file.read_text() for file in labelled] == ["second", "first"]
    roots["real"].rename(tmp_path / "away")
    assert unlabelled.waiting() == []
