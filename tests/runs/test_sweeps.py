"""Sweeps: runs that differ only in ratio and seed."""

import made_runs
import numpy as np
import pytest

from fruitlab.methods.registry import configure
from fruitlab.runs.grouping import preset_changes
from fruitlab.runs.index import Index
from fruitlab.runs.sweeps import sweeps


def all_sweeps(**more):
    return sweeps(Index().entries(fresh=True), **more)


def test_sweep_groups_runs_that_differ_in_ratio_and_seed():
    for name, changes in {
        "a": {"ratio": 60},
        "b": {"ratio": 0},
        "c": {"ratio": 60, "seed": 1},
        "d": {"ratio": 30, "iterations": 500},
        "e": {"ratio": 100},
    }.items():
        made_runs.run(
            name,
            predictions=True,
            **({"seed_of_run": changes.pop("seed")} if "seed" in changes else {}),
            **changes,
        )
    made_runs.run("iterative", method="iterative")
    made_runs.run("stopped", status="stopped", ratio=10)
    first, second = all_sweeps()
    assert {ratio: [entry.id for entry in runs] for ratio, runs in first.runs.items()} == {
        0: ["b"],
        60: ["a", "c"],
        100: ["e"],
    }
    assert [entry.id for runs in second.runs.values() for entry in runs] == ["d"]
    assert first.ratios == [0, 60, 100] and first.missing() == [10, 20, 30, 40, 50, 70, 80, 90]
    assert [first.neighbour(ratio) for ratio in (0, 60, 100)] == [60, 0, 60]
    assert second.neighbour(30) is None
    assert first.key != second.key and "3 ratios" in first.name and "iterations 500" in second.name
    assert "1 ratio" in second.name


def test_scores_are_means_over_seeds():
    runs = [made_runs.run("a"), made_runs.run("b", seed=5, seed_of_run=1)]
    (sweep,) = all_sweeps()
    for score in ("nice", "real", "combined"):
        expected = np.mean([run.summary()[score]["top1"] for run in runs])
        assert sweep.scores(60)[score] == pytest.approx(expected)
    assert runs[0].summary()["nice"]["top1"] != runs[1].summary()["nice"]["top1"]


def test_newer_of_two_equal_runs_is_used():
    for name in ("old", "new"):
        made_runs.run(name)
    (sweep,) = all_sweeps()
    assert [entry.id for entry in sweep.runs[60]] == ["new"]


def test_photographs_come_first_and_ratios_need_weights():
    made_runs.run("drawn")
    made_runs.run("photo", kind="photographs", data="photos", fingerprint="f" * 16)
    (made_runs.run("lost", ratio=20).folder / "weights.safetensors").unlink()
    assert [one.kind for one in all_sweeps()] == ["photographs", "drawn"]


def test_scores_use_all_seeds_and_the_network_needs_weights():
    runs = [
        made_runs.run(name, seed=number, seed_of_run=number)
        for number, name in enumerate(("bare", "whole", "bare-too"))
    ]
    for run in (runs[0], runs[2]):
        (run.folder / "weights.safetensors").unlink()
    (sweep,) = all_sweeps()
    assert sweep.network(60).id == "whole" and len(sweep.runs[60]) == 3
    tops = [run.summary()["real"]["top1"] for run in runs]
    assert sweep.scores(60)["real"] == pytest.approx(np.mean(tops))
    assert sweep.deviations(60)["real"] == pytest.approx(np.std(tops, ddof=1))


def test_preset_changes():
    assert preset_changes(configure("mixed", preset="quick", ratio=20, seed=4, data="photos")) == {}
    assert preset_changes(configure("mixed", preset="quick", width=2, iterations=9)) == {
        "width": 2,
        "iterations": 9,
    }
    assert preset_changes(configure("mixed").model_copy(update={"preset": "gone@1"})) == {}


def test_distilled_runs_are_a_sweep_of_their_own_after_the_mixed_ones():
    for ratio in (20, 80):
        made_runs.run(f"distilled{ratio}", method="distil", ratio=ratio)
    made_runs.run("nice-first", method="distil", ratio=80, split=30)
    made_runs.run("closed", method="closed-form", ratio=80)
    made_runs.run("mixed", ratio=60)
    mixed, distilled = all_sweeps()
    assert mixed.is_mixed and mixed.ratios == [60]
    assert not distilled.is_mixed and distilled.ratios == [20, 80]
    assert "distillation" in distilled.name and "distillation" not in mixed.name
