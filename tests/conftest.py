"""Fixtures and options for all tests: the slow marker, temporary folders, a small dataset."""

import gc
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

# Set before torch is imported. Networks this small train faster on one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Hides the shipped runs, here and in child processes. Tests that need them set the variable.
os.environ["FRUITLAB_SHIPPED"] = "/nothing/shipped"

import numpy as np
import pytest
from PIL import Image, ImageDraw

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow",
        action="store_true",
        help="also run tests marked slow (the default if CI is set)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: runs only with --slow, or if CI is set")
    gc.set_threshold(50_000, 20, 100)  # what is imported and collected lives on: seldom look at it


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow") or os.environ.get("CI"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


@pytest.fixture(autouse=True)
def folders_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data and runs are kept in the test's temporary folder."""
    monkeypatch.setenv("FRUITLAB_DATA", str(tmp_path / "fruitlab-data"))
    monkeypatch.setenv("FRUITLAB_CHECKPOINTS", str(tmp_path / "fruitlab-checkpoints"))


@pytest.fixture
def own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that spawn a process: AppTest makes a page the main module, which it would run."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))


@pytest.fixture
def shared_data() -> Path:
    """The folder of real pictures next to the checkout, with subfolders nice and real."""
    if not SHARED.is_dir():
        pytest.skip("the real pictures (../shared/data) are not available")
    return SHARED


@dataclass(frozen=True)
class Pair:
    """Two folders with three category folders each: 20 nice and 25 real PNG files per category."""

    nice: Path
    real: Path
    categories: tuple[str, ...] = ("Green Ring", "Red Disc", "Yellow Bar")
    per_category: tuple[int, int] = (20, 25)


@pytest.fixture(scope="session")
def _pair_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("pair"), np.random.default_rng(7)
    for domain, count in zip(("nice", "real"), Pair.per_category, strict=True):
        for category in Pair.categories:
            (root / domain / category).mkdir(parents=True)
            for i in range(count):
                _draw(category, domain, rng).save(
                    root / domain / category / f"{i:02d}.png", compress_level=1
                )
    return root


@pytest.fixture
def pair(_pair_template: Path, tmp_path: Path) -> Pair:
    """A copy of the pictures that the test may change."""
    shutil.copytree(_pair_template, tmp_path / "pair")
    return Pair(tmp_path / "pair" / "nice", tmp_path / "pair" / "real")


def _draw(category: str, domain: str, rng: np.random.Generator) -> Image.Image:
    """A coloured shape on a white background (nice) or on coloured noise (real)."""
    ground = (
        np.full((100, 100, 3), 255)
        if domain == "nice"
        else rng.integers(0, 160, 3) + rng.integers(0, 60, (100, 100, 3))
    )
    image = Image.fromarray(ground.astype(np.uint8))
    draw, (x, y), r = (
        ImageDraw.Draw(image),
        rng.integers(35, 65, 2).tolist(),
        int(rng.integers(15, 30)),
    )
    if category == "Red Disc":
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(200, 20, 30))
    elif category == "Green Ring":
        draw.ellipse((x - r, y - r, x + r, y + r), outline=(30, 160, 40), width=8)
    else:
        draw.rectangle((x - r, y - r // 3, x + r, y + r // 3), fill=(230, 210, 40))
    return image
