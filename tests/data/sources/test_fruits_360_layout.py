"""Fruits-360 as it is unpacked. Only names matter here, so the files are empty."""

import itertools
from collections import Counter

import pytest
from layout_files import count_files, frames, make_files, relative_paths

from fruitlab.data.categories import CATEGORIES
from fruitlab.data.layouts import find_pictures
from fruitlab.data.sources.fruits_360 import VARIETIES


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
def test_every_release_is_recognised_below_any_folder(tmp_path, prefix, names):
    for split, start in (("Training", 0), ("Test", 10)):
        make_files(
            tmp_path,
            *(
                file
                for name in names
                for file in frames(f"{prefix}{split}/{name}", 10, start=start)
            ),
        )
    make_files(tmp_path, f"{prefix}papers/a.pdf", f"{prefix}LICENSE")
    layout = find_pictures(tmp_path)
    assert layout.kind == "fruits-360"
    assert count_files(layout) == {
        "Apple": 40,
        "Banana": 20,
        "Carambola": 20,
    }
    assert set(layout.ignored) == {
        f"{prefix}papers",
        f"{prefix}Training/{names[4]}",
        f"{prefix}Test/{names[4]}",
    }
    assert "Fruits-360" in layout.note and "80" in layout.note
    assert "3 of the paper's 26" in layout.note


def test_the_training_folder_alone_is_recognised(tmp_path):
    make_files(
        tmp_path,
        "Training/Apple Braeburn/0.jpg",
        "Training/Apple Red 1/0.jpg",
        "Training/Cherry/0.jpg",
        "Training/Cucumber Ripe/0.jpg",
    )
    layout = find_pictures(tmp_path / "Training")
    assert layout.kind == "fruits-360" and list(layout.pictures) == ["Apple", "Cherry"]


def test_rotten_and_similar_folders_are_ignored(tmp_path):
    ignored = [
        "Apple Rotten 1",
        "Apple hit 1",
        "Apple Core 1",
        "Apple worm 1",
        "Mangostan 1",
        "Watermelon 1",
        "Tomato Cherry Red 1",
        "Pepper Orange 1",
    ]
    make_files(
        tmp_path,
        "Training/Apple 6/1.jpg",
        "Training/Mango 1/1.jpg",
        *(f"Training/{name}/1.jpg" for name in ignored),
    )
    layout = find_pictures(tmp_path)
    assert relative_paths(layout, tmp_path) == {
        "Apple": ["Training/Apple 6/1.jpg"],
        "Mango": ["Training/Mango 1/1.jpg"],
    }
    assert set(layout.ignored) == {f"Training/{name}" for name in ignored}


def test_pictures_are_spread_evenly_over_varieties_and_frames(tmp_path):
    make_files(
        tmp_path,
        *frames("Training/Apple Golden 1", 300),
        *frames("Test/Apple Golden 1", 100, start=300),
        *frames("Training/Apple Pink Lady 1", 40),
        *frames("Training/Apple Red 1", 500),
        *frames("Training/Kiwi 1", 150),
        *frames("Training/Plum 1", 1000),
    )
    layout = find_pictures(tmp_path, per_category=400)
    assert count_files(layout) == {
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
    numbers = sorted(int(path.name.split("_")[1]) for path in golden)
    gaps = {later - earlier for earlier, later in itertools.pairwise(numbers)}
    # 180 of 400 frames: every second or third, from the first to the last.
    assert gaps == {2, 3} and numbers[0] <= 1 and numbers[-1] >= 398
    assert {path.parent.parent.name for path in golden} == {"Training", "Test"}


def test_fewer_pictures_than_varieties(tmp_path):
    make_files(
        tmp_path,
        *(file for number in range(1, 10) for file in frames(f"Training/Pear {number}", 5)),
        *frames("Training/Kiwi 1", 5),
    )
    assert len(find_pictures(tmp_path, per_category=4).pictures["Pear"]) == 4


def test_each_film_in_the_complete_archive_is_used_once(tmp_path):
    """Kaggle's archive holds the fruits at 100x100 pixels and in original size.

    Some are there again for the "3-body problem", one level deeper.
    """
    make_files(
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
    assert count_files(layout) == {
        "Apple": 15,
        "Cherry": 10,
        "Pear": 10,
    }
    assert {path.relative_to(tmp_path).parts[0] for path in layout.pictures["Cherry"]} == {
        "fruits-360_100x100"
    }
    assert "fruits-360_multi" in layout.ignored and "fruits-360_dataset_meta" in layout.ignored
    copy = "fruits-360_original-size/fruits-360-original-size/Training/apple_red_delicios_1"
    original = "fruits-360_100x100/fruits-360/Test/Apple Red Delicious 1"
    assert layout.ignored[copy] == f"the same fruit as in {original}"


def test_a_dataset_in_several_parts_is_put_together(tmp_path):
    make_files(
        tmp_path,
        *frames("part1/Training/Apple Red 1", 6),
        *frames("part2/Training/Apple Red 1", 4, start=6),
        *frames("part2/Test/Banana 1", 3),
    )
    assert count_files(find_pictures(tmp_path)) == {"Apple": 10, "Banana": 3}


def test_all_26_categories_are_found_in_a_complete_release(tmp_path):
    make_files(
        tmp_path,
        *(f"Training/{name.title()} 1/1.jpg" for names in VARIETIES.values() for name in names),
    )
    assert set(find_pictures(tmp_path).pictures) == set(CATEGORIES)


def test_the_kind_can_be_overridden(tmp_path):
    make_files(tmp_path, "Apple Red/1.jpg", "Pear Red/1.jpg")
    assert find_pictures(tmp_path).kind == "fruits-360"
    assert list(find_pictures(tmp_path, kind="folders").pictures) == ["Apple Red", "Pear Red"]
