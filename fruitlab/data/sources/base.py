"""What a public dataset declares, and what is found in a folder of pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fruitlab.data.domains import DomainName
from fruitlab.data.walking import natural_key

Pictures = dict[str, tuple[Path, ...]]  # category -> picture files in natural order


@dataclass(frozen=True)
class Layout:
    """The picture files that were found below a folder.

    Attributes:
        kind: "folders", or the name of the public dataset that was recognised.
        pictures: Category -> its files in natural order.
        ignored: Folder, relative to the root -> why its files are not used.
        note: One sentence on what the folder was recognised as.
    """

    kind: str
    pictures: Pictures
    ignored: dict[str, str]
    note: str


@dataclass(frozen=True)
class ClassFolders:
    """Folders that may each hold the pictures of one class.

    Attributes:
        folders: The candidate folders.
        in_splits: Whether they lie in folders named Training, Test or Validation.
        outside: Folders outside of these splits, if ``in_splits``.
    """

    folders: list[Path]
    in_splits: bool = False
    outside: tuple[Path, ...] = ()

    @property
    def names(self) -> set[str]:
        """The names of the folders."""
        return {folder.name for folder in self.folders}

    def share(self, matches: Callable[[str], bool]) -> float:
        """Returns the share of names for which ``matches`` is true, 0 to 1."""
        return sum(map(matches, self.names)) / len(self.names)


@dataclass(frozen=True)
class Source:
    """A public dataset on Kaggle that FruitLab downloads and recognises.

    Attributes:
        name: Name on the command line and in files.
        title: Name for people.
        handle: Kaggle's owner/name.
        about: What it shows and who made it; continues "Fruits-360: ...".
        domain: The domain that its pictures are used for.
        licence: The licence that its publisher states, as of the time of writing.
        recognise: Returns whether class folders are those of this dataset.
        select: Chooses pictures: (root, class folders, pictures per category) -> layout.
    """

    name: str
    title: str
    handle: str
    about: str
    domain: DomainName
    licence: str
    recognise: Callable[[ClassFolders], bool]
    select: Callable[[Path, ClassFolders, int], Layout]

    @property
    def page(self) -> str:
        """Address of its page on Kaggle."""
        return f"https://www.kaggle.com/datasets/{self.handle}"

    @property
    def by_hand(self) -> str:
        """How to get it without FruitLab's downloader."""
        return (
            f"download it by hand from {self.page}, unpack it, and pass its folder: "
            f"`python -m fruitlab data import --name fruits --{self.domain} FOLDER ...`"
        )


def thin_out(classes: dict[str, list[list[Path]]], per_category: int) -> Pictures:
    """Chooses at most ``per_category`` files of each category.

    The classes of a category contribute evenly, and the files of a class are spread evenly over
    its length. What a small class cannot contribute goes to the larger ones.

    Args:
        classes: Category -> the files of each of its classes.
        per_category: Maximum number of files per category.
    """
    pictures = {}
    for category in sorted(classes):
        smallest_first = sorted(classes[category], key=len)
        chosen: list[Path] = []
        for position, files in enumerate(smallest_first):
            remaining_classes = len(smallest_first) - position
            count = min(len(files), (per_category - len(chosen)) // remaining_classes)
            chosen += [files[(2 * i + 1) * len(files) // (2 * count)] for i in range(count)]
        pictures[category] = tuple(sorted(chosen, key=lambda file: natural_key(file.as_posix())))
    return pictures


def count_pictures(pictures: Pictures) -> int:
    """Returns the number of files in all categories."""
    return sum(map(len, pictures.values()))


def split_names(text: str) -> frozenset[str]:
    """Returns the names in a comma-separated text, whose line breaks do not matter."""
    return frozenset(" ".join(name.split()) for name in text.split(","))
