"""A collection holds each picture once, as pixels, in files that a person may move and delete."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from fruitlab.config.errors import DataError
from fruitlab.data import collection
from fruitlab.data.domains import content_hash
from fruitlab.data.pictures import BadPicture


def pixels(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (100, 100, 3), dtype=np.uint8)


def test_a_picture_is_kept_once_under_its_last_category():
    first = collection.add(pixels(), "Apple")
    assert first.path == collection.folder() / "Apple" / f"{content_hash(pixels())}.png"
    assert collection.add(pixels(), "Apple") == first
    moved = collection.add(pixels(), "no fruit")
    other = collection.add(pixels(1), "Dragon Fruit")
    assert collection.pictures() == [other, moved]
    np.testing.assert_array_equal(moved.read(), pixels())
    assert not first.path.parent.exists()
    assert collection.pictures("another") == []


def test_nothing_but_the_pixels_is_kept():
    file, secret = io.BytesIO(), b"where the photo was taken"
    exif = Image.Exif()
    exif[0x010E] = secret.decode()
    Image.fromarray(pixels()).save(file, "PNG", exif=exif)
    content = file.getvalue() + b"<script>" + secret
    kept = collection.add(content, "Kiwi").path.read_bytes()
    assert secret in content and secret not in kept and b"<script>" not in kept
    with pytest.raises(BadPicture):
        collection.add(b"<svg>", "Kiwi")


def test_files_may_be_moved_and_deleted_by_hand():
    for seed in range(2):
        collection.add(pixels(seed), "Apple")
    moved, gone = collection.pictures()
    (collection.folder() / "Pear").mkdir()
    os.replace(moved.path, collection.folder() / "Pear" / moved.path.name)
    gone.path.unlink()
    (collection.folder() / "Pear" / "notes.png").write_bytes(b"mine")
    assert [(one.hash, one.category) for one in collection.pictures()] == [(moved.hash, "Pear")]
    assert collection.remove([moved.hash, gone.hash])[0].category == "Pear"
    assert collection.pictures() == []


def test_a_changed_file_is_not_used():
    kept = collection.add(pixels(), "Apple")
    kept.path.write_bytes(collection.add(pixels(1), "Apple").path.read_bytes())
    with pytest.raises(DataError, match="was changed"):
        kept.read()


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_PICTURES", 1), ("MOST_BYTES", 40_000)], ids=["number", "size"]
)
def test_a_full_collection_says_so(monkeypatch, limit, value):
    collection.add(pixels(), "Apple")
    monkeypatch.setattr(collection, limit, value)
    with pytest.raises(DataError, match="full"):
        collection.add(pixels(1), "Apple")
    assert collection.add(pixels(), "Pear").category == "Pear"  # moving takes no space


@pytest.mark.parametrize("name", ["", " ", ".hidden", "..", "a/b", "a\\b", "x" * 65, "a\0b"])
def test_a_category_stays_in_its_folder(name):
    with pytest.raises(DataError, match="cannot be a category"):
        collection.add(pixels(), name)
    with pytest.raises(DataError, match="not a valid name"):
        collection.folder("../elsewhere")
