"""Studies on a Ray cluster: lost nodes, failures, and stops."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from ray_studies import SMALL, arguments, needs_ray

from fruitlab.cli.main import main
from fruitlab.config.errors import RunError
from fruitlab.config.paths import PROJECT
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, steps
from fruitlab.runs.folder import Run
from fruitlab.studies import plans
from fruitlab.worker.process import work


def wait_until(condition, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.05)


def assert_same_as_local_run(run: Run) -> None:
    """A local worker gives the same weights, log and files for the run's configuration."""
    alone = catalog.create({"device": "cpu", "data": None}, config=run.config())
    work(alone, say=lambda line: None)
    assert run.header()["threads"] == alone.header()["threads"]
    for name in ("weights", "best"):
        ours, theirs = run.read_tensors(name)[0], alone.read_tensors(name)[0]
        assert ours.keys() == theirs.keys() and all(
            np.array_equal(ours[key], theirs[key]) for key in ours
        ), (run.id, name)
    assert without_seconds(run.metrics()) == without_seconds(alone.metrics())
    ours, theirs = run.predictions(), alone.predictions()
    assert all(np.array_equal(ours[key], theirs[key]) for key in theirs)
    ours, theirs = steps.read(run), steps.read(alone)
    assert ours.iteration.tolist() == theirs.iteration.tolist() != []
    np.testing.assert_array_equal(ours.loss, theirs.loss)
    # No temporary file of the other machine is left.
    names, expected = ({path.name for path in each.folder.iterdir()} for each in (run, alone))
    assert names == expected | {"label.json"}


def without_seconds(points: list[dict]) -> list[dict]:
    return [{key: value for key, value in one.items() if key != "seconds"} for one in points]


@pytest.mark.slow
@needs_ray
def test_killed_node_does_not_change_the_results(small, tmp_path):
    from ray.cluster_utils import Cluster

    from fruitlab.studies.ray_engine import RayEngine

    # Long enough that the first run still trains when the second has started.
    long = SMALL | {"iterations": 480, "full_evaluations": 24, "live_every": 10}
    configs = [
        configure("mixed", preset="quick", data="small", ratio=50, **long),
        *(
            configure("iterative", preset="quick", data="small", split=split, **long)
            for split in (40, 80)
        ),
    ]
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 1,
            "include_dashboard": False,
            "_system_config": {"health_check_period_ms": 500, "health_check_failure_threshold": 4},
        },
    )
    messages: list[str] = []
    try:
        node = cluster.add_node(num_cpus=1)
        plan = plans.Study("lost", "small", plans.fixed(configs))
        common = {"data": small, "address": cluster.address, "storage": tmp_path / "shared"}
        needs = "No machine of the Ray cluster has 1 CPUs and 2 GPUs for a run: "
        with pytest.raises(RunError, match=needs + "they have 1 CPUs and 0 GPUs; 1 CPUs"):
            RayEngine(plan, small.fingerprint, "auto", messages.append, gpus=2, **common).run()

        def kill_node_halfway() -> None:
            wait_until(
                lambda: (
                    sum(
                        run.has("state") and 60 < run.metrics()[-1]["iteration"] < 440
                        for run in catalog.all_runs()
                        if run.metrics()
                    )
                    == 2
                )
            )
            assert {run.status() for run in catalog.all_runs()} == {"running"}
            cluster.remove_node(node, allow_graceful=False)
            messages.append("killed")

        killer = threading.Thread(target=kill_node_halfway, daemon=True)
        killer.start()
        engine = RayEngine(plan, small.fingerprint, "auto", messages.append, **common)
        after = engine.run()
        killer.join()
    finally:
        cluster.shutdown()
    assert engine.failed == {} and [len(after.configs), len(after.finished)] == [3, 3]
    lost = [
        line for line in messages if "was lost. It continues on another one from iteration" in line
    ]
    assert (
        "killed" in messages
        and len(lost) == 1
        and 0 < int(lost[0].split("iteration ")[1].strip(".")) < 480
    ), messages
    assert after.found[configs[1]].header["initial_training_of"] == after.found[configs[2]].id
    assert not any((tmp_path / "shared").iterdir()), "checkpoints are deleted after the study"
    for config in configs:
        assert_same_as_local_run(after.found[config].run)


@pytest.mark.slow
@needs_ray
def test_failed_run_is_not_retried_and_stopped_run_resumes_without_ray(small):
    vary = arguments("--vary", "regularisation=0.0005,1000", "--ray", "local")

    def stop_the_converging_run() -> None:
        def converging_runs() -> list[Run]:
            return [
                run
                for run in catalog.all_runs()
                if run.config().regularisation < 1 and run.has("state") and len(run.metrics()) > 8
            ]

        wait_until(converging_runs)
        converging_runs()[0].ask_to_stop()

    stopper = threading.Thread(target=stop_the_converging_run, daemon=True)
    stopper.start()
    # In a child process, because this one has imported Ray for a cluster already.
    done = subprocess.run(
        [sys.executable, "-m", "fruitlab", *vary], cwd=PROJECT, capture_output=True, text=True
    )
    stopper.join()
    result, err = json.loads(done.stdout), done.stderr
    assert done.returncode == 1 and len(result["failed"]) == 2 and "was lost" not in err, err
    bad, stopped = sorted(catalog.all_runs(), key=lambda run: run.status())
    assert bad.status() == "failed" and "learning rate lower than" in bad.summary()["error"]
    assert bad.summary()["error"] in result["failed"].values()
    assert stopped.status() == "stopped" and 0 < stopped.summary()["iteration"] < 240
    assert not (stopped.folder / "stop").exists()
    assert main(["resume", stopped.id]) == 0
    assert_same_as_local_run(stopped)


def public_addresses(process: int) -> list[str]:
    """Hexadecimal non-loopback addresses on which a process or its descendants listen (Linux)."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process may have ended
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    processes, before = {process}, 0
    while len(processes) > before:
        before, processes = (
            len(processes),
            processes | {child for child, parent in parents.items() if parent in processes},
        )
    sockets = set()
    for member in processes:
        for file in Path(f"/proc/{member}/fd").glob("*"):
            with contextlib.suppress(OSError):
                sockets.add(os.readlink(file))
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        if Path(f"/proc/net/{name}").exists()
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    ours = [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]
    assert ours or not rows, "Ray listens on no port at all"
    loopback = (
        "0100007F:",
        "0000000000000000FFFF00000100007F:",
        "00000000000000000000000001000000:",
    )
    return [address for address in ours if not address.startswith(loopback)]


@pytest.mark.slow
@needs_ray
def test_ctrl_c_stops_all_runs_and_the_same_command_resumes_them(small):
    command = [
        sys.executable,
        "-m",
        "fruitlab",
        *arguments("--vary", "ratio=20,60", "--ray", "local", "--set", "iterations=120"),
    ]
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: any(run.has("state") for run in catalog.all_runs()))
    assert public_addresses(process.pid) == [], "Ray's ports allow anyone to run code"
    os.killpg(process.pid, signal.SIGINT)  # to the whole group, as a terminal does
    assert json.loads(process.communicate(timeout=60)[0]) == {"error": "Interrupted."}
    assert process.returncode == 130
    assert all(run.status() == "stopped" for run in catalog.all_runs())
    kept = max(
        (run.read_tensors("state")[1]["numbers"]["iteration"], run.id)
        for run in catalog.all_runs()
        if run.has("state")
    )
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=180)
    result = json.loads(done.stdout)
    assert (
        done.returncode == 0
        and result["finished"] == 2
        and kept[0] > 0
        and kept[1] in {row["run"] for row in result["rows"]}
    ), done.stderr[-2000:]
    for run in list(catalog.all_runs()):
        iterations = [one["iteration"] for one in run.metrics()]
        assert iterations == sorted(set(iterations)) and iterations[-1] == 120
