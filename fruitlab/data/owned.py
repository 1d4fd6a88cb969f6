"""Whose a dataset is on a shared server, and what it takes of the disk."""

from dataclasses import dataclass
from pathlib import Path

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import cache

FOLDER = ".uploads"  # of unpacked zips; no dataset has that name, because it begins with a dot


@dataclass(frozen=True)
class Dataset:
    """A dataset by its name, whether or not there is one."""

    name: str

    @property
    def owner(self) -> str | None:
        """The user who imported it; None if nobody is known, or it cannot be read."""
        if not cache.SLUG.fullmatch(self.name):
            return None
        try:
            record = cache.read_record(self.name)
        except DataError:
            return None
        return record["origin"].get("owner") if record else None

    def size(self) -> int:
        """Bytes of its arrays, and of the pictures that were unpacked for it."""
        return sum(map(_bytes_below, (data_root() / self.name, data_root() / FOLDER / self.name)))


def owned_by(user: str) -> list[Dataset]:
    """The datasets that a user imported."""
    found = (Dataset(path.parent.name) for path in data_root().glob(f"*/{cache.RECORD}"))
    return [one for one in found if one.owner == user]


def _bytes_below(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    except OSError:  # it is being replaced or removed
        return 0
