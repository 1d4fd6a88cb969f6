"""What kind of folder is this, and which of its files belong to which category?

A person names one folder as a domain: their own folders of categories, or Fruits-360 or Fruits-262 as they were unpacked.
Only names are looked at here, no file is opened: that a file is no picture comes out, with the reason, when it is decoded.
"""

import os
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Literal

from fruitlab.config.errors import DataError
from fruitlab.data.categories import (
    fruits_262_category,
    fruits_360_category,
    in_fruits_262,
    in_fruits_360,
    plain_name,
    variety,
)

Kind = Literal["folders", "fruits-360", "fruits-262"]

EXPECTED = "Expected a folder with one folder per category, such as nice/Apple/*.jpg."
SPLITS = frozenset({"training", "train", "test", "testing", "validation", "valid", "val"})
JUNK = frozenset(
    {"__macosx", "thumbs.db", "desktop.ini", "icon\r"}
)  # what Windows and macOS leave behind, besides names with a dot in front
MAX_DEPTH = 4  # how deep Training may lie below the named folder; the published archives need 3


@dataclass(frozen=True)
class Layout:
    """What `find_pictures` saw. `pictures`: category -> its files in natural order; `ignored`: folder, relative to the root -> why."""

    kind: Kind
    pictures: dict[str, tuple[Path, ...]]
    ignored: dict[str, str]
    note: str


def find_pictures(root: Path, *, per_category: int = 400, kind: Kind | None = None) -> Layout:
    """The picture files below `root` by category, in an order that is the same on every machine.

    Folders of one's own keep their names as categories and all their files. Fruits-360 and Fruits-262 are recognised by the names of
    their class folders, mapped onto the paper's 26 categories and thinned to about `per_category` pictures each (paper section 4),
    spread evenly over the varieties and, within one, over its frames. Training and Test are pooled, as our own split follows.
    `kind` overrides what would be recognised. DataError, saying what was expected, when there is nothing to use.
    """
    root = Path(root)
    if not root.is_dir():
        problem = (
            f"{root} is a file; if it is an archive, unpack it first"
            if root.exists()
            else f"There is no folder {root}"
        )
        raise DataError(f"{problem}. {EXPECTED}")
    try:
        layout = _read_layout(root, per_category, kind)
    except PermissionError as error:
        raise DataError(
            f"{error.filename} may not be read. Change its permissions, or copy the pictures to a folder of your own."
        ) from error
    if not layout.pictures:
        raise DataError(f"No pictures below {root}. {EXPECTED}")
    return layout


def natural_key(name: str) -> tuple:
    """Sorts "9.jpg" before "10.jpg", whatever the case, and in the same order on every machine."""
    parts = re.split(r"([0-9]+)", unicodedata.normalize("NFC", name).casefold())
    return [(int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts)], name


def _read_layout(root: Path, per_category: int, kind: Kind | None) -> Layout:
    base = _unwrap(root)
    children = _folders(base)
    splits = list(_find_splits(base, MAX_DEPTH))
    in_splits = [leaf for split in splits for child in _folders(split) for leaf in _leaves(child)]
    nested = [folder for child in children for folder in _folders(child)]
    # Where the class folders may be, most telling place first.
    places = [place for place in (in_splits, children, nested) if place]

    for place in places:
        if (
            kind == "fruits-360"
            or kind is None
            and _is_fruits_360(place, telling=1 if place is in_splits else 2)
        ):
            return _fruits_360(
                root, place, _beside(base, splits) if place is in_splits else [], per_category
            )
    for place in places:
        if kind == "fruits-262" or kind is None and _is_fruits_262(place):
            return _fruits_262(root, place, per_category)
    if (
        splits and splits == children
    ):  # one's own train/Bolt, train/Nut, test/Bolt, ...: "train" is no category
        return _own_folders(
            root,
            in_splits,
            f"{' and '.join(split.name for split in splits)} were pooled, as FruitLab splits by itself",
        )
    return _own_folders(root, children, "each folder's name is its category")


# ---- the three kinds


def _own_folders(root: Path, class_folders: list[Path], remark: str) -> Layout:
    ignored: dict[str, str] = {}
    found: dict[str, list[Path]] = defaultdict(list)
    for folder in class_folders:
        files = _files_below(folder)
        if files:
            found[unicodedata.normalize("NFC", folder.name)] += files
        else:
            ignored[_relative(folder, root)] = "no files in it"
    pictures = {category: tuple(found[category]) for category in sorted(found, key=natural_key)}
    return Layout(
        "folders",
        pictures,
        ignored,
        f"{len(pictures)} {'folder' if len(pictures) == 1 else 'folders'} of pictures; {remark}.",
    )


def _fruits_360(
    root: Path, class_folders: list[Path], beside: list[Path], per_category: int
) -> Layout:
    ignored = {_relative(folder, root): "beside Training, Test and Validation" for folder in beside}
    varieties: dict[str, list[Path]] = defaultdict(list)
    for folder in class_folders:
        if fruits_360_category(folder.name) is None:
            ignored[_relative(folder, root)] = (
                "not one of the 26 categories as a whole, sound fruit"
            )
        else:
            # "Apple Braeburn" became "Apple Braeburn 1"; "Apple Red 2" is a fruit of its own.
            number = re.search(r"[0-9]+$", folder.name)
            varieties[f"{variety(folder.name)} {int(number[0]) if number else 1}"].append(folder)
    groups: dict[str, list[list[Path]]] = defaultdict(list)
    for name in sorted(varieties, key=natural_key):
        # The archive holds the same films several times over; taking frames of one only keeps near-copies apart from "more pictures".
        edition = min(_edition(folder, root) for folder in varieties[name])
        folders = [folder for folder in varieties[name] if _edition(folder, root) == edition]
        for folder in set(varieties[name]) - set(folders):
            ignored[_relative(folder, root)] = f"the same fruit as in {_relative(folders[0], root)}"
        frames = sorted(
            (file for folder in folders for file in _files_below(folder)),
            key=lambda file: (natural_key(file.name), str(file)),
        )
        if frames:
            groups[fruits_360_category(folders[0].name)].append(frames)
    pictures = _thin(groups, per_category)
    return Layout(
        "fruits-360",
        pictures,
        ignored,
        f"Fruits-360: {_total(pictures)} of its frames, {len(pictures)} of the paper's 26 categories.",
    )


def _fruits_262(root: Path, class_folders: list[Path], per_category: int) -> Layout:
    ignored: dict[str, str] = {}
    groups: dict[str, list[list[Path]]] = defaultdict(list)
    for folder in class_folders:
        category = fruits_262_category(folder.name)
        if category is None:
            ignored[_relative(folder, root)] = "not one of the 26 categories"
        elif files := _files_below(folder):
            groups[category].append(files)
    pictures = _thin(groups, per_category)
    note = f"Fruits-262: {_total(pictures)} of its photos, {len(pictures)} of the paper's 26 categories"
    if {file.parent.name for file in pictures.get("Peach", ())} == {"nectarine"}:
        note += "; it has no peaches, so its nectarines stand for them"
    return Layout("fruits-262", pictures, ignored, f"{note}.")


def _thin(groups: dict[str, list[list[Path]]], per_category: int) -> dict[str, tuple[Path, ...]]:
    """At most `per_category` files each, the groups of a category sharing evenly, and each group's files spread evenly over its length."""
    pictures = {}
    for category in sorted(groups):
        chosen, left = [], per_category
        smallest_first = sorted(
            groups[category], key=len
        )  # so that what a small group can't fill goes to the larger ones
        for position, files in enumerate(smallest_first):
            count = min(len(files), left // (len(smallest_first) - position))
            left -= count
            chosen += [files[(2 * i + 1) * len(files) // (2 * count)] for i in range(count)]
        pictures[category] = tuple(sorted(chosen, key=lambda file: natural_key(file.as_posix())))
    return pictures


# ---- recognising


def _is_fruits_360(class_folders: list[Path], *, telling: int) -> bool:
    """Names known to Fruits-360, `telling` of them spelled as only it does. One's own {"Apple", "Banana"} must stay what it is."""
    names = {folder.name for folder in class_folders}
    categories = {name: category for name in names if (category := fruits_360_category(name))}
    spelled = [
        name for name, category in categories.items() if plain_name(name) != plain_name(category)
    ]
    # Someone who tells varieties apart has "Apple Red" and "Apple Golden": two categories of theirs, but one of ours.
    return (
        _share(names, in_fruits_360) >= 0.8
        and len(spelled) >= telling
        and len(set(categories.values())) > 1
    )


def _is_fruits_262(class_folders: list[Path]) -> bool:
    """Lower-case names, nearly all known to Fruits-262, and many; or fewer below a folder with its name (a part of it)."""
    names = {folder.name for folder in class_folders}
    share = _share(names, lambda name: name == name.lower() and in_fruits_262(name))
    if re.search(r"fruits?[-_ ]?262", class_folders[0].absolute().as_posix(), re.IGNORECASE):
        return share >= 0.5 and len(names) > 1
    return share >= 0.9 and len(names) >= 20


def _share(names: set[str], known: Callable[[str], bool]) -> float:
    return sum(map(known, names)) / len(names)


def _edition(folder: Path, root: Path) -> int:
    """Fruits-360's archive holds frames of 100x100, the same in their original size, and again some of them for another task."""
    path = folder.relative_to(root).as_posix().casefold()
    return 2 if "3-body" in path else 1 if "original-size" in path else 0


# ---- walking


def _unwrap(root: Path) -> Path:
    """Steps into the folder that unpacking an archive wraps around everything: nice/fruits/Apple, nice/fruits/Pear -> nice/fruits."""
    while True:
        inner = _folders(root)
        if (
            len(inner) != 1
            or _has_files(root)
            or _has_files(inner[0])
            or len(_folders(inner[0])) == 0
        ):
            return root
        root = inner[0]


def _find_splits(folder: Path, depth: int) -> Iterator[Path]:
    """Folders named Training, Test or Validation that hold folders."""
    for child in _folders(folder):
        if plain_name(child.name) in SPLITS and _folders(child):
            yield child
        elif depth > 1:
            yield from _find_splits(child, depth - 1)


def _beside(folder: Path, splits: list[Path]) -> list[Path]:
    """The folders on the way to the splits that lead to none of them."""
    leading = {parent for split in splits for parent in (split, *split.parents)}
    found = []
    for child in _folders(folder):
        if child not in leading:
            found.append(child)
        elif child not in splits:
            found += _beside(child, splits)
    return found


def _leaves(folder: Path) -> list[Path]:
    """`folder` itself if it holds files, else the ones below that do: "Training/Apple/Apple Red 2" is such a case."""
    return (
        [folder]
        if _has_files(folder)
        else [leaf for child in _folders(folder) for leaf in _leaves(child)]
    )


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not _is_junk(entry.name) and entry.is_dir()]
    return [folder / name for name in sorted(names, key=natural_key)]


def _has_files(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(not _is_junk(entry.name) and not entry.is_dir() for entry in entries)


def _files_below(folder: Path) -> list[Path]:
    def fail(error: OSError) -> None:
        raise error

    files = []
    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not _is_junk(name)]
        files += [Path(parent, name) for name in names if not _is_junk(name)]
    return sorted(files, key=lambda file: natural_key(file.relative_to(folder).as_posix()))


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name.casefold() in JUNK


def _relative(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix()


def _total(pictures: dict[str, tuple[Path, ...]]) -> str:
    return f"{sum(map(len, pictures.values())):,}"
