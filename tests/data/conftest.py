"""Fixtures of the data tests."""

import zipfile
from pathlib import Path

import pytest

from fruitlab.data import decoding
from fruitlab.data.importing import import_pictures


@pytest.fixture
def mine(pair):
    """The pair, imported as "mine"."""
    import_pictures(name="mine", nice=pair.nice, real=pair.real)
    return pair


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that are decoded from here on, in a list that grows."""
    names, read_many = [], decoding.read_many

    def read_and_record(paths):
        names.extend(path.name for path in paths)
        return read_many(paths)

    monkeypatch.setattr(decoding, "read_many", read_and_record)
    return names


@pytest.fixture
def make_zip(tmp_path: Path):
    """Returns a function that creates a zip of {name or ZipInfo: content}."""

    def make(entries: dict, compression: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "upload.zip"
        with zipfile.ZipFile(path, "w", compression) as file:
            for name, content in entries.items():
                file.writestr(name, content)
        return path

    return make
