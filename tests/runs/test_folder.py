"""Run folders: files, status, invalid contents, and the queue of waiting runs."""

import json
import os
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest
from logged_runs import point

from fruitlab.config.errors import RunError
from fruitlab.config.files import delete_temporary
from fruitlab.config.paths import runs_root
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, labels, log, queue
from fruitlab.runs.folder import Run
from fruitlab.runs.queue import guess_device, wait_for_turn


def make(run_id: str | None = None, **changes) -> Run:
    return catalog.create(
        {"device": "cpu", "data": None}, config=configure("mixed", **changes), run_id=run_id
    )


def test_new_run_is_listed_and_readable():
    run = make(ratio=30, seed=4)
    assert run.id.startswith("mixed-30-quick-")
    assert catalog.find(run.id).config() == configure("mixed", ratio=30, seed=4)
    assert [r.id for r in catalog.all_runs()] == [run.id]


@pytest.mark.parametrize(
    "bad", ["", "..", "../x", "a/b", "a b", "-x", "é", "x" * 81, "shipped", ".slots", "a\n"]
)
def test_invalid_run_id_is_rejected(bad):
    for use in (lambda: make(bad), lambda: catalog.find(bad)):
        with pytest.raises(RunError, match="is not a valid name for a run"):
            use()


def test_existing_id_is_rejected_and_its_run_unchanged():
    make("mine", ratio=10)
    with pytest.raises(RunError, match="already"):
        make("mine", ratio=20)
    assert catalog.find("mine").config().ratio == 10


def test_unknown_run_error_lists_examples():
    make("here")
    with pytest.raises(
        RunError,
        match=r"no run named there. There are 1, such as here\. python -m fruitlab runs lists them",
    ):
        catalog.find("there")


def test_incomplete_last_line_of_the_log_is_ignored():
    run = make()
    run.append(point(0, 0.1, 0.1))
    length = log.length(run.log)
    run.append(point(1, 0.1, 0.1))
    with open(run.log, "ab") as file:
        file.write(b'{"iteration": 2, "ni')
    assert [line["iteration"] for line in run.metrics()] == [0, 1]
    log.cut(run.log, length)
    assert [line["iteration"] for line in run.metrics()] == [0]


def test_a_log_that_lost_evaluations_is_not_continued():
    """After a power cut, the state may be on the disk and the log before it not."""
    run = make()
    for iteration in range(6):
        run.append(point(iteration, 0.1, 0.1))
    length, text = log.sync(run.log), run.log.read_bytes()
    for torn in (text[:-300], text[:300] + bytes(len(text) - 300), b""):
        run.log.write_bytes(torn)
        with pytest.raises(RunError, match=r"metrics.jsonl is damaged.*delete state.safetensors"):
            log.cut(run.log, length)
    run.log.write_bytes(text + b'{"iteration": 6, "ni')
    log.cut(run.log, length)
    assert len(run.metrics()) == 6


def test_tensors_round_trip_and_damaged_files_are_errors():
    run = make()
    tensors = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array(7)}
    run.write_tensors("state", tensors, {"numbers": {"iteration": 3}})
    back, notes = run.read_tensors("state")
    assert notes == {"numbers": {"iteration": 3}}
    assert all(np.array_equal(back[k], tensors[k]) for k in tensors)
    path = run.folder / "state.safetensors"
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(RunError, match="damaged"):
        run.read_tensors("state")
    with pytest.raises(RunError, match=r"no weights\.safetensors yet"):
        run.read_tensors("weights")


def test_pickled_predictions_are_not_loaded():
    run = make()
    (run.folder / "predictions.npz").write_bytes(b"\x80\x04\x95\x00")
    with pytest.raises(RunError, match="Cannot read the predictions"):
        run.predictions()
    np.savez(run.folder / "predictions.npz", hash=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RunError, match="Cannot read the predictions"):
        run.predictions()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"format": 99}', "newer version"),
        (
            '{"format": 1, "config": {"method": "mixed", "ratoi": 1}}',
            "Cannot read the configuration",
        ),
    ],
)
def test_invalid_configuration_makes_a_run_unreadable(content, says):
    folder = runs_root() / "foreign"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(content)
    with pytest.raises(RunError, match=says):
        catalog.find("foreign").config()
    assert [run.id for run in catalog.all_runs()] == ["foreign"]
    assert Run(folder).status() in ("unreadable", "interrupted")


def status_in_another_process(run: Run) -> str:
    script = (
        "import sys; from pathlib import Path; from fruitlab.runs.folder import Run; "
        "print(Run(Path(sys.argv[1])).status())"
    )
    command = [sys.executable, "-c", script, str(run.folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_status_follows_lock_and_summary():
    run = make()
    with run.lock():
        run.doing("waiting")
        assert status_in_another_process(run) == "waiting"  # as a page asks
        run.doing("training")
        assert status_in_another_process(run) == "running"
    assert run.status() == "interrupted"
    for status in ("finished", "stopped", "failed"):
        (run.folder / "summary.json").write_text(json.dumps({"status": status}))
        assert run.status() == status


@pytest.mark.slow
def test_worker_gets_its_lock_while_others_ask_for_the_status():
    run = make()
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from fruitlab.runs.folder import Run
        run = Run(Path(sys.argv[1]))
        open(run.folder / "run.lock", "a")
        end = time.time() + 4
        while time.time() < end:
            run.alive()
    """)
    command = [sys.executable, "-c", script, str(run.folder)]
    askers = [subprocess.Popen(command) for _ in range(2)]
    try:
        time.sleep(1)
        for _ in range(20):
            with run.lock().acquire(timeout=5):
                pass
    finally:
        for asker in askers:
            asker.wait()


def test_waiting_runs_start_in_order(monkeypatch):
    older, newer = make("older"), make("newer")
    messages = []

    class GaveUp(Exception):
        pass

    def give_up(seconds):
        raise GaveUp

    with older.lock():
        older.doing("waiting", device="cpu")
        with pytest.raises(GaveUp):
            wait_for_turn(newer, "cpu", say=messages.append, wait=give_up)
        older.doing("starting")  # an older run goes first even if its process just started
        with pytest.raises(GaveUp):
            wait_for_turn(newer, "cpu", say=messages.append, wait=give_up)
        turn = wait_for_turn(older, "cpu", say=messages.append, wait=give_up)
        older.doing("training")
    assert messages == 2 * ["Waiting for its turn: 1 started earlier."]
    assert newer.activity()["doing"] == "waiting"
    with pytest.raises(GaveUp):
        wait_for_turn(newer, "cpu", say=messages.append, wait=give_up)
    assert messages[-1] == "Waiting for its turn: another run has the cpu."
    turn.release()
    wait_for_turn(newer, "cpu", say=messages.append, wait=give_up).release()
    monkeypatch.setenv("FRUITLAB_SLOTS", "2")
    first, second = (
        wait_for_turn(newer, "cpu", say=messages.append, wait=give_up) for _ in range(2)
    )
    first.release(), second.release()
    monkeypatch.setenv("FRUITLAB_SLOTS", "many")
    with pytest.raises(RunError, match="FRUITLAB_SLOTS"):
        wait_for_turn(newer, "cpu", say=messages.append)


def test_concurrent_runs_depend_on_cores_and_memory(monkeypatch):
    monkeypatch.delenv("FRUITLAB_SLOTS", raising=False)
    monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda self: list(range(6)), raising=False)
    monkeypatch.setattr(psutil, "cpu_count", lambda: 64)  # more than this process may use
    free = [64_000_000_000]
    monkeypatch.setattr(queue, "free_memory", lambda: free[0])
    assert queue.concurrent_runs("cpu") == 6 and queue.concurrent_runs("cuda") == 1
    assert queue.concurrent_runs("cpu", "3") == 3
    free[0] = 8_000_000_000
    assert queue.concurrent_runs("cpu") == 3  # each needs 2.5 GB
    free[0] = 0
    assert queue.concurrent_runs("cpu") == 1 and queue.threads() is None
    for count, share in ((2, 3), (4, 1), (9, 1)):
        monkeypatch.setenv("FRUITLAB_SLOTS", str(count))
        assert queue.concurrent_runs("cpu") == count and queue.threads() == share
    for wrong in ("0", "many", "65", "1.5", ""):
        with pytest.raises(RunError, match="--at-once is"):
            queue.concurrent_runs("cpu", wrong)


def test_all_cores_count_without_cpu_affinity(monkeypatch):
    monkeypatch.delenv("FRUITLAB_SLOTS", raising=False)
    monkeypatch.delattr(psutil.Process, "cpu_affinity", raising=False)  # as on macOS
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    monkeypatch.setattr(queue, "free_memory", lambda: 64_000_000_000)
    assert queue.concurrent_runs("cpu") == 4


@pytest.mark.parametrize("files", queue.CGROUP_FILES)
def test_free_memory_respects_the_container_limit(tmp_path, monkeypatch, files):
    memory = psutil.virtual_memory()._replace(available=20_480_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert queue.free_memory(tmp_path) == 20_480_000_000  # no control groups
    limit_file, used_file = (tmp_path / name for name in files)
    limit_file.parent.mkdir(exist_ok=True)
    used_file.write_text("3000000000\n")
    for limit, free in (("max", 20_480_000_000), ("8000000000", 5_000_000_000), ("2000000000", 0)):
        limit_file.write_text(limit + "\n")
        assert queue.free_memory(tmp_path) == free


def test_slots_beyond_an_older_runs_limit_are_free_for_newer_runs(monkeypatch):
    older, newer, messages = make(), make(), []
    monkeypatch.setenv("FRUITLAB_SLOTS", "2")
    with older.lock():
        older.doing("waiting", device="cpu", places=1)
        turn = wait_for_turn(newer, "cpu", say=messages.append)
    assert turn.lock_file.endswith("cpu-1.lock") and not messages
    turn.release()


def test_guess_device():
    assert guess_device("cuda:1") == "cuda" and guess_device("cpu") == "cpu"
    assert guess_device("auto") in ("cpu", "cuda", "mps")


def test_unwritable_runs_folder_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FRUITLAB_CHECKPOINTS", str(tmp_path / "file" / "runs"))
    with pytest.raises(RunError, match="FRUITLAB_CHECKPOINTS"):
        make()


def test_a_run_that_was_killed_while_it_was_created_can_be_started_again():
    for name, left in (("empty", None), ("half", ".config.json.123")):
        folder = runs_root() / name
        folder.mkdir(parents=True)
        if left:
            (folder / left).write_text('{"form')
            os.utime(folder / left, (0, 0))
        config = configure("mixed", preset="quick")
        assert catalog.create({"device": "cpu"}, config=config, run_id=name).config() == config
        assert sorted(path.name for path in folder.iterdir()) == ["config.json"]
    (runs_root() / "other").mkdir()
    (runs_root() / "other" / "something.txt").touch()
    with pytest.raises(RunError, match="already a folder named other"):
        catalog.create({"device": "cpu"}, config=config, run_id="other")


def test_a_run_folder_is_never_seen_without_its_config():
    code = (
        "import os, signal; from fruitlab.methods.registry import configure\n"
        "from fruitlab.runs import catalog; from fruitlab.runs.folder import Run\n"
        "Run.write_header = lambda run, header: os.kill(os.getpid(), signal.SIGKILL)\n"
        "catalog.create({}, config=configure('mixed', preset='quick'), run_id='one')"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    (left,) = runs_root().iterdir()
    assert left.name.startswith(".new-") and list(catalog.all_runs()) == []
    catalog.delete_leftovers()
    assert left.exists(), "it may still be at work"
    os.utime(left, (0, 0))
    catalog.delete_leftovers()
    assert not left.exists()


def test_temporary_files_of_killed_writers_are_deleted():
    run = make()
    for name in (".state.safetensors.77", ".config.json.77-0123abcd", ".mine", "state.safetensors"):
        (run.folder / name).touch()
        os.utime(run.folder / name, (0, 0))
    (run.folder / ".label.json.78-0123abcd").touch()  # somebody writes it now
    delete_temporary(run.folder)
    left = {path.name for path in run.folder.iterdir()}
    assert left == {"config.json", "state.safetensors", ".mine", ".label.json.78-0123abcd"}


def test_many_threads_may_save_a_title_at_once():
    run = make()
    with ThreadPoolExecutor(6) as pool:
        titles = [f"title {number}" for number in range(60)]
        list(pool.map(lambda title: labels.write_label(run, title=title, note=""), titles))
    assert run.label()["title"] in titles
