"""Every page opens whatever is in checkpoints/, imports no torch, and is short."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from logged_runs import iterative, mixed, run

from fruitlab.app import navigation
from fruitlab.config.paths import runs_root

PROJECT = Path(__file__).resolve().parents[2]
OPEN = """
import sys
from ui_pages import opened
for page in sys.argv[1:]:
    app = opened(page)
    assert not app.exception, (page, [error.message for error in app.exception])
    assert app.title, f"{page} has no title"
    assert not any("Traceback" in str(element.value) for element in app.get("error")), page
    heavy = {"torch", "gradio", "fruitlab.models.paper_resnet"} & sys.modules.keys()
    assert not heavy, (page, heavy)
"""


def zoo() -> None:
    """Folders of every kind that may be where runs are."""
    root = runs_root()
    run("mixed", mixed(100), iterations=100)
    run("iterative", iterative(100), method="iterative", iterations=100)
    run("failed", mixed(50), status="failed", error="The disk is full.", iterations=100)
    run("interrupted", mixed(50), status=None, iterations=100)
    for name, content in {
        "newer": '{"format": 99}',
        "list": "[]",
        "torn": '{"format": 1, "conf',
        "unknown": '{"format": 1, "config": {"shape": "round"}}',
    }.items():
        (root / name).mkdir()
        (root / name / "config.json").write_text(content)
    (root / "half").mkdir()
    (root / "a file").touch()
    (root / "junk").mkdir()
    for name in (
        "config.json",
        "summary.json",
        "activity.json",
        "label.json",
        "metrics.jsonl",
        "predictions.npz",
    ):
        (root / "junk" / name).write_bytes(bytes(range(256)))
    odd = run("odd", mixed(20), iterations=20)
    for name in ("summary.json", "activity.json", "label.json"):
        (odd.folder / name).write_text(
            '{"status": {"a": 1}, "title": [1], "nice": 3, "best": "x", "doing": null, '
            '"since": "y"}'
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nothing", "everything"])
def test_pages_open_whatever_is_in_checkpoints(kind: str) -> None:
    if kind == "everything":
        zoo()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (PROJECT, PROJECT / "tests" / "helpers")))
    }
    done = subprocess.run(
        [sys.executable, "-c", OPEN, *navigation.pages()],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("page", list(navigation.pages()))
def test_pages_are_short(page: str) -> None:
    assert len((PROJECT / "pages" / f"{page}.py").read_text().splitlines()) <= 150


def test_the_menu_lists_the_existing_pages_in_order() -> None:
    there = {path.stem for path in (PROJECT / "pages").glob("*.py")}
    assert (
        list(navigation.pages()) == [name for name in navigation.MENU if name in there]
        and there <= navigation.MENU.keys()
    )
