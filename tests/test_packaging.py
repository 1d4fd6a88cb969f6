"""Packaging: requirements, version, and the explorer started from an installed wheel."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import fruitlab
from fruitlab.config.paths import PROJECT

TIMEOUT = 120  # seconds


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(file: str) -> dict[str, Requirement]:
    lines = (PROJECT / file).read_text(encoding="utf-8").splitlines()
    found = [Requirement(text) for line in lines if (text := line.partition("#")[0].strip())]
    return {requirement.name: requirement for requirement in found}


def ranges(texts: list[str]) -> dict[str, Requirement]:
    return {requirement.name: requirement for requirement in map(Requirement, texts)}


@pytest.mark.parametrize(
    ("file", "extras", "base"),
    [("requirements.txt", ("export", "dev"), True), ("requirements-ray.txt", ("ray",), False)],
)
def test_pins_are_exact_and_within_the_ranges(project, file, extras, base):
    texts = list(project["dependencies"]) if base else []
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    pinned, wanted = pins(file), ranges(texts)
    assert pinned.keys() == wanted.keys()
    for name, pin in pinned.items():
        version = re.fullmatch(r"==([^*,]+)", str(pin.specifier))
        assert version, f"{name} is not pinned exactly"
        assert version[1] in wanted[name].specifier, name
        assert pin.extras == wanted[name].extras


def test_version_is_the_same_everywhere():
    version = fruitlab.__version__
    changes = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[(\d[^]]*)\]", changes, re.MULTILINE)[1] == version
    citation = (PROJECT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == version


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=TIMEOUT)
    return next(folder.glob("fruitlab-*.whl"))


@pytest.fixture
def installed(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The console script of an installed wheel, with an empty current folder and home."""
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--target", str(site), str(wheel)]
    subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT)
    for name in ("FRUITLAB_SHIPPED", "FRUITLAB_DATA", "FRUITLAB_CHECKPOINTS", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(site))
    for name in ("home", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    return site / "bin" / "fruitlab"


@pytest.mark.slow
def test_wheel_contains_the_project(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("pages", "docs", "checkpoints/shipped", ".streamlit"):
        files = subprocess.run(
            ["git", "ls-files", folder], cwd=PROJECT, capture_output=True, text=True
        ).stdout.split()
        assert {f"fruitlab/_project/{file}" for file in files} <= names, folder
    assert "fruitlab/_project/app.py" in names
    assert "fruitlab/app/assets/icon.svg" in names
    assert not any("tests/" in name or "__pycache__" in name for name in names)


@pytest.mark.slow
def test_installed_command_line_lists_shipped_runs(installed):
    done = subprocess.run(
        [sys.executable, installed, "runs", "--json"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stderr
    shipped = {path.parent.name for path in (PROJECT / "checkpoints/shipped").glob("*/config.json")}
    assert {run["run"] for run in json.loads(done.stdout)} == shipped


@pytest.mark.slow
def test_explorer_starts_in_an_empty_folder(installed, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, installed, "open", "--port", str(port), "--headless"],
            stdout=file,
            stderr=file,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=TIMEOUT) as page:
            assert b'<div id="root">' in page.read()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT)
    assert "Traceback" not in log.read_text()
    assert os.listdir() == [], "FruitLab wrote to the current folder"


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
