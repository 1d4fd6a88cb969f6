"""The GPU benchmark: its equality part on a CPU with tiny runs, and what the parts share."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from logged_runs import point
from run_folders import predictions

from benchmarks.gpu import equality
from benchmarks.gpu.part import cell, part
from benchmarks.gpu.trace import analyse, covered, short
from fruitlab.config.paths import PROJECT
from fruitlab.runs.folder import Run


def run_equality(out: Path, *arguments: str) -> dict:
    """In a process of its own: other tests may have changed what a spawned process starts with."""
    options = ["--device", "cpu", "--quick", "--out", str(out), "--at-once", "1", *arguments]
    command = [sys.executable, "-m", "benchmarks.gpu.equality", *options]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    results = json.loads((out / "equality.json").read_text())
    assert (ended.returncode, results["failures"]) == (0, []), ended.stderr
    return results


@pytest.mark.slow
def test_runs_are_repeated_killed_and_resumed(tmp_path):
    chosen = ("--methods", "mixed", "--checks", "repeated", "--precisions", "float32")
    (row,) = run_equality(tmp_path, *chosen)["repeated"]
    assert row["two runs bit-equal"] is True
    assert row["killed and resumed bit-equal"] is True
    kept = [int(iteration) for iteration in row["resumed from iteration"].split(", ")]
    assert kept == sorted(kept) and kept[0] >= 8 and kept[-1] < 24
    assert "| mixed | float32 | yes | yes |" in (tmp_path / "results.md").read_text()


@pytest.mark.slow
def test_a_method_with_a_buffer_is_compared_with_the_cpu(tmp_path):
    chosen = ("--methods", "rehearsal", "--checks", "against-cpu")
    rows = run_equality(tmp_path, *chosen)["against the CPU"]
    assert {row["method"] for row in rows} == {"rehearsal"}
    assert all(row["within tolerance"] and row["allowed for weights"] < 1e-2 for row in rows)


def made_run(folder: Path, *, loss: float = 1.0, weight: float = 3.0, seconds: float = 1.0) -> Run:
    folder.mkdir()
    run = Run(folder)
    run.append(point(0, 0.1, 0.1, seconds=0.0))
    run.append(point(1, 0.1, 0.1, loss=loss, seconds=seconds))
    run.write_tensors("weights", {"a": np.array([weight, 4.0], np.float32)}, {})
    np.savez(folder / "predictions.npz", **predictions(0))
    return run


def test_differences_are_of_losses_and_weights(tmp_path):
    one, other = made_run(tmp_path / "one"), made_run(tmp_path / "other", loss=1.5, weight=3.5)
    found = equality.differences(other, one)
    assert found == {"loss": 0.5, "weights": pytest.approx(0.1)}


@pytest.mark.parametrize(
    ("changes", "equal"),
    [({}, True), ({"seconds": 9.0}, True), ({"loss": 1.1}, False), ({"weight": 3.1}, False)],
)
def test_bit_equal_runs_differ_in_seconds_only(tmp_path, changes, equal):
    one, other = made_run(tmp_path / "one"), made_run(tmp_path / "other", **changes)
    assert equality.bit_equal(one, other) is equal


def test_a_profile_counts_launches_waits_and_busy_time():
    def event(kind: str, name: str, start: float, duration: float) -> dict:
        return {"ph": "X", "cat": kind, "name": name, "ts": start, "dur": duration}

    events = [
        event("cpu_op", "aten::add", 0, 50),
        event("cuda_runtime", "cudaLaunchKernel", 10, 6),
        event("cuda_driver", "cuLaunchKernelEx", 20, 3),
        event("cuda_runtime", "cudaGraphLaunch", 25, 1),
        event("cuda_runtime", "cudaMemcpyAsync", 30, 5),
        event("cuda_runtime", "cudaStreamSynchronize", 40, 100),
        event("cuda_runtime", "cudaDeviceSynchronize", 200, 100),
        event("kernel", "void add(float)", 100, 2000),
        event("kernel", "void mul(float)", 1100, 2000),
        event("gpu_memcpy", "Memcpy DtoH", 5000, 1000),
        {"ph": "X", "name": "without a category", "ts": 0, "dur": 1},
    ]
    found = analyse(events, steps=2)
    assert (found.launches, found.waits) == (1.5, 0.5)
    assert found.launch_ms == pytest.approx(0.0075)
    assert found.gpu_ms == pytest.approx(2.0)  # the kernels overlap by 1000 us
    assert found.kernels[0] == ("void add(float)", 1.0, 0.5)
    assert found.operations == [("aten::add", 0.5)]


def test_overlaps_are_covered_once():
    assert covered([]) == 0
    assert covered([(5, 6), (0, 4), (1, 2), (3, 5)]) == 6


def test_names_of_kernels_are_cut():
    assert short("void at::native::(anonymous namespace)::elu<float>(int)") == "elu<float>(int)"
    assert len(short("k" * 200)) == 90


def test_numbers_are_short_in_tables():
    cells = [None, True, 12345, 0.00012345, 1234.5, 0.0, "a|b"]
    assert [cell(one) for one in cells] == ["-", "yes", "12,345", "0.000123", "1,234", "0", "a\\|b"]


def failing_part(out: Path, fail: Callable[[], None]) -> None:
    with part("one", "One", out) as result:
        result.results["speed"] = 5
        fail()


def test_what_was_measured_before_an_error_is_kept(tmp_path):
    def fail() -> None:
        raise RuntimeError("no kernel image")

    with pytest.raises(SystemExit) as ended:
        failing_part(tmp_path, fail)
    kept = json.loads((tmp_path / "one.json").read_text())
    assert ended.value.code == 1
    assert kept == {"speed": 5, "failures": ["RuntimeError: no kernel image"]}
    assert "**Failed:** RuntimeError: no kernel image" in (tmp_path / "results.md").read_text()


def test_what_was_measured_before_the_time_limit_is_kept(tmp_path):
    def fail() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        failing_part(tmp_path, fail)
    kept = json.loads((tmp_path / "one.json").read_text())
    assert (ended.value.code, kept["speed"]) == (1, 5)
    assert "time limit" in kept["failures"][0]
    assert signal.getsignal(signal.SIGTERM) == before
