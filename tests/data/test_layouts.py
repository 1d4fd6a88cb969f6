"""Folders as people and archives make them. Only names matter here, so the "pictures" are empty files."""

import os
import random
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from fruitlab.config.errors import DataError
from fruitlab.data import layouts
from fruitlab.data.categories import CATEGORIES, FRUITS_262, FRUITS_262_OTHERS, FRUITS_360
from fruitlab.data.layouts import find_pictures


def make(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"")
    return root


def frames(folder: str, count: int, *, start: int = 0) -> list[str]:
    return [f"{folder}/r_{index}_100.jpg" for index in range(start, start + count)]


def found(layout, root: Path) -> dict[str, list[str]]:
    return {
        category: [path.relative_to(root).as_posix() for path in paths]
        for category, paths in layout.pictures.items()
    }


# ---- one's own folders


def test_own_folders_are_categories_under_their_own_names(tmp_path):
    make(
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
    assert found(layout, tmp_path) == {
        "Apple": ["Apple/9.jpg", "Apple/10.jpg", "Apple/more/1.png"],
        "Bolts & nuts": ["Bolts & nuts/a.jpg"],
        "Äpfel": ["Äpfel/x.webp"],
    }
    assert layout.ignored == {"Empty": "no files in it"}
    assert "3 folders" in layout.note


def test_plain_fruit_names_stay_own_folders_with_all_their_files(tmp_path):
    make(
        tmp_path,
        *frames("Apple", 450),
        *frames("Banana", 3),
        *frames("Avocado", 2),
        *frames("Tomato", 2),
        "Passion Fruit/1.jpg",
    )
    layout = find_pictures(tmp_path)
    assert layout.kind == "folders"
    assert {category: len(paths) for category, paths in layout.pictures.items()} == {
        "Apple": 450,
        "Banana": 3,
        "Avocado": 2,
        "Tomato": 2,
        "Passion Fruit": 1,
    }


def test_own_varieties_of_one_fruit_are_not_merged(tmp_path):
    make(tmp_path, "Apple Red/1.jpg", "Apple Golden/1.jpg", "Apple Braeburn/1.jpg")
    assert list(find_pictures(tmp_path).pictures) == ["Apple Braeburn", "Apple Golden", "Apple Red"]


def test_junk_is_skipped_but_files_that_are_no_pictures_are_left_to_the_decoder(tmp_path):
    make(
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
    assert found(find_pictures(tmp_path), tmp_path) == {
        "Apple": ["Apple/1.jpg", "Apple/readme.txt"],
        "Pear": ["Pear/2.jpg"],
    }


def test_the_same_name_in_two_unicode_forms_is_one_category(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "Äpfel") for form in ("NFC", "NFD"))
    make(tmp_path, f"{composed}/1.jpg", f"{decomposed}/2.jpg", "Birnen/1.jpg")
    assert {
        category: len(paths) for category, paths in find_pictures(tmp_path).pictures.items()
    } == {"Birnen": 1, composed: 2}


def test_own_training_and_test_folders_are_pooled_instead_of_becoming_categories(tmp_path):
    make(tmp_path, "train/Bolt/1.jpg", "train/Nut/1.jpg", "test/Bolt/2.jpg", "val/Bolt/3.jpg")
    layout = find_pictures(tmp_path)
    assert layout.kind == "folders"
    assert found(layout, tmp_path) == {
        "Bolt": ["test/Bolt/2.jpg", "train/Bolt/1.jpg", "val/Bolt/3.jpg"],
        "Nut": ["train/Nut/1.jpg"],
    }
    assert "pooled" in layout.note


def test_a_category_that_happens_to_be_called_test_loses_nothing(tmp_path):
    make(tmp_path, "Bolt/1.jpg", "Nut/1.jpg", "Test/a/1.jpg", "Test/2.jpg")
    assert found(find_pictures(tmp_path), tmp_path) == {
        "Bolt": ["Bolt/1.jpg"],
        "Nut": ["Nut/1.jpg"],
        "Test": ["Test/2.jpg", "Test/a/1.jpg"],
    }


def test_the_folder_that_unpacking_wraps_around_is_stepped_into(tmp_path):
    make(tmp_path, "my-fruits/data/Apple/1.jpg", "my-fruits/data/Pear/1.jpg")
    assert list(find_pictures(tmp_path).pictures) == ["Apple", "Pear"]


def test_a_single_category_is_still_a_category(tmp_path):
    make(tmp_path, "Apple/1.jpg", "Apple/sub/2.jpg")
    assert found(find_pictures(tmp_path), tmp_path) == {"Apple": ["Apple/1.jpg", "Apple/sub/2.jpg"]}


def test_the_order_does_not_depend_on_the_file_system(tmp_path, monkeypatch):
    make(
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

    monkeypatch.setattr(layouts.os, "scandir", Shuffled)
    for _ in range(3):
        assert find_pictures(tmp_path, per_category=17) == expected


# ---- Fruits-360


@pytest.mark.parametrize(
    "prefix",
    ["", "fruits-360/", "fruits-360_dataset/fruits-360/", "fruits-360_100x100/fruits-360/"],
)
@pytest.mark.parametrize(
    "names",
    [
        ("Apple Braeburn", "Apple Red 1", "Banana", "Carambula", "Watermelon"),
        ("Apple Braeburn 1", "Apple Red 1", "Banana 1", "Carambula 1", "Watermelon 1"),
        ("apple_braeburn_1", "apple_red_1", "Banana 3", "Carambola 2", "Tomato 5"),
    ],
)
def test_fruits_360_is_recognised_however_it_was_unpacked(tmp_path, prefix, names):
    for split, start in (("Training", 0), ("Test", 10)):
        make(
            tmp_path,
            *(
                file
                for name in names
                for file in frames(f"{prefix}{split}/{name}", 10, start=start)
            ),
        )
    make(tmp_path, f"{prefix}papers/a.pdf", f"{prefix}LICENSE")
    layout = find_pictures(tmp_path)
    assert layout.kind == "fruits-360"
    assert {category: len(paths) for category, paths in layout.pictures.items()} == {
        "Apple": 40,
        "Banana": 20,
        "Carambola": 20,
    }
    assert set(layout.ignored) == {
        f"{prefix}papers",
        f"{prefix}Training/{names[4]}",
        f"{prefix}Test/{names[4]}",
    }
    assert (
        "Fruits-360" in layout.note and "80" in layout.note and "3 of the paper's 26" in layout.note
    )


def test_its_training_folder_alone_is_recognised_too(tmp_path):
    make(
        tmp_path,
        "Training/Apple Braeburn/0.jpg",
        "Training/Apple Red 1/0.jpg",
        "Training/Cherry/0.jpg",
        "Training/Cucumber Ripe/0.jpg",
    )
    layout = find_pictures(tmp_path / "Training")
    assert layout.kind == "fruits-360" and list(layout.pictures) == ["Apple", "Cherry"]


def test_rotten_hit_and_similar_folders_stay_out_and_are_named(tmp_path):
    left = [
        "Apple Rotten 1",
        "Apple hit 1",
        "Apple Core 1",
        "Apple worm 1",
        "Mangostan 1",
        "Watermelon 1",
        "Tomato Cherry Red 1",
        "Pepper Orange 1",
    ]
    make(
        tmp_path,
        "Training/Apple 6/1.jpg",
        "Training/Mango 1/1.jpg",
        *(f"Training/{name}/1.jpg" for name in left),
    )
    layout = find_pictures(tmp_path)
    assert found(layout, tmp_path) == {
        "Apple": ["Training/Apple 6/1.jpg"],
        "Mango": ["Training/Mango 1/1.jpg"],
    }
    assert set(layout.ignored) == {f"Training/{name}" for name in left}


def test_the_pooled_pictures_are_spread_evenly_over_varieties_and_frames(tmp_path):
    make(
        tmp_path,
        *frames("Training/Apple Golden 1", 300),
        *frames("Test/Apple Golden 1", 100, start=300),
        *frames("Training/Apple Pink Lady 1", 40),
        *frames("Training/Apple Red 1", 500),
        *frames("Training/Kiwi 1", 150),
        *frames("Training/Plum 1", 1000),
    )
    layout = find_pictures(tmp_path, per_category=400)
    assert {category: len(paths) for category, paths in layout.pictures.items()} == {
        "Apple": 400,
        "Kiwi": 150,
        "Plum": 400,
    }
    assert Counter(path.parent.name for path in layout.pictures["Apple"]) == {
        "Apple Golden 1": 180,
        "Apple Pink Lady 1": 40,
        "Apple Red 1": 180,
    }
    assert len(set(layout.pictures["Apple"])) == 400
    golden = [path for path in layout.pictures["Apple"] if path.parent.name == "Apple Golden 1"]
    taken = sorted(int(path.name.split("_")[1]) for path in golden)
    gaps = {later - earlier for earlier, later in zip(taken, taken[1:])}
    assert gaps == {2, 3} and taken[0] <= 1 and taken[-1] >= 398, (
        "180 of 400 frames: every 2nd or 3rd, from the first to the last, Test among them"
    )
    assert {path.parent.parent.name for path in golden} == {"Training", "Test"}


def test_fewer_pictures_than_varieties(tmp_path):
    make(
        tmp_path,
        *(file for number in range(1, 10) for file in frames(f"Training/Pear {number}", 5)),
        *frames("Training/Kiwi 1", 5),
    )
    assert len(find_pictures(tmp_path, per_category=4).pictures["Pear"]) == 4


def test_the_whole_archive_gives_each_film_once(tmp_path):
    """Kaggle's archive has the same fruits at 100x100, in original size, and some again for the "3-body problem", a level deeper."""
    make(
        tmp_path,
        *frames("fruits-360_100x100/fruits-360/Training/Apple Red Delicious 1", 10),
        *frames("fruits-360_100x100/fruits-360/Test/Apple Red Delicious 1", 5),
        *frames("fruits-360_100x100/fruits-360/Training/Cherry 2", 10),
        *frames(
            "fruits-360_original-size/fruits-360-original-size/Training/apple_red_delicios_1", 10
        ),
        *frames("fruits-360_original-size/fruits-360-original-size/Validation/Pear 3", 10),
        *frames("fruits-360_3-body-problem/fruits-360-3-body-problem/Training/Cherry/Cherry 2", 10),
        *frames("fruits-360_3-body-problem/fruits-360-3-body-problem/Test/Tomato/Tomato 1", 10),
        "fruits-360_multi/test-multiple_fruits/apple.jpg",
        "fruits-360_dataset_meta/Papers/a.pdf",
    )
    layout = find_pictures(tmp_path)
    assert layout.kind == "fruits-360"
    assert {category: len(paths) for category, paths in layout.pictures.items()} == {
        "Apple": 15,
        "Cherry": 10,
        "Pear": 10,
    }
    assert {path.relative_to(tmp_path).parts[0] for path in layout.pictures["Cherry"]} == {
        "fruits-360_100x100"
    }
    assert "fruits-360_multi" in layout.ignored and "fruits-360_dataset_meta" in layout.ignored
    copy = "fruits-360_original-size/fruits-360-original-size/Training/apple_red_delicios_1"
    assert (
        layout.ignored[copy]
        == "the same fruit as in fruits-360_100x100/fruits-360/Test/Apple Red Delicious 1"
    )


def test_a_set_split_over_several_roots_is_put_together(tmp_path):
    make(
        tmp_path,
        *frames("part1/Training/Apple Red 1", 6),
        *frames("part2/Training/Apple Red 1", 4, start=6),
        *frames("part2/Test/Banana 1", 3),
    )
    assert {
        category: len(paths) for category, paths in find_pictures(tmp_path).pictures.items()
    } == {"Apple": 10, "Banana": 3}


def test_all_26_categories_are_found_in_a_complete_release(tmp_path):
    make(
        tmp_path,
        *(f"Training/{name.title()} 1/1.jpg" for names in FRUITS_360.values() for name in names),
    )
    assert set(find_pictures(tmp_path).pictures) == set(CATEGORIES)


def test_what_would_be_recognised_can_be_overridden(tmp_path):
    make(tmp_path, "Apple Red/1.jpg", "Pear Red/1.jpg")
    assert find_pictures(tmp_path).kind == "fruits-360"
    assert list(find_pictures(tmp_path, kind="folders").pictures) == ["Apple Red", "Pear Red"]


# ---- Fruits-262


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["", "Fruit-262/", "versions/1/Fruit-262/"])
def test_fruits_262_is_recognised_and_mapped(tmp_path, prefix):
    ours = [
        name for names in FRUITS_262.values() for name in names if name not in ("peach", "plum")
    ]
    make(
        tmp_path,
        *(
            f"{prefix}{name}/{index}.jpg"
            for name in [*ours, *FRUITS_262_OTHERS]
            for index in range(12)
        ),
    )
    layout = find_pictures(tmp_path, per_category=9)
    assert layout.kind == "fruits-262"
    assert {category: len(paths) for category, paths in layout.pictures.items()} == dict.fromkeys(
        sorted(CATEGORIES), 9
    )
    assert {path.parent.name for path in layout.pictures["Plum"]} == {
        "damson",
        "plumcot",
        "yellow plum",
    }
    assert [path.name for path in layout.pictures["Kaki"]] == [
        f"{index}.jpg" for index in (0, 2, 3, 4, 6, 7, 8, 10, 11)
    ]
    assert set(layout.ignored) == {f"{prefix}{name}" for name in FRUITS_262_OTHERS}
    assert "nectarine" in layout.note and "26 of the paper's 26" in layout.note


def test_a_part_of_fruits_262_is_recognised_by_its_folders_name(tmp_path):
    make(
        tmp_path,
        "datasets/fruits262/Fruit-262/apple/1.jpg",
        "datasets/fruits262/Fruit-262/coconut/1.jpg",
        "datasets/fruits262/labels.json",
    )
    assert list(find_pictures(tmp_path / "datasets" / "fruits262").pictures) == ["Apple", "Coco"]


def test_a_few_lower_case_fruits_of_ones_own_are_not_fruits_262(tmp_path):
    make(tmp_path, "apple/1.jpg", "avocado/1.jpg", "coconut/1.jpg")
    assert list(find_pictures(tmp_path).pictures) == ["apple", "avocado", "coconut"]


# ---- nothing to use


def test_an_empty_or_wrong_folder_is_an_error_that_says_what_was_expected(tmp_path):
    (tmp_path / "empty").mkdir()
    make(
        tmp_path,
        "loose/1.jpg",
        "junk/Apple/.DS_Store",
        "archive.zip",
        "wrong360/Training/Apple Rotten 1/1.jpg",
    )
    for name, problem in (
        ("empty", "No pictures below"),
        ("loose", "No pictures below"),
        ("junk", "No pictures below"),
        ("missing", "There is no folder"),
        ("archive.zip", "unpack it first"),
    ):
        with pytest.raises(DataError, match=problem) as caught:
            find_pictures(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value) and "nice/Apple/*.jpg" in str(caught.value)
    with pytest.raises(DataError, match="No pictures below"):
        find_pictures(tmp_path / "wrong360", kind="fruits-360")


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    make(tmp_path, "Apple/1.jpg", "Pear/1.jpg")
    real = os.scandir

    def refuse(folder):
        if Path(folder).name == "Pear":
            raise PermissionError(13, "Permission denied", str(folder))
        return real(folder)

    monkeypatch.setattr(layouts.os, "scandir", refuse)
    with pytest.raises(DataError, match="Pear may not be read"):
        find_pictures(tmp_path)
