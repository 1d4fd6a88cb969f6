"""What a Ray study keeps of its workers' messages and files."""

import numpy as np
import pytest
from logged_runs import point

from fruitlab.config.errors import RunError
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, log, steps
from fruitlab.runs.folder import Run
from fruitlab.studies.ray_mirror import ACCEPTED, Mirror


def sent(worker: str, before: int, iteration: int, **more) -> dict:
    return {
        "worker": worker,
        "node": f"machine of {worker}",
        "line": [before, point(iteration, 0.5, 0.5)],
        **more,
    }


def files(folder, worker: str, run: Run, iteration: int) -> None:
    (folder / worker).mkdir(parents=True)
    made = Run(folder / worker)
    steps.append(made, 1, *[[iteration] * iteration] * 3)
    made.write_tensors(
        "state",
        {"w": np.full(3, iteration, np.float32)},
        {"numbers": {"iteration": iteration}, "log_length": log.length(run.log)},
    )


def test_messages_of_a_replaced_worker_are_ignored(tmp_path):
    run = catalog.create(
        {"device": "auto", "data": None}, config=configure("mixed", iterations=100)
    )
    mirror = Mirror(run)
    mirror.open(tmp_path / "begin")
    assert run.status() == "waiting"
    assert [path.name for path in (tmp_path / "begin").iterdir()] == ["config.json"]
    assert not mirror.take(sent("first", 0, 0)) and run.metrics() == []  # no worker yet
    mirror.worker = "first"
    assert mirror.take(sent("first", 0, 0, header=run.header())) and run.status() == "running"
    assert mirror.take(sent("first", 1, 5))
    files(tmp_path / "one", "first", run, 5)
    mirror.keep(tmp_path / "one")
    assert (tmp_path / "one" / ACCEPTED).is_dir() and not (tmp_path / "one" / "first").exists()
    assert mirror.take(sent("first", 2, 10)) and mirror.take(sent("first", 3, 15))

    assert mirror.lost() == 5
    before = run.log.read_bytes()
    assert not mirror.take(sent("first", 4, 20))
    assert not mirror.take(sent("first", 4, 20, summary={"status": "finished"}))
    mirror.worker = "second"
    assert not mirror.take(sent("first", 4, 20, error="An error of the replaced worker."))
    assert run.log.read_bytes() == before and mirror.summary is None and mirror.problem is None
    assert mirror.take(sent("second", 2, 10))
    assert [one["iteration"] for one in run.metrics()] == [0, 5, 10], (
        "the log is cut back to the state that the second worker resumed from"
    )
    assert not mirror.take(sent("first", 3, 99)) and mirror.take(sent("second", 3, 15))

    # Both workers write into the same checkpoint. Only the second one's files are used.
    files(tmp_path / "two", "second", run, 15)
    files(tmp_path / "two", "first", run, 99)
    mirror.keep(tmp_path / "two")
    assert run.read_tensors("state")[1]["numbers"]["iteration"] == 15
    assert steps.read(run).loss.tolist() == [15] * 15
    assert Run(tmp_path / "two" / ACCEPTED).read_tensors("state")[1]["numbers"]["iteration"] == 15
    files(tmp_path / "three", "first", run, 99)
    with pytest.raises(
        RunError, match="--ray-storage has to name a folder that all machines share"
    ):
        mirror.keep(tmp_path / "three")
    with pytest.raises(RunError, match="did not arrive"):
        mirror.take(sent("second", 7, 40))
    mirror.end()
    assert run.status() == "stopped" and run.summary()["iteration"] == 15


def test_run_without_results_fails_and_keeps_its_state(tmp_path):
    run = catalog.create(
        {"device": "auto", "data": None}, config=configure("mixed", iterations=100)
    )
    mirror = Mirror(run)
    mirror.open(tmp_path / "begin")
    mirror.worker = "one"
    mirror.take(sent("one", 0, 100))
    files(tmp_path / "sent", "one", run, 100)
    mirror.keep(tmp_path / "sent")
    mirror.take({"worker": "one", "node": "there", "summary": {"status": "finished"}})
    mirror.end()
    assert run.status() == "failed" and "results did not arrive" in run.summary()["error"]
    assert run.has("state")
