"""Folders of pictures as users have them. Only names matter here, so the files are empty."""

import os
import random
import unicodedata
from pathlib import Path

import pytest
from layout_files import count_files, frames, make_files, relative_paths

from fruitlab.config.errors import DataError
from fruitlab.data.layouts import find_pictures


def test_folder_names_are_the_categories(tmp_path):
    make_files(
        tmp_path,
        "Apple/10.jpg",
        "Apple/9.jpg",
        "Apple/more/1.png",
        "Bolts & nuts/a.jpg",
        "Äpfel/x.webp",
        "Empty/.keep",
        "note.txt",
    )
    layout = find_pictures(tmp_path)
    assert layout.kind == "folders"
    assert relative_paths(layout, tmp_path) == {
        "Apple": ["Apple/9.jpg", "Apple/10.jpg", "Apple/more/1.png"],
        "Bolts & nuts": ["Bolts & nuts/a.jpg"],
        "Äpfel": ["Äpfel/x.webp"],
    }
    assert layout.ignored == {"Empty": "no files in it"}
    assert "3 folders" in layout.note


def test_fruit_names_alone_are_not_taken_for_a_public_dataset(tmp_path):
    make_files(
        tmp_path,
        *frames("Apple", 450),
        *frames("Banana", 3),
        *frames("Avocado", 2),
        *frames("Tomato", 2),
        "Passion Fruit/1.jpg",
    )
    layout = find_pictures(tmp_path)
    assert layout.kind == "folders"
    assert count_files(layout) == {
        "Apple": 450,
        "Banana": 3,
        "Avocado": 2,
        "Tomato": 2,
        "Passion Fruit": 1,
    }


def test_varieties_of_one_fruit_are_not_merged(tmp_path):
    make_files(tmp_path, "Apple Red/1.jpg", "Apple Golden/1.jpg", "Apple Braeburn/1.jpg")
    assert list(find_pictures(tmp_path).pictures) == ["Apple Braeburn", "Apple Golden", "Apple Red"]


def test_hidden_and_system_files_are_skipped_but_others_are_left_to_the_decoder(tmp_path):
    make_files(
        tmp_path,
        "Apple/1.jpg",
        "Apple/._1.jpg",
        "Apple/.DS_Store",
        "Apple/Thumbs.db",
        "Apple/readme.txt",
        "Apple/.thumbs/1.jpg",
        "__MACOSX/Apple/1.jpg",
        ".git/x",
        "Pear/desktop.ini",
        "Pear/2.jpg",
    )
    assert relative_paths(find_pictures(tmp_path), tmp_path) == {
        "Apple": ["Apple/1.jpg", "Apple/readme.txt"],
        "Pear": ["Pear/2.jpg"],
    }


def test_a_name_in_two_unicode_forms_is_one_category(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "Äpfel") for form in ("NFC", "NFD"))
    make_files(tmp_path, f"{composed}/1.jpg", f"{decomposed}/2.jpg", "Birnen/1.jpg")
    assert count_files(find_pictures(tmp_path)) == {"Birnen": 1, composed: 2}


def test_training_and_test_folders_are_pooled(tmp_path):
    make_files(tmp_path, "train/Bolt/1.jpg", "train/Nut/1.jpg", "test/Bolt/2.jpg", "val/Bolt/3.jpg")
    layout = find_pictures(tmp_path)
    assert layout.kind == "folders"
    assert relative_paths(layout, tmp_path) == {
        "Bolt": ["test/Bolt/2.jpg", "train/Bolt/1.jpg", "val/Bolt/3.jpg"],
        "Nut": ["train/Nut/1.jpg"],
    }
    assert "pooled" in layout.note


def test_a_category_may_be_named_test(tmp_path):
    make_files(tmp_path, "Bolt/1.jpg", "Nut/1.jpg", "Test/a/1.jpg", "Test/2.jpg")
    assert relative_paths(find_pictures(tmp_path), tmp_path) == {
        "Bolt": ["Bolt/1.jpg"],
        "Nut": ["Nut/1.jpg"],
        "Test": ["Test/2.jpg", "Test/a/1.jpg"],
    }


def test_enclosing_folders_are_skipped(tmp_path):
    make_files(tmp_path, "my-fruits/data/Apple/1.jpg", "my-fruits/data/Pear/1.jpg")
    assert list(find_pictures(tmp_path).pictures) == ["Apple", "Pear"]


def test_a_single_category(tmp_path):
    make_files(tmp_path, "Apple/1.jpg", "Apple/sub/2.jpg")
    assert relative_paths(find_pictures(tmp_path), tmp_path) == {
        "Apple": ["Apple/1.jpg", "Apple/sub/2.jpg"]
    }


def test_the_order_does_not_depend_on_the_file_system(tmp_path, monkeypatch):
    make_files(
        tmp_path,
        *frames("Training/Apple Red 1", 30),
        *frames("Training/Pear 2", 30),
        *frames("Test/Apple Red 1", 30, start=30),
    )
    expected = find_pictures(tmp_path, per_category=17)
    real = os.scandir

    class Shuffled:
        def __init__(self, folder):
            with real(folder) as entries:
                self.entries = random.sample(found := list(entries), len(found))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.close()

        def __iter__(self):
            return iter(self.entries)

        def __next__(self):
            if not self.entries:
                raise StopIteration
            return self.entries.pop()

        def close(self):
            pass

    monkeypatch.setattr(os, "scandir", Shuffled)
    for _ in range(3):
        assert find_pictures(tmp_path, per_category=17) == expected


def test_errors_for_unusable_folders_say_what_was_expected(tmp_path):
    (tmp_path / "empty").mkdir()
    make_files(
        tmp_path,
        "loose/1.jpg",
        "junk/Apple/.DS_Store",
        "archive.zip",
        "wrong360/Training/Apple Rotten 1/1.jpg",
    )
    for name, problem in (
        ("empty", "no pictures below"),
        ("loose", "no pictures below"),
        ("junk", "no pictures below"),
        ("missing", "There is no folder"),
        ("archive.zip", "unpack it first"),
    ):
        with pytest.raises(DataError, match=problem) as caught:
            find_pictures(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value) and "nice/Apple/*.jpg" in str(caught.value)
    with pytest.raises(DataError, match="no pictures below"):
        find_pictures(tmp_path / "wrong360", kind="fruits-360")


def test_a_folder_without_permission_is_named(tmp_path, monkeypatch):
    make_files(tmp_path, "Apple/1.jpg", "Pear/1.jpg")
    real = os.scandir

    def refuse(folder):
        if Path(folder).name == "Pear":
            raise PermissionError(13, "Permission denied", str(folder))
        return real(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"No permission to read .*Pear"):
        find_pictures(tmp_path)
