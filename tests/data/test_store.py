"""The store: what load returns, notices and refuses."""

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import importing
from fruitlab.data.importing import import_pictures
from fruitlab.data.store import available, load, remove


@pytest.fixture
def mine(pair):
    """The pair, imported as "mine"."""
    import_pictures(name="mine", nice=pair.nice, real=pair.real)
    return pair


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that are decoded from here on."""
    names, read = [], importing.read
    monkeypatch.setattr(importing, "read", lambda path: (names.append(path.name), read(path))[1])
    return names


def files_of(folder):
    return {
        path.name.split("-")[0].partition(".")[0]: path for path in (data_root() / folder).iterdir()
    }


def picture(path, seed):
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (100, 100, 3), np.uint8)).save(
        path
    )
    return np.asarray(Image.open(path))


def test_nothing_is_decoded_or_said_while_nothing_changed(mine, decoded):
    said = []
    one, two = load("mine", say=said.append), load("mine", say=said.append)
    assert (
        isinstance(one.nice.images, np.memmap)
        and one.fingerprint == two.fingerprint
        and not said
        and not decoded
    )
    with pytest.raises(ValueError, match="read-only"):
        one.nice.images[0, 0, 0, 0] = 1


def test_changed_pictures_are_noticed_and_only_they_are_decoded(mine, decoded):
    before, said = load("mine"), []
    new = picture(mine.nice / "Red Disc" / "aa new.png", 1)
    changed = picture(mine.real / "Yellow Bar" / "03.png", 2)
    (mine.real / "Green Ring" / "24.png").unlink()
    after = load("mine", say=said.append)
    assert sorted(decoded) == ["03.png", "aa new.png"]
    assert len(said) == 1 and "'mine' changed" in said[0] and "2 new or changed, 1 gone" in said[0]
    assert (
        len(after.nice.paths) == 61
        and len(after.real.paths) == 74
        and after.fingerprint != before.fingerprint
    )
    np.testing.assert_array_equal(
        after.nice.images[after.nice.paths.index("Red Disc/aa new.png")], new
    )
    np.testing.assert_array_equal(
        after.real.images[after.real.paths.index("Yellow Bar/03.png")], changed
    )
    for domain, root in ((after.nice, mine.nice), (after.real, mine.real)):
        for row in range(0, len(domain.paths), 5):
            np.testing.assert_array_equal(
                domain.images[row], np.asarray(Image.open(root / domain.paths[row]))
            )
    fresh = import_pictures(name="fresh", nice=mine.nice, real=mine.real)
    assert fresh.fingerprint == after.fingerprint
    said.clear()
    assert load("mine", say=said.append).fingerprint == after.fingerprint and not said
    assert before.nice.images[0].any()  # who had it open goes on with what it had


def test_new_folders_and_mended_pictures_count_as_changes(mine):
    shutil.copytree(mine.nice / "Red Disc", mine.nice / "Blue Box")
    assert load("mine").left_out == {"Blue Box": "20 nice, 0 real; 20 needed in each"}
    bad = mine.nice / "Red Disc" / "bad.png"
    bad.write_bytes(b"no picture")
    assert load("mine").refused[0]["file"] == "nice/Red Disc/bad.png"
    picture(bad, 3)
    assert load("mine").refused == [] and "Red Disc/bad.png" in load("mine").nice.paths


def test_pictures_put_into_a_folder_that_was_empty_or_a_link(mine, tmp_path):
    for domain in (mine.nice, mine.real):
        (domain / "Empty").mkdir()
        (tmp_path / "far" / domain.name).mkdir(parents=True)
        picture(tmp_path / "far" / domain.name / "0.png", domain.name == "nice")
        (domain / "Linked").symlink_to(tmp_path / "far" / domain.name)
    import_pictures(name="mine", nice=mine.nice, real=mine.real, min_images=2, replace=True)
    assert "Linked" in load("mine").left_out
    for seed, folder in enumerate(
        [
            mine.nice / "Empty",
            mine.real / "Empty",
            tmp_path / "far" / "nice",
            tmp_path / "far" / "real",
        ]
    ):
        for i in range(2):
            picture(folder / f"new {i}.png", 100 + 10 * seed + i)
    assert load("mine").categories == ("Empty", "Green Ring", "Linked", "Red Disc", "Yellow Bar")


def test_touched_files_change_nothing(mine):
    before = load("mine").fingerprint
    os.utime(mine.nice / "Red Disc" / "00.png", (1, 1))
    assert load("mine").fingerprint == before


def test_options_of_the_import_hold_for_the_next_reading(pair):
    for domain in (pair.nice, pair.real):
        shutil.rmtree(domain / "Red Disc")
    import_pictures(
        name="mine", nice=pair.nice, real=pair.real, min_images=4, group=r"/(\d)\d\.png"
    )
    before = len(load("mine").group_keys)
    for domain in (pair.nice, pair.real):
        (domain / "Few").mkdir()
        for i in range(4):
            picture(
                domain / "Few" / f"3{i}.png" if i < 2 else domain / "Few" / f"4{i}.png",
                i + 10 * (domain == pair.real),
            )
    data = load("mine")
    assert "Few" in data.categories and len(data.group_keys) == before + 2


def test_gone_folders_do_not_matter(mine, tmp_path):
    before, said = load("mine").fingerprint, []
    mine.nice.parent.rename(tmp_path / "elsewhere")
    assert load("mine", say=said.append).fingerprint == before and not said
    assert [entry["folders_there"] for entry in available() if entry["name"] == "mine"] == [False]
    mine.nice.mkdir(parents=True)  # as when a disk is not mounted: the folder is there, and empty
    mine.real.mkdir(parents=True)
    assert load("mine", say=said.append).fingerprint == before and not said


def test_changes_that_cannot_be_imported_leave_what_there_was(mine):
    before, said = load("mine"), []
    for path in mine.nice.glob("*/1*.png"):
        path.unlink()
    data = load("mine", say=said.append)
    assert data.fingerprint == before.fingerprint and len(data.nice.images) == 60
    assert (
        "0 new or changed, 30 gone" in said[0]
        and "could not be read again" in said[-1]
        and "Going on with" in said[-1]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        "json cut",
        "json empty",
        "json list",
        "json other",
        "json no categories",
        "array cut",
        "array gone",
        "array other shape",
        "array pickled",
        "array empty",
        "array rows",
        "index cut",
        "index gone",
        "index labels",
        "index short",
        "index sources",
    ],
)
def test_damage_is_a_sentence_that_says_what_to_do(mine, damage):
    files = files_of("mine")
    path = files[{"json": "data", "array": "nice", "index": "index"}[damage.split()[0]]]
    content, how = path.read_bytes(), damage.partition(" ")[2]
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "list":
        path.write_text("[1, 2]")
    elif how == "other":
        path.write_bytes(b"\xff\x00\xfe")
    elif how in ("no categories", "labels", "short", "sources"):
        record = json.loads(content)
        if how == "no categories":
            del record["categories"]
        elif how == "labels":
            record["nice"]["labels"][0] = 99
        elif how == "short":
            record["nice"]["hashes"].pop()
        else:
            record["sources"] = 5
        path.write_text(json.dumps(record))
    elif how == "pickled":
        np.save(path, np.array([{"a": 1}] * 60, dtype=object), allow_pickle=True)
    else:
        np.save(
            path, np.zeros((60, 10, 10, 3) if how == "other shape" else (59, 100, 100, 3), np.uint8)
        )
    with pytest.raises(
        DataError, match=r"'mine' is damaged.*fruitlab data import --name mine --nice .* --replace"
    ):
        load("mine")
    entry = next(entry for entry in available() if entry["name"] == "mine")
    assert "--replace" in (entry["problem"] or "--replace")
    import_pictures(name="mine", nice=mine.nice, real=mine.real, replace=True)
    assert len(load("mine").nice.images) == 60 and len(list((data_root() / "mine").iterdir())) == 4


def test_data_of_a_newer_version_is_refused_and_kept(mine):
    path = files_of("mine")["data"]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(DataError, match="newer FruitLab .*update"):
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
def test_unknown_names_say_what_there_is(mine, name):
    for act in (load, remove):
        with pytest.raises(
            DataError, match=r"no data named .* There is: synthetic, mine\..*data import --name"
        ):
            act(name)


def test_available(mine):
    built_in, entry = available()
    assert (
        built_in["name"] == "synthetic"
        and built_in["kind"] == "drawn"
        and built_in["imported"] is None
        and len(built_in["categories"]) == 26
    )
    assert set(built_in) == set(entry) and json.dumps(entry)
    assert (
        entry["kind"] == "photographs"
        and entry["categories"] == list(mine.categories)
        and entry["counts"]["Red Disc"] == {"nice": 20, "real": 25}
    )
    assert (
        entry["nice"] == str(mine.nice)
        and entry["folders_there"] is True
        and entry["problem"] is None
    )
    assert (
        abs(
            time.time()
            - time.mktime(time.strptime(entry["imported"], "%Y-%m-%dT%H:%M:%S+00:00"))
            + time.timezone
        )
        < 100
    )
    assert entry["fingerprint"] == load("mine").fingerprint


def test_remove_deletes_the_data_and_not_the_pictures(mine):
    (data_root() / "mine" / "notes.txt").write_text("mine")
    remove("mine")
    assert [path.name for path in (data_root() / "mine").iterdir()] == ["notes.txt"] and len(
        list(mine.nice.rglob("*.png"))
    ) == 60
    with pytest.raises(DataError, match="no data named"):
        load("mine")
    import_pictures(name="mine", nice=mine.nice, real=mine.real)


def test_nothing_here_imports_torch():
    code = "import sys, fruitlab.data.store, fruitlab.data.importing; print('torch' in sys.modules or 'streamlit' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "False\n"
    )
