"""The Index: incremental reading of logs, invalid files, and caching."""

import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from logged_runs import iterative, lines, mixed, point, run

from fruitlab.config.files import write_json
from fruitlab.config.paths import runs_root
from fruitlab.runs import folder as runs
from fruitlab.runs.index import Index


def test_entry_of_a_finished_run_matches_its_files() -> None:
    made = run("one", iterative(100), method="iterative", iterations=100)
    entry = Index().get("one")
    assert (entry.status, entry.points, entry.phases, entry.switch) == (
        "finished",
        11,
        ("initial", "restricted"),
        50,
    )
    # Compared with the log, read in another way.
    log = made.metrics()
    assert entry.column("iteration").tolist() == [p["iteration"] for p in log]
    assert np.allclose(entry.accuracy("nice", 3), [p["nice"][2] / p["nice"][0] for p in log])
    assert np.isnan(entry.column("loss")[0]) and entry.column("loss")[1] == log[1]["loss"]
    assert entry.scores()["real"]["top1"] == pytest.approx(0.3)
    assert entry.final("nice") == pytest.approx(0.5) and entry.categories == 4


def test_new_complete_lines_are_read() -> None:
    made = run("one", mixed(20), status=None, iterations=60)
    index = Index(rest=0)
    assert index.get("one").points == 3
    whole = lines([point(30, 0.5, 0.5)])
    with open(made.log, "a") as log:
        log.write(whole[:40])
    assert index.get("one").points == 3
    with open(made.log, "a") as log:
        log.write(whole[40:])
    assert index.get("one").column("iteration").tolist() == [0, 10, 20, 30]


def test_reads_only_new_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    made = run("one", mixed(1000), status=None, iterations=2000)
    index, taken = Index(rest=0), []
    index.entries()
    monkeypatch.setattr(
        "fruitlab.runs.log.parse_json", lambda text: taken.append(text) or json.loads(text)
    )
    index.entries()
    with open(made.log, "a") as log:
        log.write(lines([point(1010, 0.5, 0.5)]))
    index.entries()
    assert len(taken) == 1


def test_rewritten_log_is_read_again() -> None:
    made = run("one", mixed(50), status=None, iterations=100)
    index = Index(rest=0)
    before = index.get("one")
    made.log.write_text(
        lines(mixed(20) + [point(i, 0.1, 0.1, seconds=99.0 + i) for i in range(30, 90, 10)])
    )
    after = index.get("one")
    assert after.column("iteration").tolist() == list(range(0, 90, 10))
    assert after.column("seconds")[3] == 129.0
    assert before.points == 6 and before.column("iteration").tolist() == [0, 10, 20, 30, 40, 50], (
        "what was handed out does not change"
    )
    made.log.write_text("")
    assert index.get("one").points == 0


@pytest.mark.parametrize(
    "junk",
    [
        b"[1, 2]",
        b"{",
        b"\xff\xfe",
        b'{"format": 99}',
        b'{"format": 1}',
        b'{"format": 1, "config": {"method": "x y"}}',
        b'{"format": 1, "config": {"shape": 3}}',
        b'{"format": 1, "config": 7, "created": "soon"}',
    ],
)
def test_invalid_run_folder_is_unreadable_with_a_message(junk: bytes) -> None:
    folder = runs_root() / "odd"
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(junk)
    run("good", mixed(20), iterations=20)
    entries = {entry.id: entry for entry in Index().entries()}
    assert entries["odd"].status == "unreadable"
    assert "odd" in entries["odd"].error
    assert entries["odd"].error.endswith(".")
    assert entries["good"].status == "finished"


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        '{"iteration": 1}',
        "null",
        '{"iteration": "x"}',
        json.dumps(point(1, 0.1, 0.1) | {"nice": [1]}),
        json.dumps(point(1, 0.1, 0.1) | {"phase": ["x"], "seen": None}),
    ],
)
def test_invalid_line_ends_the_log(line: str) -> None:
    made = run("one", mixed(20), status=None, iterations=60)
    with open(made.log, "a") as log:
        log.write(line + "\n" + lines([point(30, 0.5, 0.5)]))
    assert Index().get("one").points == 3


@pytest.mark.parametrize("name", ["summary.json", "activity.json", "label.json"])
@pytest.mark.parametrize(
    "junk",
    [
        "",
        "[]",
        "{",
        "7",
        '{"status": 7, "combined": 3, "nice": {"top1": "x"}, "title": 5, "doing": []}',
        '{"status": "finished", "since": "x", "doing": []}',
    ],
)
def test_invalid_other_files_do_not_raise(name: str, junk: str) -> None:
    made = run("one", mixed(20), iterations=20)
    (made.folder / name).write_text(junk)
    entry = Index().get("one")
    assert isinstance(entry.status, str) and isinstance(entry.title, str)
    entry.final("combined"), entry.final("nice"), entry.scores(), entry.curves()


def test_status_agrees_with_the_run() -> None:
    made = run("one", mixed(20), status=None, iterations=60)
    index = Index(rest=0)
    assert index.get("one").status == made.status() == "interrupted"
    with made.lock():
        made.doing("waiting", why="another run has the cpu")
        assert index.get("one").status == made.status() == "waiting"
        made.doing("training")
        assert index.get("one").status == made.status() == "running"
    write_json(made.folder / "summary.json", {"status": "failed", "error": "The disk is full."})
    (made.folder / "activity.json").unlink()
    assert (index.get("one").status, index.get("one").error) == (made.status(), "The disk is full.")


def test_starting_run_is_not_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = run("one", mixed(20), status="stopped", iterations=60)
    made.doing("starting")
    assert made.status() == Index().get("one").status == "waiting"
    now = time.time()
    monkeypatch.setattr(runs.time, "time", lambda: now + runs.STARTING + 1)
    assert made.status() == "stopped", "a worker that never starts is not waited for forever"


def test_edited_labels_and_deleted_runs_are_noticed() -> None:
    made = run("one", mixed(20), iterations=20)
    for path in (made.folder, made.folder / "config.json"):
        os.utime(path, (1, 1))
    index = Index(rest=0)
    assert index.get("one").title == "one"
    made.label_file.write_text('{"title": "Best so far"}')
    assert index.get("one").title == "Best so far"
    os.utime(made.folder, (1, 1))
    index.entries()
    # Edited in place, so that the folder's modification time does not change.
    made.label_file.write_text('{"title": "Second"}')
    os.utime(made.folder, (1, 1))
    assert index.get("one").title == "Second"
    for file in made.folder.iterdir():
        file.unlink()
    made.folder.rmdir()
    assert index.entries() == []


def test_unchanged_runs_keep_their_entry_newest_first() -> None:
    run("old", mixed(20), iterations=20)
    run("new", mixed(20), iterations=20)
    index = Index(rest=0)
    first = index.entries()
    assert [entry.id for entry in first] == ["new", "old"]
    assert all(a is b for a, b in zip(first, index.entries(), strict=True))


def test_entries_are_cached_for_a_while_unless_fresh() -> None:
    index = Index(rest=60)
    assert index.entries() == []
    run("one", mixed(20), iterations=20)
    assert index.entries() == [] and [entry.id for entry in index.entries(fresh=True)] == ["one"]


def test_threads_get_consistent_entries_while_a_run_writes() -> None:
    made = run("one", [], status=None, iterations=4000)
    index, problems, done = Index(rest=0), [], threading.Event()

    def watch() -> None:
        while not done.is_set():
            try:
                entry = index.get("one")
                curves = entry.curves()
                assert len(curves.nice) == len(curves.iteration)
                assert np.array_equal(curves.iteration, np.sort(curves.iteration))
            except Exception as error:
                problems.append(error)

    threads = [threading.Thread(target=watch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(300):
        made.append(point(i, 0.5, 0.5))
    done.set()
    for thread in threads:
        thread.join()
    assert not problems and index.get("one").points == 300


def test_long_curves_are_thinned_and_keep_both_ends() -> None:
    run("long", [point(i, 0.5, 0.5) for i in range(6001)], iterations=6000)
    curves = Index().get("long").curves()
    assert len(curves.iteration) == 500 and curves.iteration[0] == 0
    assert curves.iteration[-1] == 6000


def test_missing_or_invalid_root_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Index().entries() == []
    (tmp_path / "file").touch()
    monkeypatch.setenv("FRUITLAB_CHECKPOINTS", str(tmp_path / "file"))
    assert Index().entries() == []
