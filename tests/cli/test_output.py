"""Messages and progress on stderr, with and without a terminal."""

import io
import subprocess
import sys

import pytest

from fruitlab.cli.main import main
from fruitlab.cli.output import Terminal


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_terminal_shows_progress_bars_below_messages(monkeypatch) -> None:
    monkeypatch.setattr("sys.stderr", stderr := Tty())
    with Terminal() as terminal:
        for done in (0, 500, 1000):
            terminal.progress("Reading pictures", done, 1000)
        terminal.progress("Downloading", 40_000_000, 100_000_000)
        terminal.say("The connection broke.")
        terminal.progress("Downloading", 30_000_000, 0)  # again, and its size is not known
    shown = stderr.getvalue()
    assert "Reading pictures: 100%" in shown and "1000/1000" in shown
    assert "Downloading:  40%" in shown and "40.0M/100M" in shown
    assert "\rThe connection broke.\n" in shown
    assert shown.endswith("\n"), "the prompt comes on a line of its own"


def test_without_a_terminal_progress_is_a_line_per_tenth(capsys) -> None:
    with Terminal() as terminal:
        for done in range(0, 1001, 5):
            terminal.progress("Reading pictures", done, 1000)
        terminal.progress("Downloading", 5, 0)
        terminal.say("Done.")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["Reading pictures: 0 of 1,000", "Reading pictures: 100 of 1,000"]
    assert lines[-3:] == ["Reading pictures: 1,000 of 1,000", "Downloading: 5", "Done."]
    assert len(lines) == 11 + 2


def test_release_command_is_hidden_but_has_help(capsys) -> None:
    for arguments in (["--help"], ["release", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
        shown = capsys.readouterr().out
        assert ("checkpoints/shipped" in shown) == (arguments[0] == "release")


def test_a_reader_that_has_seen_enough_gets_no_traceback() -> None:
    """As in `fruitlab methods | head -1`."""
    command = [sys.executable, "-m", "fruitlab", "methods"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (1, b"")
