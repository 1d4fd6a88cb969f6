"""The benchmark of the time to a result: watching a command."""

import sys
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.time_to import Result, row, watch

ASKED = Namespace(minutes=1)


def command(text: str) -> list[str]:
    return [sys.executable, "-S", "-c", text]


def test_scores_are_timed_as_they_appear(tmp_path: Path):
    file = tmp_path / "scores"
    text = (
        f"import time; file = open({str(file)!r}, 'a')\n"
        "for score in (0.3, 0.7):\n"
        "    print(score, file=file, flush=True); time.sleep(0.3)"
    )

    def scores(spent: float) -> list[tuple[float, float]]:
        lines = file.read_text().split() if file.exists() else []
        return [(float(line), spent) for line in lines]

    result = watch(command(text), lambda: scores(0.0), ASKED, {})
    first, second = (result.reached(level) for level in (0.3, 0.7))
    assert 0 < first < second <= result.finished and result.reached(0.8) is None
    # Seconds of earlier evaluations do not count.
    file.unlink()
    earlier = watch(command(text), lambda: scores(100.0), ASKED, {}).reached(0.3)
    assert earlier is not None and earlier < -90
    assert [score for _, score in result.scored] == [0.3, 0.7]


def test_a_command_that_fails_says_why():
    with pytest.raises(RuntimeError, match="no such thing"):
        watch(command("raise SystemExit('no such thing')"), list, ASKED, {})


def test_a_command_that_takes_too_long_is_stopped():
    result = watch(command("import time; time.sleep(60)"), list, Namespace(minutes=0.01), {})
    assert result.finished is None and result.scored == []


def test_row():
    text = row("keras", Result([(10.2, 0.4), (20.4, 0.61)], 30.0), [0.5, 0.6, 0.68])
    assert text.split()[0] == "keras" and "0.50: 20 s" in text and "0.60: 20 s" in text
    assert "0.68: never" in text and text.endswith("end: 30 s, 0.610")
