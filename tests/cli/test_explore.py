"""`fruitlab` and `fruitlab open` execute Streamlit. tests/test_packaging.py really starts it."""

import os
import sys

import pytest

from fruitlab.cli.main import main
from fruitlab.config.paths import PROJECT, runs_root


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """The commands and environments that os.execve was called with."""
    calls = []

    def execve(path, command, environment):
        assert path == sys.executable
        calls.append((command, environment))
        raise OSError(12, "Out of memory")  # the real execve does not return

    monkeypatch.setattr(os, "execve", execve)
    return calls


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], []),
        (["open"], []),
        (["open", "--port", "8600"], ["--server.port", "8600"]),
        (["open", "--headless"], ["--server.headless", "true"]),
    ],
)
def test_opens_the_explorer(executed, arguments, options, capsys):
    assert main(arguments) == 1
    ((command, environment),) = executed
    app = str(PROJECT / "app.py")
    assert command == [sys.executable, "-P", "-m", "streamlit", "run", app, *options]
    assert environment["FRUITLAB_CHECKPOINTS"] == str(runs_root())
    assert capsys.readouterr().err == "The explorer could not be started: Out of memory.\n"
