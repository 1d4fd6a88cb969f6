"""Studies: their plans, shared initial training, failures, and resuming after a kill."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from logged_runs import point
from logged_runs import run as logged

from fruitlab.cli.main import main
from fruitlab.config.errors import ConfigError
from fruitlab.config.paths import PROJECT
from fruitlab.data.importing import import_pictures
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, folder
from fruitlab.runs.index import Index
from fruitlab.studies import engine as study
from fruitlab.studies import plans, progress
from fruitlab.worker.process import work

SMALL = {
    "width": 0.25,
    "live_every": 5,
    "live_pictures": 10,
    "full_evaluations": 2,
    "iterations": 20,
}


@pytest.fixture
def small(pair):
    import_pictures(name="small", nice=pair.nice, real=pair.real, min_images=5)
    return "small"


def arguments(*more: str) -> list[str]:
    return [
        "study",
        *more,
        "--data",
        "small",
        "--json",
        *(part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")),
    ]


def test_paper_study_and_tuning_have_the_papers_counts():
    plan = plans.paper("photos", seeds=3).rounds({})
    mixed, iterative = (
        [c for c in plan if c.method == method] for method in ("mixed", "iterative")
    )
    assert len(mixed) == 33 and {c.ratio for c in mixed} == set(range(0, 101, 10))
    assert len(iterative) == 27 and {c.split for c in iterative} == set(range(10, 91, 10))
    assert [c.seed for c in plan] == sorted(c.seed for c in plan), "one seed after the other"
    both = plans.paper("photos", running_statistics=("updated", "frozen")).rounds({})
    assert len(both) == 11 + 18 and len(set(both)) == 29

    tuning = plans.tuning("photos")
    first = tuning.rounds({})
    assert len(first) == 44 + 33 and tuning.most == 44 + 88 + 33
    # The two learning rates that the best runs of the first round have: 0.0025 and 0.001.
    known = {
        c: {0.001: 0.3, 0.0025: 0.5, 0.004: 0.1, 0.0055: 0.2}[c.learning_rate] - c.ratio / 1e4
        for c in first
    }
    second = [c for c in tuning.rounds(known) if c not in first]
    assert len(second) == 88 and {c.learning_rate for c in second} == {0.001, 0.0025}
    assert {c.regularisation for c in second} == {0.1, 0.3, 2.0, 6.0}
    assert {c.iterations for c in second} == {1500}


@pytest.mark.parametrize("best", [0, 37, 60, 100])
def test_ratio_search_finds_the_peak(best):
    plan = plans.ratio("photos", seeds=2)
    known: dict = {}
    while more := [c for c in plan.rounds(known) if c not in known]:
        known |= {c: 1 - abs(c.ratio - best) / 100 + c.seed / 1000 for c in more}
    assert len(known) <= plan.most
    searched = {c: score for c, score in known.items() if c.validation}
    assert abs(max(searched, key=searched.get).ratio - best) <= 6
    # The test pictures see one ratio, the chosen one, with each seed.
    tested = [c for c in known if not c.validation]
    assert {c.ratio for c in tested} == {max(searched, key=searched.get).ratio}
    assert [c.seed for c in tested] == [0, 1]


def test_vary_makes_every_combination_and_rejects_invalid_ones():
    base = configure("mixed", data="photos")
    plan = plans.vary(
        base, {"ratio": ["20", "40"], "learning_rate": ["0.1", "0.2", "0.3"]}, seeds=2
    ).rounds({})
    assert {(c.ratio, c.learning_rate, c.seed) for c in plan} == {
        (r, lr, s) for r in (20, 40) for lr in (0.1, 0.2, 0.3) for s in (0, 1)
    }
    for wrong, match in (
        ({"ratoi": ["2"]}, "Did you mean ratio"),
        ({"ratio": ["200"]}, "less than or equal to 100"),
        ({"seed": ["1"]}, "--seeds"),
    ):
        with pytest.raises(ConfigError, match=match):
            plans.vary(base, wrong)
    with pytest.raises(ConfigError, match="split"):
        plans.vary(base, {"split": ["20"]})


@pytest.mark.slow
def test_shared_initial_training_gives_identical_weights(small):
    configs = [
        configure(
            "iterative",
            preset="quick",
            data=small,
            split=split,
            running_statistics=statistics,
            batch_size=8,
            **SMALL,
        )
        for statistics in ("frozen", "updated")
        for split in (30, 50, 90)
    ]
    engine = study.Engine(
        plans.Study("splits", small, plans.fixed(configs)), fingerprint(), "cpu", say=print
    )
    after = engine.run()
    assert engine.failed == {} and len(after.finished) == 6
    shared = {c: e.header.get("initial_training_of") for c, e in after.found.items()}
    trunks = [c for c, trunk in shared.items() if trunk is None]
    assert [c.split for c in trunks] == [90]
    assert set(shared.values()) == {
        None,
        after.found[trunks[0]].id,
    }
    for config in configs:
        alone = catalog.create({"device": "cpu", "data": None}, config=config)
        work(alone, say=lambda line: None)
        together = after.found[config].run
        for name in ("weights", "best"):
            assert (alone.folder / f"{name}.safetensors").read_bytes() == (
                together.folder / f"{name}.safetensors"
            ).read_bytes(), (config.split, name)
        assert without_seconds(alone) == without_seconds(together)
        assert not list(together.folder.glob("snapshot*"))


def without_seconds(run: folder.Run) -> list[dict]:
    return [{key: value for key, value in one.items() if key != "seconds"} for one in run.metrics()]


def fingerprint() -> str:
    from fruitlab.data import store

    return store.load("small").fingerprint


@pytest.mark.slow
def test_finished_runs_are_kept_and_failures_do_not_stop_a_study(small, capsys):
    vary = arguments(
        "--vary", "ratio=20,60", "--vary", "learning_rate=0.001,10", "--set", "regularisation=1000"
    )
    assert main([*vary, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["cost"]["runs"] == 4
    assert list(catalog.all_runs()) == []
    status = main(vary)
    result = json.loads(capsys.readouterr().out)
    finished = [row for row in result["rows"] if row["status"] == "finished"]
    assert status == 1 and len(result["failed"]) == 4 - len(finished) > 0 and finished
    assert all("learning rate lower than" in why for why in result["failed"].values())
    made = {
        run.id: run.folder.joinpath("config.json").stat().st_mtime_ns for run in catalog.all_runs()
    }
    assert len(made) == 4 and {entry.label.get("study") for entry in Index().entries()} == {"vary"}
    main(vary)
    again = {
        run.id: run.folder.joinpath("config.json").stat().st_mtime_ns for run in catalog.all_runs()
    }
    assert set(again) == set(made)
    assert all(again[row["run"]] == made[row["run"]] for row in finished)


@pytest.mark.slow
def test_killed_study_resumes(small):
    command = [
        sys.executable,
        "-m",
        "fruitlab",
        *arguments("--vary", "split=20,50,80", "--method", "iterative", "--iterations", "400"),
    ]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    while not any(
        run.status() == "running" and len(run.metrics()) > 5 for run in catalog.all_runs()
    ):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    left = {run.id for run in catalog.all_runs() if run.alive()}  # nobody could stop these
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE)
    while sum(run.status() == "finished" for run in catalog.all_runs()) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.wait()
    assert not any(run.alive() for run in catalog.all_runs() if run.id not in left)
    last = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    result = json.loads(last.stdout)
    assert (
        last.returncode == 0 and result["finished"] == 3 and len(list(catalog.all_runs())) == 3
    ), os.linesep.join(last.stderr.splitlines()[-5:])


def test_runs_on_changed_data_do_not_count():
    config = configure("mixed", preset="quick", data="photos", ratio=20, iterations=20)
    made = logged(
        "old",
        [point(0, 0.1, 0.1), point(20, 0.9, 0.4, full=True)],
        data="photos",
        ratio=20,
        iterations=20,
        fingerprint="a" * 16,
    )
    plan = plans.Study("one", "photos", plans.fixed([config]))
    assert [
        e.id for e in progress.study_progress(plan, Index().entries(), "a" * 16).found.values()
    ] == [made.id]
    assert progress.study_progress(plan, Index().entries(), "b" * 16).found == {}
