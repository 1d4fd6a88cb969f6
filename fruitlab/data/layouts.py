"""Finds the picture files of one domain below a folder, and the category of each.

The folder holds one folder per category, or a public dataset as it was unpacked. Only names are
read here.
"""

import unicodedata
from collections import defaultdict
from pathlib import Path

from fruitlab.config.errors import DataError
from fruitlab.data.sources import SOURCES
from fruitlab.data.sources.base import ClassFolders, Layout
from fruitlab.data.walking import (
    files_below,
    find_splits,
    leaves,
    natural_key,
    outside_splits,
    relative,
    subfolders,
    unwrap,
)

EXPECTED = "Expected a folder with one folder per category, such as nice/Apple/*.jpg."
OWN_FOLDERS = "folders"  # the kind of a layout that is no public dataset


def find_pictures(root: Path, *, per_category: int = 400, kind: str | None = None) -> Layout:
    """Finds the picture files below ``root`` by category.

    The order is the same on every machine. In a user's own folders, the folder names are the
    categories and all files are used. Public datasets are recognised by the names of their class
    folders and mapped to the paper's 26 categories. Their training and test folders are pooled,
    because FruitLab makes its own split.

    Args:
        root: A folder.
        per_category: For public datasets, the approximate number of pictures to use per category
            (paper section 4), spread evenly over its classes and over the pictures of each.
        kind: "folders" or the name of a public dataset; recognised if None.

    Raises:
        DataError: There is nothing to use, or a folder cannot be read.
    """
    root = Path(root)
    if not root.is_dir():
        problem = f"There is no folder {root}"
        if root.exists():
            problem = f"{root} is a file. If it is an archive, unpack it first"
        raise DataError(f"{problem}. {EXPECTED}")
    try:
        layout = _find_layout(root, per_category, kind)
    except PermissionError as error:
        raise DataError(
            f"No permission to read {error.filename}. Change its permissions, or copy the pictures "
            "to a folder of your own."
        ) from error
    if not layout.pictures:
        raise DataError(f"There are no pictures below {root}. {EXPECTED}")
    return layout


def _find_layout(root: Path, per_category: int, kind: str | None) -> Layout:
    base = unwrap(root)
    children = subfolders(base)
    splits = list(find_splits(base))
    in_splits = [leaf for split in splits for child in subfolders(split) for leaf in leaves(child)]
    candidates = [  # the most specific first
        ClassFolders(in_splits, in_splits=True, outside=tuple(outside_splits(base, splits))),
        ClassFolders(children),
        ClassFolders([folder for child in children for folder in subfolders(child)]),
    ]
    for source in SOURCES.values():
        for class_folders in filter(lambda candidate: candidate.folders, candidates):
            if kind == source.name or (kind is None and source.recognise(class_folders)):
                return source.select(root, class_folders, per_category)
    if splits and splits == children:  # train/Bolt, test/Bolt: "train" is not a category
        names = " and ".join(split.name for split in splits)
        remark = f"{names} were pooled, because FruitLab makes its own split"
        return _own_folders(root, in_splits, remark)
    return _own_folders(root, children, "the name of each folder is its category")


def _own_folders(root: Path, class_folders: list[Path], remark: str) -> Layout:
    ignored: dict[str, str] = {}
    found: dict[str, list[Path]] = defaultdict(list)
    for folder in class_folders:
        files = files_below(folder)
        if files:
            found[unicodedata.normalize("NFC", folder.name)] += files
        else:
            ignored[relative(folder, root)] = "no files in it"
    pictures = {category: tuple(found[category]) for category in sorted(found, key=natural_key)}
    folders = "1 folder" if len(pictures) == 1 else f"{len(pictures)} folders"
    return Layout(OWN_FOLDERS, pictures, ignored, f"{folders} of pictures; {remark}.")
