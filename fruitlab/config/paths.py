"""Where FruitLab finds what ships with it, and where it keeps the user's runs and data.

Every function reads the environment when it is called, so a test or a child process can name other folders.
"""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]  # holds app.py, pages/ and checkpoints/


def shipped_root() -> Path:
    """The runs that ship with FruitLab, never written: FRUITLAB_SHIPPED, or checkpoints/shipped."""
    return Path(os.environ.get("FRUITLAB_SHIPPED") or PROJECT / "checkpoints" / "shipped")


def runs_root() -> Path:
    """Where runs are written: FRUITLAB_CHECKPOINTS, or checkpoints/."""
    return Path(os.environ.get("FRUITLAB_CHECKPOINTS") or PROJECT / "checkpoints").expanduser()


def data_root() -> Path:
    """The folder of all data sets: FRUITLAB_DATA, or data/."""
    return Path(os.environ.get("FRUITLAB_DATA") or PROJECT / "data").expanduser()


def child_environment(**more: str) -> dict[str, str]:
    """The environment for a child process: this one's, with the roots as absolute paths."""
    roots = {"FRUITLAB_CHECKPOINTS": runs_root(), "FRUITLAB_DATA": data_root()}
    return os.environ | {name: str(path.resolve()) for name, path in roots.items()} | more
