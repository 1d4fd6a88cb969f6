"""Where runs and data are kept: named in the environment, in a checkout, or installed."""

from pathlib import Path

import platformdirs
import pytest

from fruitlab.config import paths

ROOTS = ("FRUITLAB_CHECKPOINTS", "FRUITLAB_DATA", "FRUITLAB_SHIPPED")


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ROOTS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """FruitLab installed from a wheel, started in an empty folder: where user data goes."""
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


def test_a_checkout_keeps_everything_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = Path(__file__).resolve().parents[2]
    assert paths.PROJECT == root and (root / "app.py").is_file()
    assert paths.runs_root() == root / "checkpoints"
    assert paths.data_root() == root / "data"
    assert paths.shipped_root() == root / "checkpoints" / "shipped"


def test_the_project_of_an_installed_package_is_in_it(tmp_path):
    package = tmp_path / "fruitlab"
    package.mkdir()
    assert paths._project(package) == tmp_path
    (package / "_project").mkdir()
    assert paths._project(package) == package / "_project"


def test_installed_it_writes_to_the_platform_folder(installed, tmp_path):
    assert installed.is_relative_to(tmp_path / "home")
    assert paths.runs_root() == installed / "runs"
    assert paths.data_root() == installed / "data"
    assert paths.shipped_root() == paths.PROJECT / "checkpoints" / "shipped"
    assert not installed.exists()  # asking creates nothing


def test_installed_it_uses_a_project_folder_that_it_is_started_in(installed):
    here = Path.cwd()
    (here / "data").mkdir()  # any folder may have one
    assert paths.data_root() == installed / "data"
    (here / "checkpoints").mkdir()
    assert paths.data_root() == here / "data"
    assert paths.runs_root() == here / "checkpoints"


@pytest.mark.usefixtures("installed")
def test_the_environment_comes_first(monkeypatch):
    for name in ROOTS:
        monkeypatch.setenv(name, f"/named/{name}")
    assert paths.runs_root() == Path("/named/FRUITLAB_CHECKPOINTS")
    assert paths.data_root() == Path("/named/FRUITLAB_DATA")
    assert paths.shipped_root() == Path("/named/FRUITLAB_SHIPPED")
    monkeypatch.setenv("FRUITLAB_DATA", "~/pictures")
    assert paths.data_root() == Path.home() / "pictures"


def test_a_child_process_gets_absolute_roots(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRUITLAB_DATA", "pictures")
    environment = paths.child_environment(FRUITLAB_SLOTS="2")
    assert environment["FRUITLAB_DATA"] == str(tmp_path / "pictures")
    assert environment["FRUITLAB_CHECKPOINTS"] == str(paths.PROJECT / "checkpoints")
    assert environment["FRUITLAB_SLOTS"] == "2" and "PATH" in environment
