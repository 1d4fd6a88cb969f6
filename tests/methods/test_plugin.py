"""A training method that only this file defines, used by the form, command line and a study.

Worker processes find it through an entry point, like the method of an installed package.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar, Literal

import numpy as np
import pytest

from fruitlab.cli.main import main
from fruitlab.config.settings import setting
from fruitlab.data.importing import import_pictures
from fruitlab.methods import registry
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Phase, Pool
from fruitlab.runs.catalog import all_runs, find
from fruitlab.runs.folder import Run
from fruitlab.studies import engine
from fruitlab.worker.process import work

SMALL = {"width": 0.25, "live_every": 10, "live_pictures": 10, "full_evaluations": 1}


class Review(Method):
    """Train on nice pictures, then on real ones and a buffer of nice ones (Robins 1995)."""

    name: ClassVar = "review"
    title: ClassVar = "Review: keep a few nice pictures"
    description: ClassVar = "Trains on nice pictures first, then on real ones and a nice buffer."
    headline: ClassVar = "buffer"
    after_switch: ClassVar = frozenset({"buffer", "batch_share", "layers"})

    buffer: int = setting(
        5, "Nice pictures of each category that are kept.", unit="pictures", ge=1, le=1000
    )
    batch_share: int = setting(
        20, "Percentage of each batch that comes from the buffer.", unit="%", ge=1, le=90
    )
    layers: Literal["all", "head"] = setting("all", "Layers that train on real pictures.")

    def phases(self) -> list[Phase]:
        first = max(1, self.iterations // 2)
        rest = self.iterations - first
        kept = Pool(nice=1.0, per_category=self.buffer, batch_share=self.batch_share / 100)
        return [
            Phase(name="nice", pools=(Pool(nice=1.0),), iterations=first, horizon=self.iterations),
            Phase(
                name="review",
                pools=(Pool(real=1.0), kept),
                iterations=rest,
                horizon=rest,
                trains=None if self.layers == "all" else ("head",),
            ),
        ]

    def describe(self) -> str:
        return f"review, {self.buffer} kept per category"


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The method as an installed package, in this process and in child processes."""
    info = tmp_path / "site" / "fruitlab_review-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fruitlab-review\nVersion: 1.0")
    (info / "entry_points.txt").write_text("[fruitlab.methods]\nreview = test_plugin:Review")
    paths = [info.parent, Path(__file__).parent, *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, paths)))
    registry.register(Review)
    yield
    registry.unregister("review")


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A study trains in this process: workers of their own would each import torch."""

    def train(run: Run, **_: object) -> SimpleNamespace:
        work(run, say=lambda line: None)
        return SimpleNamespace(poll=lambda: 0)

    monkeypatch.setattr(engine, "start_worker", train)


@pytest.fixture
def small(pair) -> str:
    import_pictures(name="small", nice=pair.nice, real=pair.real, min_images=5)
    return "small"


def options(**more: object) -> list[str]:
    """Command-line options for a short run on the small pair."""
    settings = [part for k, v in SMALL.items() for part in ("--set", f"{k}={v}")]
    rest = [part for k, v in more.items() for part in (f"--{k.replace('_', '-')}", str(v))]
    return ["--data", "small", "--iterations", "8", *settings, *rest]


def test_command_line_trains_evaluates_and_lists(small, capsys):
    def call(*arguments: str):
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    shares = options(buffer=3, batch_share=25, run="kept")
    result = call("train", "review", *shares)
    assert result["status"] == "finished" and result["iteration"] == 8
    header = find("kept").header()
    assert header["data"]["training_pictures"]["review"] == {"nice": 9, "real": 45}
    assert call("evaluate", "kept")["nice"]["top1"] == result["nice"]["top1"]
    (row,) = call("runs")
    assert (row["method"], row["buffer"]) == ("review", 3)
    assert row["description"] == "review, 3 kept per category"


def test_misplaced_setting_names_its_method(small, capsys):
    assert main(["train", "review", "--set", "teacher=x"]) == 2
    assert "teacher is a setting of distil training, not of review" in capsys.readouterr().err


def test_train_page_starts_a_worker(small):
    from ui_pages import checked, opened

    app = checked(opened("train", method="review", preset="glance", data="small"))
    assert app.slider(key="buffer").value == 5
    app.slider(key="buffer").set_value(4).run()
    for name, value in {"iterations": 6, "width": 0.25, "live_pictures": 10}.items():
        (widget,) = [w for w in app.number_input if (w.key or "").endswith(f" {name}")]
        widget.set_value(value)
    app.run()
    checked(app.button(key="start").click().run())
    (run,) = all_runs()
    deadline = time.monotonic() + 120
    while run.status() in ("waiting", "running") and time.monotonic() < deadline:
        time.sleep(0.3)
    assert run.status() == "finished", run.summary()
    config = run.config()
    assert isinstance(config, Review) and (config.buffer, config.iterations) == (4, 6)
    app = checked(opened("train", run=run.id))
    assert any("review, 4 kept per category" in heading.value for heading in app.subheader)
    assert not checked(opened("runs", runs=run.id)).exception
    forgetting = checked(opened("forgetting", runs=run.id))
    assert "review, 4 kept per category" in str(forgetting.multiselect[0].options)


def test_study_varies_settings_and_shares_the_first_phase(small, no_processes, capsys):
    varied = ["study", "--method", "review", "--vary", "buffer=2,6", "--at-once", "1"]
    assert main([*varied, *options(), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [row["settings"]["buffer"] for row in result["rows"]] == [2, 6]
    assert all(row["status"] == "finished" for row in result["rows"])
    headers = [find(row["run"]).header() for row in result["rows"]]
    assert any("initial_training_of" in header for header in headers)
    # Starting from the shared first phase gives the same weights as training alone.
    (taken,) = [h["config"]["buffer"] for h in headers if "initial_training_of" in h]
    alone = options(buffer=taken, run="alone", preset="quick")
    assert main(["train", "review", *alone, "--json"]) == 0
    (row,) = [row for row in result["rows"] if row["settings"]["buffer"] == taken]
    first, second = (find(name).read_tensors("weights")[0] for name in (row["run"], "alone"))
    assert all(np.array_equal(first[key], second[key]) for key in first)


def test_broken_package_only_warns(tmp_path, monkeypatch):
    info = tmp_path / "broken" / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0")
    (info / "entry_points.txt").write_text("[fruitlab.methods]\nbroken = no_such_module:Method")
    monkeypatch.syspath_prepend(str(info.parent))
    registry.refresh()
    with pytest.warns(UserWarning, match="training method 'broken'.*could not be loaded"):
        known = registry.methods()
    assert {"mixed", "iterative", "review"} <= known.keys()
