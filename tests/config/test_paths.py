"""Folders of runs and data: from the environment, in a checkout, or installed."""

from pathlib import Path

import platformdirs
import pytest

from fruitlab.config import paths

ROOTS = ("FRUITLAB_CHECKPOINTS", "FRUITLAB_DATA", "FRUITLAB_SHIPPED")


@pytest.fixture(autouse=True)
def environment_without_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ROOTS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if installed from a wheel and started in an empty folder; returns the data folder."""
    package = tmp_path / "site-packages" / "fruitlab"
    (package / "_project").mkdir(parents=True)
    monkeypatch.setattr(paths, "PACKAGE", package)
    monkeypatch.setattr(paths, "PROJECT", package / "_project")
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "share"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return platformdirs.user_data_path("fruitlab", appauthor=False)


def test_checkout_uses_its_own_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = Path(__file__).resolve().parents[2]
    assert root == paths.PROJECT and (root / "app.py").is_file()
    assert paths.runs_root() == root / "checkpoints"
    assert paths.data_root() == root / "data"
    assert paths.shipped_root() == root / "checkpoints" / "shipped"


def test_installed_package_contains_the_project(tmp_path):
    package = tmp_path / "fruitlab"
    package.mkdir()
    assert paths.find_project(package) == tmp_path
    (package / "_project").mkdir()
    assert paths.find_project(package) == package / "_project"


def test_installed_package_writes_to_the_platform_data_folder(installed, tmp_path):
    assert installed.is_relative_to(tmp_path / "home")
    assert paths.runs_root() == installed / "runs"
    assert paths.data_root() == installed / "data"
    assert paths.shipped_root() == paths.PROJECT / "checkpoints" / "shipped"
    assert not installed.exists()  # the functions create nothing


def test_installed_package_prefers_a_project_in_the_current_folder(installed):
    here = Path.cwd()
    (here / "data").mkdir()  # not enough: any folder may have a subfolder named data
    assert paths.data_root() == installed / "data"
    (here / "checkpoints").mkdir()
    assert paths.data_root() == here / "data"
    assert paths.runs_root() == here / "checkpoints"


@pytest.mark.usefixtures("installed")
def test_environment_variables_take_precedence(monkeypatch):
    for name in ROOTS:
        monkeypatch.setenv(name, f"/named/{name}")
    assert paths.runs_root() == Path("/named/FRUITLAB_CHECKPOINTS")
    assert paths.data_root() == Path("/named/FRUITLAB_DATA")
    assert paths.shipped_root() == Path("/named/FRUITLAB_SHIPPED")
    monkeypatch.setenv("FRUITLAB_DATA", "~/pictures")
    assert paths.data_root() == Path.home() / "pictures"


def test_child_processes_get_absolute_roots(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRUITLAB_DATA", "pictures")
    environment = paths.child_environment(FRUITLAB_SLOTS="2")
    assert environment["FRUITLAB_DATA"] == str(tmp_path / "pictures")
    assert environment["FRUITLAB_CHECKPOINTS"] == str(paths.PROJECT / "checkpoints")
    assert environment["FRUITLAB_SLOTS"] == "2" and "PATH" in environment
