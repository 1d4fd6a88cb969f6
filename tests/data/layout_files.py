"""Creates folders of empty files, and lists what was found in them."""

from pathlib import Path

from fruitlab.data.sources.base import Layout


def make_files(root: Path, *files: str) -> Path:
    """Creates empty files below ``root``, and returns ``root``."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"")
    return root


def frames(folder: str, count: int, *, start: int = 0) -> list[str]:
    """Returns the names of ``count`` frames of a Fruits-360 film."""
    return [f"{folder}/r_{index}_100.jpg" for index in range(start, start + count)]


def relative_paths(layout: Layout, root: Path) -> dict[str, list[str]]:
    """Returns the files of each category, relative to ``root``."""
    return {
        category: [path.relative_to(root).as_posix() for path in paths]
        for category, paths in layout.pictures.items()
    }


def count_files(layout: Layout) -> dict[str, int]:
    """Returns the number of files of each category."""
    return {category: len(paths) for category, paths in layout.pictures.items()}
