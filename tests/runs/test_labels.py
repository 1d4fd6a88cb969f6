"""Labels, CSV export and deletion of runs."""

import csv
import io
import json
from pathlib import Path

import pytest
from run_folders import run_folder

from fruitlab.config.errors import RunError
from fruitlab.runs import catalog, labels


def test_writing_a_label_keeps_other_entries() -> None:
    run = run_folder("a")
    run.label_file.write_text(json.dumps({"study": "table-2", "title": "old"}))
    labels.write_label(run, title="  the  good\none ", note="a line\nand another\n")
    assert json.loads(run.label_file.read_text()) == {
        "study": "table-2",
        "title": "the good one",
        "note": "a line\nand another",
    }
    labels.write_label(run, title="", note=" ")
    assert json.loads(run.label_file.read_text()) == {"study": "table-2"}


@pytest.mark.parametrize("damaged", ["", "[]", "{", "7"])
def test_damaged_label_is_replaced(damaged: str) -> None:
    run = run_folder("a")
    run.label_file.write_text(damaged)
    labels.write_label(run, title="good", note="")
    assert json.loads(run.label_file.read_text()) == {"title": "good"}


def test_too_long_title_is_an_error() -> None:
    run = run_folder("a")
    with pytest.raises(RunError, match=r"title has 81 characters\. Shorten it to 80"):
        labels.write_label(run, title="x" * 81, note="")
    assert not run.label_file.exists()


def test_shipped_run_is_labelled_elsewhere_and_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_folder("a")
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(run.folder.parent))
    monkeypatch.setenv("FRUITLAB_CHECKPOINTS", str(tmp_path / "mine"))
    before = sorted(file.name for file in run.folder.iterdir())
    labels.write_label(run, title="good", note="")
    assert json.loads((tmp_path / "mine" / ".labels" / "a" / "label.json").read_text()) == {
        "title": "good"
    }
    with pytest.raises(RunError, match="come with FruitLab"):
        labels.delete(run)
    assert sorted(file.name for file in run.folder.iterdir()) == before


def test_delete_removes_the_whole_run() -> None:
    run, other = run_folder("a"), run_folder("b")
    labels.delete(run)
    assert [run.id for run in catalog.all_runs()] == ["b"]
    assert sorted(path.name for path in other.folder.parent.iterdir()) == ["b"]
    run_folder("a")  # the name can be used again


def test_running_run_is_not_deleted() -> None:
    run = run_folder("a", status="interrupted")
    lock = run.lock()
    lock.acquire()
    try:
        with pytest.raises(RunError, match="a is running: stop it first"):
            labels.delete(run)
    finally:
        lock.release()
    assert run.header()["created"]
    labels.delete(run)
    assert not run.folder.exists()


def test_unreadable_run_can_be_deleted() -> None:
    run = run_folder("a")
    (run.folder / "config.json").write_text("{")
    labels.delete(run)
    assert not run.folder.exists()


def test_log_as_csv() -> None:
    run = run_folder("a", points=3)
    rows = list(csv.DictReader(io.StringIO(labels.log_as_csv(run))))
    lines = run.metrics()
    assert len(rows) == 3
    for row, line in zip(rows, lines, strict=True):
        assert int(row["iteration"]) == line["iteration"]
        assert int(row["nice_right"]) == line["nice"][1]
        assert int(row["real_within_three"]) == line["real"][2]
        assert int(row["seen_real"]) == line["seen"]["real"]
        assert row["loss"] == ("" if line["loss"] is None else str(line["loss"]))
    empty = run_folder("b", points=0)
    assert labels.log_as_csv(empty).strip() == ""
