"""The store: loading, listing and removing datasets, and what it refuses."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data.importing import import_pictures
from fruitlab.data.store import available, load, local_name, remove


def files_of(folder: str) -> dict[str, Path]:
    """Returns the files of a dataset by "data", "index", "nice" and "real"."""
    return {re.split(r"[-.]", path.name)[0]: path for path in (data_root() / folder).iterdir()}


def test_images_are_read_only_memmaps(mine):
    data = load("mine")
    assert isinstance(data.nice.images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        data.nice.images[0, 0, 0, 0] = 1


def test_data_is_recognized_by_its_fingerprint_whatever_its_name(mine):
    fingerprint = load("mine").fingerprint
    assert local_name("theirs", fingerprint) == "mine"
    assert local_name("mine", fingerprint) == "mine"
    assert local_name("mine", "another") == "mine"  # of that name, with other pictures
    assert local_name("theirs", "another") is None and local_name("theirs", None) is None
    assert local_name("synthetic:7", "another") == "synthetic:7"  # drawn when it is needed
    known = {"theirs": "others", "mine": fingerprint}
    assert local_name("theirs", fingerprint, known) == "mine"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def edit_json(change):
    """Returns a function that applies ``change`` to the contents of a JSON file."""

    def edit(path: Path) -> None:
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return edit


DAMAGE = {
    "truncated json": ("data", truncate),
    "empty json": ("data", lambda path: path.write_bytes(b"")),
    "a list as json": ("data", lambda path: path.write_text("[1, 2]")),
    "binary json": ("data", lambda path: path.write_bytes(b"\xff\x00\xfe")),
    "json without categories": ("data", edit_json(lambda record: record.pop("categories"))),
    "truncated array": ("nice", truncate),
    "missing array": ("nice", Path.unlink),
    "array of another shape": (
        "nice",
        lambda path: np.save(path, np.zeros((60, 10, 10, 3), np.uint8)),
    ),
    "pickled array": (
        "nice",
        lambda path: np.save(path, np.array([{"a": 1}] * 60, dtype=object), allow_pickle=True),
    ),
    "empty array": ("nice", lambda path: path.write_bytes(b"")),
    "array with a missing row": (
        "nice",
        lambda path: np.save(path, np.zeros((59, 100, 100, 3), np.uint8)),
    ),
    "truncated index": ("index", truncate),
    "missing index": ("index", Path.unlink),
    "index with a wrong label": (
        "index",
        edit_json(lambda index: index["nice"]["labels"].__setitem__(0, 99)),
    ),
    "index with a missing hash": ("index", edit_json(lambda index: index["nice"]["hashes"].pop())),
    "index without sources": ("index", edit_json(lambda index: index.update(sources=5))),
}


@pytest.mark.slow
@pytest.mark.parametrize(("file", "damage"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_reported_with_the_command_that_repairs_it(mine, file, damage):
    damage(files_of("mine")[file])
    command = r"'mine' is damaged.*fruitlab data import --name mine --nice .* --replace"
    with pytest.raises(DataError, match=command):
        load("mine")
    entry = next(entry for entry in available() if entry["name"] == "mine")
    assert "--replace" in (entry["problem"] or "--replace")
    import_pictures(name="mine", nice=mine.nice, real=mine.real, replace=True)
    assert len(load("mine").nice.images) == 60 and len(list((data_root() / "mine").iterdir())) == 4


def test_data_of_a_newer_version_is_refused_and_kept(mine):
    path = files_of("mine")["data"]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(DataError, match=r"newer FruitLab .*Update"):
        load("mine")
    assert "newer" in next(entry["problem"] for entry in available() if entry["name"] == "mine")
    with pytest.raises(DataError):  # a failing replacement must not delete it
        import_pictures(
            name="mine", nice=mine.nice, real=mine.real, min_images=10_000, replace=True
        )
    assert len(list((data_root() / "mine").iterdir())) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["nothing", "", "..", "../pair", "a/b", "/etc", "x" * 300, "mine\0"]
)
def test_errors_for_unknown_names_list_the_datasets(mine, name):
    message = r"no dataset named .* Available datasets: synthetic, mine\..*data import --name"
    for function in (load, remove):
        with pytest.raises(DataError, match=message):
            function(name)


def test_available_describes_every_dataset(mine):
    built_in, entry = available()
    assert built_in["name"] == "synthetic" and built_in["kind"] == "drawn"
    assert built_in["imported"] is None and len(built_in["categories"]) == 26
    assert set(built_in) == set(entry) and json.dumps(entry)
    assert entry["kind"] == "photographs" and entry["categories"] == list(mine.categories)
    assert entry["counts"]["Red Disc"] == {"nice": 20, "real": 25}
    assert entry["nice"] == str(mine.nice) and entry["folders_there"] is True
    assert entry["problem"] is None
    imported = datetime.strptime(entry["imported"], "%Y-%m-%dT%H:%M:%S+00:00").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - imported).total_seconds()) < 100
    assert entry["fingerprint"] == load("mine").fingerprint


def test_remove_deletes_the_dataset_but_no_other_files(mine):
    (data_root() / "mine" / "notes.txt").write_text("mine")
    remove("mine")
    assert [path.name for path in (data_root() / "mine").iterdir()] == ["notes.txt"]
    assert len(list(mine.nice.rglob("*.png"))) == 60
    with pytest.raises(DataError, match="no dataset named"):
        load("mine")
    import_pictures(name="mine", nice=mine.nice, real=mine.real)


def test_neither_torch_nor_streamlit_is_imported():
    code = (
        "import sys, fruitlab.data.store, fruitlab.data.importing\n"
        "print('torch' in sys.modules or 'streamlit' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
