"""What pages open on: what the visitor worked on, and nobody else's pictures."""

import made_runs
import numpy as np
import pytest
from logged_runs import iterative, mixed
from logged_runs import run as logged
from ui_pages import MAIN, checked, opened, text

from fruitlab.app import demo, networks, recent
from fruitlab.app.explore_page import one_photo
from fruitlab.app.shared import index
from fruitlab.data.importing import import_pictures
from fruitlab.inference import examples
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Index

OWN = {"kind": "photographs", "data": "things", "fingerprint": "a" * 16}


@pytest.fixture(autouse=True)
def an_index_of_its_own() -> None:
    index.clear()


def ship(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Makes these runs shipped ones."""
    monkeypatch.setattr(Run, "shipped", property(lambda run: run.id in names))


def goto(app, page: str):
    return checked(app.switch_page(str(MAIN.parents[2] / "pages" / f"{page}.py")).run())


def test_networks_for_everybody_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made_runs.run("own", seed=4, **OWN)
    made_runs.run("drawn", seed=5)
    made_runs.run("ours", kind="photographs", data="photos", fingerprint="b" * 16)
    ship(monkeypatch, "ours")
    entries = Index().entries()
    # Whatever the scores.
    for score in ({"own": 0.9}, {"drawn": 0.9}):
        for entry in entries:
            entry.summary["combined"]["top1"] = score.get(entry.id, 0.1)
        ready = [entry.id for entry in networks.ready(entries)]
        assert ready == ["ours", "drawn", "own"]


def test_the_demo_opens_on_nobodys_pictures() -> None:
    made_runs.run("own", **OWN)
    request = type("Request", (), {"query_params": {}})()
    choice, _, pictures = demo.on_load(request)
    assert choice.value is None and [run for _, run in choice.choices] == ["own"]
    drawings = [example.image for example in examples.drawn()]
    assert all(
        np.array_equal(shown, drawing)
        for (shown, _), drawing in zip(pictures, drawings, strict=True)
    )
    made_runs.run("drawn", seed=5)
    index.clear()
    assert demo.on_load(request)[0].value == "drawn"


def test_the_explore_page_shows_own_pictures_to_those_who_selected_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for ratio in (0, 100):
        made_runs.run(f"at-{ratio}", ratio=ratio, **OWN)
    asked: list[Run] = []
    monkeypatch.setattr(one_photo, "examples", lambda run: asked.append(run) or examples.drawn())
    app = checked(opened("explore"))
    assert not asked
    app.session_state[recent.RUN] = "at-0"
    checked(app.run())
    assert asked


def test_pages_open_on_the_run_that_was_started(workers: list) -> None:
    made_runs.run("best", seed=3)
    logged("other", iterative(100), method="iterative", iterations=100)
    app = opened("train", method="iterative", preset="glance", data="synthetic")
    app.button(key="start").click().run()
    (command,) = workers
    started = command[-1]
    logged("newer", mixed(100), iterations=100)  # of somebody else, meanwhile
    assert app.session_state[recent.RUN] == started
    assert goto(app, "forgetting").multiselect(key="runs").value == [started]
    app.query_params.clear()
    assert f"?runs={started}" in goto(app, "runs").code[-1].value
    app.query_params.clear()
    app.session_state[recent.RUN] = "best"
    assert goto(app, "classify").selectbox(key="run").value == "best"


def test_the_data_page_opens_on_the_data_that_was_worked_with(pair) -> None:
    import_pictures(name="things", nice=pair.nice, real=pair.real)
    app = checked(opened("data"))
    assert app.selectbox(key="data name").value == "synthetic"
    assert "things" not in text(app)
    checked(app.selectbox(key="data name").set_value("things").run())
    assert goto(app, "train").selectbox(key="data").value == "things"
    app.query_params.clear()
    assert goto(app, "data").selectbox(key="data name").value == "things"


def test_validation_pictures_choose_the_network_where_all_have_such_a_score() -> None:
    """The best network on test pictures is not the first one if validation prefers another."""
    scores = {"low": 0.8, "high": 0.6, "low-validated": 0.5, "high-validated": 0.7}
    for seed, (name, ratio, validation) in enumerate(
        (("low", 10, 0), ("high", 90, 0), ("low-validated", 10, 20), ("high-validated", 90, 20))
    ):
        made = made_runs.run(name, seed=seed, ratio=ratio, validation=validation)
        if validation:
            (made.folder / "weights.safetensors").unlink()
    entries = Index().entries()
    for entry in entries:
        entry.summary["combined"]["top1"] = scores[entry.id]
    assert [entry.id for entry in networks.ready(entries)] == ["high", "low"]
    assert "validation pictures" in networks.why_first(networks.ready(entries), entries)
    some = [entry for entry in entries if entry.id != "high-validated"]
    assert [entry.id for entry in networks.ready(some)] == ["low", "high"]
    assert "test pictures" in networks.why_first(networks.ready(some), some)
