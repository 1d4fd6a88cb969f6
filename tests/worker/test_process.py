"""The worker process: complete runs, stops, kills, full disks, and missing or changed data."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import small
from slow import some

from fruitlab.config.errors import Busy, RunError
from fruitlab.config.paths import PROJECT, data_root
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, steps
from fruitlab.runs.folder import Run
from fruitlab.training import schedules
from fruitlab.worker.process import work

SMALL = {
    "preset": "paper",
    "network": small.Small.name,  # known in this process alone
    "width": 0.25,
    "live_every": 5,
    "live_pictures": 10,
    "full_evaluations": 2,
    "data": "small",
}


@pytest.fixture
def data(pair):
    import_pictures(name="small", nice=pair.nice, real=pair.real, min_images=5)
    return pair


def make(run_id: str, method: str = "mixed", **changes) -> Run:
    return catalog.create(
        {"device": "cpu", "data": None},
        config=configure(method, **(SMALL | {"iterations": 20} | changes)),
        run_id=run_id,
    )


# A fast machine finishes such a small run before the first state would be saved.
EAGER = textwrap.dedent("""
    from fruitlab.worker import process, recorder
    recorder.SAVE_EVERY = 0.1
    raise SystemExit(process.main())
""")


def start(run: Run, log: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", EAGER, run.id], stderr=log.open("ab"), cwd=PROJECT
    )


def quietly(line: str) -> None:
    pass


def test_finished_run_has_all_files_and_consistent_scores(data):
    from fruitlab.metrics import accuracy

    run = make("whole", ratio=40)
    summary = work(run, say=quietly)
    assert summary["status"] == "finished" == run.status()
    assert run.summary() == json.loads(json.dumps(summary))
    points = run.metrics()
    assert points[-1]["iteration"] == 20 and points[-1]["full"]
    assert points[-1]["nice"][1] / points[-1]["nice"][0] == summary["nice"]["top1"]
    table = run.predictions()
    assert accuracy.table_scores(table)["real"] == summary["real"]
    pair = store.load("small")
    split = pair.split(0)
    assert [f"real/{pair.real.paths[i]}" for i in split.real_test] == table["path"][
        table["real"]
    ].tolist()
    assert [pair.nice.hashes[i] for i in split.nice_test] == table["hash"][~table["real"]].tolist()
    assert table["probability"].min() >= 0 and (table["probability"].sum(1) <= 1 + 1e-5).all()
    assert ((table["top3"][:, 0] == table["truth"]) == (table["rank"] == 0)).all()
    assert run.header()["data"]["training_pictures"] == {
        "mixed": {"nice": 22, "real": 18}
    }  # 60% of 36, 40% of 45
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "best.safetensors",
        "config.json",
        "metrics.jsonl",
        "predictions.npz",
        "run.lock",
        "steps.jsonl",
        "summary.json",
        "weights.safetensors",
    ]


def test_every_iteration_is_logged_also_if_the_run_is_stopped_between(data):
    """The rates are those of the schedules, and the losses those that evaluations report."""
    run = make("one", "iterative", full_evaluations=1, live_every=20, batch_size=7)
    stops = iter([False] * 4 + [True])
    for status in ("stopped", "finished"):
        summary = work(run, say=lambda line: next(stops, False) and run.ask_to_stop())
        assert summary["status"] == status
    config, found = run.config(), steps.read(run)
    assert found.iteration.tolist() == list(range(1, 21))
    switch = config.phases()[0].iterations
    for i, (rate, momentum) in enumerate(zip(found.learning_rate, found.momentum, strict=True)):
        phase, clock = config.phases()[i >= switch], i - switch * (i >= switch)
        assert rate == pytest.approx(schedules.learning_rate(config, clock, phase.horizon), 1e-5)
        assert momentum == pytest.approx(schedules.momentum(config, clock), 1e-5)
    points = run.metrics()
    single = [b for a, b in pairwise(points) if b["iteration"] == a["iteration"] + 1]
    assert len(single) > 2  # the evaluations whose loss is that of one iteration
    for point in single:
        assert found.loss[point["iteration"] - 1] == pytest.approx(point["loss"], 1e-4)


def test_stop_file_ends_the_run_and_it_resumes_to_identical_weights(data):
    whole = make("whole")
    work(whole, say=quietly)
    run, messages = make("part"), []

    def stop_at_ten(line):
        messages.append(line)
        if "iteration 10/" in line:
            run.ask_to_stop()

    assert work(run, say=stop_at_ten)["status"] == "stopped" == run.status()
    assert run.summary()["iteration"] == 10 and not (run.folder / "stop").exists()
    assert not run.has("weights")
    # The stop is noticed after the evaluation at 10, before the next iteration.
    assert run.read_tensors("state")[1]["numbers"]["iteration"] == 10
    done = run.metrics()
    assert work(run, say=messages.append)["status"] == "finished"
    assert "Resuming at iteration 10 of 20." in messages
    assert run.metrics()[: len(done)] == done
    assert (run.folder / "weights.safetensors").read_bytes() == (
        whole.folder / "weights.safetensors"
    ).read_bytes()


def test_run_stopped_after_its_last_evaluation_has_identical_predictions(data):
    """Restricted training scores cached features, whose logits differ in the last bits."""
    whole, run = (
        make(name, "iterative", running_statistics="frozen") for name in ("whole", "late")
    )
    work(whole, say=quietly)
    work(run, say=lambda line: run.ask_to_stop() if "iteration 20/" in line else None)
    assert run.status() == "stopped" and run.summary()["iteration"] == 20
    work(run, say=quietly)
    ours, theirs = run.predictions(), whole.predictions()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("what", some(("the log", "everything"), fast=("everything",)))
def test_full_disk_is_reported_and_the_run_resumes_later(data, monkeypatch, what):
    run = make("full")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fill_the_disk(line):
        if "iteration 10/" in line:
            monkeypatch.setattr(Run, "append", full)
            if what == "everything":
                monkeypatch.setattr(os, "fsync", full)

    with (
        monkeypatch.context() as monkeypatch,
        pytest.raises(RunError, match=r"disk is full.*resume full"),
    ):
        work(run, say=fill_the_disk)
    # If even the summary could not be written, the run shows as interrupted.
    assert run.status() == ("failed" if what == "the log" else "interrupted") and run.has("state")
    assert not list(run.folder.glob(".*"))
    assert work(run, say=quietly)["status"] == "finished"
    iterations = [point["iteration"] for point in run.metrics()]
    assert iterations == sorted(set(iterations)) and iterations[-1] == 20


def test_missing_or_changed_data_is_an_error(data, tmp_path):
    run = make("later")
    kept = tmp_path / "kept"
    data_root().rename(kept)
    with pytest.raises(RunError, match="small"):
        work(run, say=quietly)
    assert run.status() == "failed"
    shutil.copytree(kept, data_root())

    def stop(line):
        if "iteration 5/" in line:
            run.ask_to_stop()

    assert work(run, say=stop)["status"] == "stopped"
    picture = next(data.nice.rglob("*.png"))
    shutil.copyfile(next(data.real.rglob("*.png")), picture)
    with pytest.raises(RunError, match="has changed since later started"):
        work(run, say=quietly)
    assert run.has("state") and run.metrics()[-1]["iteration"] == 5


def test_nan_loss_fails_with_advice(data):
    run = make(
        "wild",
        learning_rate=10,
        regularisation=1000,
        penalty="plain",
        momentum_width=0,
        iterations=200,
    )
    with pytest.raises(RunError, match="learning rate lower"):
        work(run, say=quietly)
    assert run.status() == "failed" and "learning rate lower" in run.summary()["error"]


def test_missing_device_is_an_error(data):
    with pytest.raises(RunError, match="--device cpu"):
        work(make("far"), device="mps", say=quietly)


@pytest.mark.slow
def test_second_worker_is_refused(data):
    run = make("busy", network="paper")
    script = textwrap.dedent("""
        import sys
        from fruitlab.config.errors import Busy
        from fruitlab.runs.catalog import find
        from fruitlab.worker.process import work
        try:
            work(find("busy"), say=print)
        except Busy as error:
            sys.exit(f"refused: {error}")
    """)
    command = [sys.executable, "-c", script]
    with run.lock():
        second = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    assert second.returncode == 1
    assert "refused: Another process is training busy" in second.stderr
    assert issubclass(Busy, RunError)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "changes"),
    [
        ("mixed", {}),
        ("iterative", {"running_statistics": "updated"}),
        ("iterative", {"running_statistics": "frozen"}),
    ],
)
def test_killed_run_resumes_to_identical_weights(data, tmp_path, method, changes):
    """SIGKILL within each phase, and again shortly after it was resumed."""
    size = {"network": "paper", "iterations": 400, "live_every": 10, "width": 0.5} | changes
    whole, run, log = (
        make("whole", method, **size),
        make("broken", method, **size),
        tmp_path / "log",
    )
    assert start(whole, log).wait(300) == 0, log.read_text()
    moments = [60, 230] if method == "mixed" else [60, 190, 230, 330]  # of 400, split at 200
    reached = []
    for moment in moments:
        worker = start(run, log)
        while not any(point["iteration"] >= moment for point in run.metrics()):
            assert worker.poll() is None, log.read_text()
            time.sleep(0.01)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        assert run.status() == "interrupted"
        reached.append(run.read_tensors("state")[1]["numbers"]["iteration"])
    assert start(run, log).wait(300) == 0, log.read_text()
    assert run.status() == "finished"
    for name in ("weights", "best"):
        assert (run.folder / f"{name}.safetensors").read_bytes() == (
            whole.folder / f"{name}.safetensors"
        ).read_bytes()
    # Each start resumes from the last saved state, so saved iterations are not repeated.
    resumed = [
        int(line.split("iteration ")[1].split(" of")[0])
        for line in log.read_text().splitlines()
        if line.startswith("Resuming")
    ]
    assert resumed == [r for r in reached if r] and sorted(resumed) == resumed and resumed[-1] > 0
    ours, theirs = (
        [{k: v for k, v in point.items() if k != "seconds"} for point in r.metrics()]
        for r in (run, whole)
    )
    assert ours == theirs


@pytest.mark.slow
def test_ctrl_c_stops_the_run_and_saves_its_state(data, tmp_path):
    run = make("interrupted", network="paper", iterations=5000, live_every=5)
    log = tmp_path / "log"
    worker = start(run, log)
    while not run.metrics():
        assert worker.poll() is None, log.read_text()
        time.sleep(0.05)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(60) == 0
    assert run.status() == "stopped" and run.has("state")


def test_the_header_says_how_steps_are_started(data):
    from fruitlab.worker.train import note_steps

    run = make("eager")
    work(run, say=print)
    assert run.header()["steps"] == "eager"
    note_steps(run, SimpleNamespace(not_captured=None))
    assert run.header()["steps"] == "eager"
    note_steps(run, SimpleNamespace(not_captured="operation not permitted"))
    assert run.header()["steps"] == "eager: operation not permitted"
