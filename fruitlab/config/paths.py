"""Where FruitLab's own files are, and where the user's runs and data are kept.

Every function reads the environment when it is called, so that tests and child processes can
name other folders.
"""

import os
from pathlib import Path

from platformdirs import user_data_path

PACKAGE = Path(__file__).resolve().parents[1]


def find_project(package: Path) -> Path:
    """The folder with app.py, pages/, .streamlit/, docs/ and checkpoints/shipped/.

    This is the checkout that the package lies in, or, in an installed package, its copy of these
    files (`force-include` in pyproject.toml).
    """
    bundled = package / "_project"
    return bundled if bundled.is_dir() else package.parent


PROJECT = find_project(PACKAGE)


def shipped_root() -> Path:
    """The runs that ship with FruitLab (read-only): FRUITLAB_SHIPPED, or checkpoints/shipped."""
    return Path(os.environ.get("FRUITLAB_SHIPPED") or PROJECT / "checkpoints" / "shipped")


def runs_root() -> Path:
    """The folder that new runs are written to: FRUITLAB_CHECKPOINTS, or the default.

    The default is checkpoints/ in the checkout, or in the current folder if it has both
    checkpoints/ and data/. Otherwise (FruitLab was installed with pip) it is runs/ in the
    platform's folder for user data, on Linux ~/.local/share/fruitlab/runs.
    """
    return _user_root("FRUITLAB_CHECKPOINTS", in_project="checkpoints", in_user_data="runs")


def data_root() -> Path:
    """The folder of all datasets: FRUITLAB_DATA, or the default.

    The default is data/ in the same place as `runs_root` takes checkpoints/ from, or data/ in the
    platform's folder for user data.
    """
    return _user_root("FRUITLAB_DATA", in_project="data", in_user_data="data")


def _user_root(variable: str, *, in_project: str, in_user_data: str) -> Path:
    if named := os.environ.get(variable):
        return Path(named).expanduser()
    if PACKAGE.parent == PROJECT:  # not installed: a checkout
        return PROJECT / in_project
    here = Path.cwd()
    if (here / "checkpoints").is_dir() and (here / "data").is_dir():
        return here / in_project
    return user_data_path("fruitlab", appauthor=False) / in_user_data


def child_environment(**more: str) -> dict[str, str]:
    """The environment for a child process: this one's, with the roots as absolute paths."""
    roots = {"FRUITLAB_CHECKPOINTS": runs_root(), "FRUITLAB_DATA": data_root()}
    return os.environ | {name: str(path.resolve()) for name, path in roots.items()} | more
