"""Picture files that change after an import: what ``store.load`` notices and reads again."""

import os
import shutil

import numpy as np
from picture_files import save_noise
from PIL import Image

from fruitlab.data.importing import import_pictures
from fruitlab.data.store import available, load


def picture_at(domain, path):
    """Returns the pixels of the picture with that path within the dataset."""
    return domain.images[domain.paths.index(path)]


def test_nothing_is_decoded_without_changes(mine, decoded):
    messages = []
    one, two = load("mine", say=messages.append), load("mine", say=messages.append)
    assert one.fingerprint == two.fingerprint
    assert not messages and not decoded


def test_only_changed_pictures_are_decoded(mine, decoded):
    before, messages = load("mine"), []
    new = save_noise(mine.nice / "Red Disc" / "aa new.png", 1)
    changed = save_noise(mine.real / "Yellow Bar" / "03.png", 2)
    (mine.real / "Green Ring" / "24.png").unlink()
    after = load("mine", say=messages.append)
    assert sorted(decoded) == ["03.png", "aa new.png"]
    assert len(messages) == 1 and "'mine' changed" in messages[0]
    assert "2 new or changed, 1 gone" in messages[0]
    assert len(after.nice.paths) == 61 and len(after.real.paths) == 74
    assert after.fingerprint != before.fingerprint
    np.testing.assert_array_equal(picture_at(after.nice, "Red Disc/aa new.png"), new)
    np.testing.assert_array_equal(picture_at(after.real, "Yellow Bar/03.png"), changed)
    for domain, root in ((after.nice, mine.nice), (after.real, mine.real)):
        for row in range(0, len(domain.paths), 5):
            expected = np.asarray(Image.open(root / domain.paths[row]))
            np.testing.assert_array_equal(domain.images[row], expected)
    fresh = import_pictures(name="fresh", nice=mine.nice, real=mine.real)
    assert fresh.fingerprint == after.fingerprint
    messages.clear()
    assert load("mine", say=messages.append).fingerprint == after.fingerprint and not messages
    assert before.nice.images[0].any()  # the replaced arrays can still be read


def test_new_folders_and_repaired_pictures_count_as_changes(mine):
    shutil.copytree(mine.nice / "Red Disc", mine.nice / "Blue Box")
    assert load("mine").left_out == {"Blue Box": "20 nice, 0 real; 20 needed in each"}
    bad = mine.nice / "Red Disc" / "bad.png"
    bad.write_bytes(b"not a picture")
    assert load("mine").refused[0]["file"] == "nice/Red Disc/bad.png"
    save_noise(bad, 3)
    assert load("mine").refused == [] and "Red Disc/bad.png" in load("mine").nice.paths


def test_pictures_added_to_an_empty_or_linked_folder_are_noticed(mine, tmp_path):
    for domain in (mine.nice, mine.real):
        (domain / "Empty").mkdir()
        (tmp_path / "far" / domain.name).mkdir(parents=True)
        save_noise(tmp_path / "far" / domain.name / "0.png", domain.name == "nice")
        (domain / "Linked").symlink_to(tmp_path / "far" / domain.name)
    import_pictures(name="mine", nice=mine.nice, real=mine.real, min_images=2, replace=True)
    assert "Linked" in load("mine").left_out
    folders = (
        mine.nice / "Empty",
        mine.real / "Empty",
        tmp_path / "far" / "nice",
        tmp_path / "far" / "real",
    )
    for seed, folder in enumerate(folders):
        for i in range(2):
            save_noise(folder / f"new {i}.png", 100 + 10 * seed + i)
    assert load("mine").categories == ("Empty", "Green Ring", "Linked", "Red Disc", "Yellow Bar")


def test_modification_times_alone_change_nothing(mine):
    before = load("mine").fingerprint
    os.utime(mine.nice / "Red Disc" / "00.png", (1, 1))
    assert load("mine").fingerprint == before


def test_changes_are_imported_with_the_options_of_the_first_import(pair):
    for domain in (pair.nice, pair.real):
        shutil.rmtree(domain / "Red Disc")
    group = r"/(\d)\d\.png"
    import_pictures(name="mine", nice=pair.nice, real=pair.real, min_images=4, group=group)
    before = len(load("mine").group_keys)
    for domain in (pair.nice, pair.real):
        (domain / "Few").mkdir()
        for i, name in enumerate(("30.png", "31.png", "42.png", "43.png")):
            save_noise(domain / "Few" / name, i + 10 * (domain == pair.real))
    data = load("mine")
    assert "Few" in data.categories and len(data.group_keys) == before + 2


def test_missing_folders_do_not_matter(mine, tmp_path):
    before, messages = load("mine").fingerprint, []
    mine.nice.parent.rename(tmp_path / "elsewhere")
    assert load("mine", say=messages.append).fingerprint == before and not messages
    assert [entry["folders_there"] for entry in available() if entry["name"] == "mine"] == [False]
    mine.nice.mkdir(parents=True)  # empty folders, as when a disk is not mounted
    mine.real.mkdir(parents=True)
    assert load("mine", say=messages.append).fingerprint == before and not messages


def test_changes_that_cannot_be_imported_leave_the_dataset_as_it_was(mine):
    before, messages = load("mine"), []
    for path in mine.nice.glob("*/1*.png"):
        path.unlink()
    data = load("mine", say=messages.append)
    assert data.fingerprint == before.fingerprint and len(data.nice.images) == 60
    assert "0 new or changed, 30 gone" in messages[0]
    assert "could not be read again" in messages[-1] and "Going on with" in messages[-1]
