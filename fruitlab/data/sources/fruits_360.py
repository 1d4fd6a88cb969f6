"""Fruits-360: frames of fruit that turn before a white background, for the nice domain.

A class folder is one variety, and its category is looked up in a table, never guessed from the
beginning of its name: "Grapefruit" begins with "Grape", "Mangostan" with "Mango", and "Apple Rotten
1" is an apple that is of no use for training.
"""

import re
from collections import defaultdict
from pathlib import Path

from fruitlab.data.sources.base import (
    ClassFolders,
    Layout,
    Source,
    count_pictures,
    split_names,
    thin_out,
)
from fruitlab.data.walking import files_below, natural_key, normalise_name, relative

# The paper's category -> its varieties, as `variety` returns them: in lower case and without the
# number at the end, because the spelling changed between releases: "Braeburn" (2017), "Apple
# Braeburn", "apple_braeburn_1", "Apple Braeburn 1". Rotten, hit, wormy, peeled and unripe fruit,
# cores and holes are left out, because the paper's nice pictures show sound, whole fruit.
# Nectarine, tangelo, mandarine and granadilla are separate fruits. Maracuja is another name of the
# passion fruit.
VARIETIES: dict[str, tuple[str, ...]] = {
    "Apple": (
        "apple",
        "apple braeburn",
        "apple crimson snow",
        "apple golden",
        "apple granny smith",
        "apple pink lady",
        "apple red",
        "apple red delicious",
        "apple red yellow",
        "braeburn",
        "golden",
        "granny smith",
    ),
    "Banana": ("banana", "banana lady finger", "banana red"),
    "Cantaloupe": ("cantaloupe",),
    "Carambola": ("carambula", "carambola"),
    "Cherry": (
        "cherry",
        "cherry rainier",
        "cherry sour",
        "cherry wax",
        "cherry wax black",
        "cherry wax red",
        "cherry wax yellow",
    ),
    "Clementine": ("clementine",),
    "Coco": ("cocos",),
    "Date": ("dates",),
    "Grape": ("grape", "grape blue", "grape pink", "grape white"),
    "Grapefruit": ("grapefruit", "grapefruit pink", "grapefruit white"),
    "Kaki": ("kaki",),
    "Kiwi": ("kiwi",),
    "Lemon": ("lemon", "lemon meyer"),
    "Lychee": ("lychee",),
    "Mango": ("mango", "mango red"),
    "Melon": ("melon piel de sapo",),
    "Orange": ("orange",),
    "Papaya": ("papaya",),
    "Passion Fruit": ("passion fruit", "maracuja"),
    "Peach": ("peach", "peach flat"),
    "Pear": (
        "pear",
        "pear abate",
        "pear common",
        "pear forelle",
        "pear kaiser",
        "pear monster",
        "pear red",
        "pear stone",
        "pear williams",
    ),
    "Pineapple": ("pineapple", "pineapple mini"),
    "Pitahaya Red": ("pitahaya red",),
    "Plum": ("plum",),
    "Pomegranate": ("pomegranate",),
    "Strawberry": ("strawberry", "strawberry wedge"),
}

# The other class folders in the releases up to 2025, needed to recognise the dataset.
OTHERS = split_names(
    """
    almonds, apple core, apple hit, apple rotten, apple worm, apricot, avocado, avocado black,
    avocado green, avocado ripe, bean pod, beans, beetroot, blackberrie, blackberrie half rippen,
    blackberrie not rippen, blackberry, blueberry, cabbage red, cabbage white, cactus fruit,
    cactus fruit green, cactus fruit red, caju seed, carrot, cauliflower, celery, cherimoya,
    cherry wax not ripen, cherry wax not rippen, chestnut, corn, corn husk, cucumber, cucumber ripe,
    eggplant, eggplant long, eggplant violet, fig, ginger, ginger root, gooseberry, granadilla,
    grape not ripen, guava, hazelnut, huckleberry, kohlrabi, kumquats, limes, mandarine, mangostan,
    mulberry, nectarine, nectarine flat, nut, nut forest, nut pecan, onion, onion red,
    onion red peeled, onion white, onion white peeled, orange peeled, peanut shell 1x, pepino,
    pepper, pepper green, pepper orange, pepper red, pepper yellow, physalis, physalis with husk,
    pistachio, plum hole, pomelo sweetie, potato red, potato red washed, potato sweet, potato white,
    quince, rambutan, raspberry, redcurrant, salak, tamarillo, tangelo, tomato,
    tomato cherry maroon, tomato cherry orange, tomato cherry red, tomato cherry yellow,
    tomato heart, tomato maroon, tomato not ripen, tomato not ripened, tomato yellow, walnut,
    watermelon, zucchini, zucchini dark, zucchini green
    """
)

_CATEGORY = {name: category for category, names in VARIETIES.items() for name in names}


def variety(folder_name: str) -> str:
    """Returns the variety in the spelling of the newest release, without the number at its end.

    "apple_red_delicios_1" -> "apple red delicious".
    """
    name = re.sub(r" ?\d+$", "", normalise_name(folder_name))
    return re.sub(r"delicios$", "delicious", name)


def category_of(folder_name: str) -> str | None:
    """Returns the paper's category of a class folder of any release, None if it has none."""
    return _CATEGORY.get(variety(folder_name))


def is_class_folder(folder_name: str) -> bool:
    """Returns whether any release has a class folder of that name."""
    return variety(folder_name) in _CATEGORY or variety(folder_name) in OTHERS


def recognise(class_folders: ClassFolders) -> bool:
    """Recognises the dataset by the names of its class folders.

    A user's own folders "Apple" and "Banana" must not be mistaken for it. So one name must be
    spelled as only Fruits-360 does, or two outside of Training and Test. Own folders "Apple Red"
    and "Apple Golden" are two categories, not one, so there must be at least two categories.
    """
    categories = {
        name: category
        for name in class_folders.names
        if (category := category_of(name)) is not None
    }
    spelled_as_here = [
        name
        for name, category in categories.items()
        if normalise_name(name) != normalise_name(category)
    ]
    return (
        class_folders.share(is_class_folder) >= 0.8
        and len(spelled_as_here) >= (1 if class_folders.in_splits else 2)
        and len(set(categories.values())) > 1
    )


def select(root: Path, class_folders: ClassFolders, per_category: int) -> Layout:
    """Chooses about ``per_category`` frames of each category, spread over its varieties."""
    ignored = {
        relative(folder, root): "outside of Training, Test and Validation"
        for folder in class_folders.outside
    }
    varieties: dict[str, list[Path]] = defaultdict(list)
    for folder in class_folders.folders:
        if category_of(folder.name) is None:
            ignored[relative(folder, root)] = "not sound, whole fruit of one of the 26 categories"
        else:
            # "Apple Braeburn" became "Apple Braeburn 1", but "Apple Red 2" is another fruit.
            number = re.search(r"[0-9]+$", folder.name)
            varieties[f"{variety(folder.name)} {int(number[0]) if number else 1}"].append(folder)

    classes: dict[str, list[list[Path]]] = defaultdict(list)
    for name in sorted(varieties, key=natural_key):
        folders = _folders_of_first_edition(varieties[name], root)
        for folder in set(varieties[name]) - set(folders):
            ignored[relative(folder, root)] = f"the same fruit as in {relative(folders[0], root)}"
        frames = [file for folder in folders for file in files_below(folder)]
        if frames:
            frames.sort(key=lambda file: (natural_key(file.name), str(file)))
            classes[_CATEGORY[variety(folders[0].name)]].append(frames)
    pictures = thin_out(classes, per_category)
    note = (
        f"Fruits-360: {count_pictures(pictures):,} of its frames, "
        f"{len(pictures)} of the paper's 26 categories."
    )
    return Layout(SOURCE.name, pictures, ignored, note)


def _folders_of_first_edition(folders: list[Path], root: Path) -> list[Path]:
    """The archive holds the same films several times; frames of one are enough.

    Near-copies would otherwise count as more pictures.
    """
    first = min(_edition(folder, root) for folder in folders)
    return [folder for folder in folders if _edition(folder, root) == first]


def _edition(folder: Path, root: Path) -> int:
    """0 for frames of 100x100 pixels, 1 for original size, 2 for the "3-body problem"."""
    path = relative(folder, root).casefold()
    return 2 if "3-body" in path else 1 if "original-size" in path else 0


SOURCE = Source(
    name="fruits-360",
    title="Fruits-360",
    handle="moltean/fruits",
    about=("frames of fruit turning before a white background, by Mihai Oltean and Horea Muresan"),
    domain="nice",
    licence=(
        "CC BY-SA 4.0: you may use and share it if you name its authors and pass modified versions "
        "on under the same licence"
    ),
    recognise=recognise,
    select=select,
)
