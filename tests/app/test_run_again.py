"""The Runs page: a run repeated, its title and files, its deletion."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
import streamlit as st
from run_folders import run_folder
from ui_pages import checked, opened, text

from fruitlab.app import permalinks
from fruitlab.app.local_data import local_name, training_problem
from fruitlab.app.runs_page import again
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog
from fruitlab.runs.index import Index


@pytest.fixture(autouse=True)
def nothing_cached() -> None:
    """Each test has its own folders, which cached data would not belong to."""
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def things(pair) -> None:
    """Data of the name that the runs were trained on."""
    import_pictures(name="things", nice=pair.nice, real=pair.real)


def started(workers: list[list[str]]) -> list[Method]:
    """The configurations of the runs that would have been started."""
    return [catalog.find(command[-1]).config() for command in workers]


@pytest.mark.slow
def test_more_seeds(workers: list, things: None) -> None:
    for seed in (0, 2):
        run_folder(f"s{seed}", seed=seed)
    app = checked(opened("runs", runs="s0", section="again"))
    app.number_input(key="again seeds").set_value(3)
    checked(app.run())
    checked(app.button(key="again seeds start").click().run())
    configs = started(workers)
    assert [config.seed for config in configs] == [1, 3, 4]
    assert {config.experiment() for config in configs} == {catalog.find("s0").config().experiment()}
    assert "Started 3 runs" in text(app) and "4 selected" in text(app)


def test_a_swept_setting(workers: list, things: None) -> None:
    run_folder("a", learning_rate=0.05)
    app = checked(opened("runs", runs="a", section="again"))
    checked(app.text_input(key="again values ratio").set_value("0, 40; 100,40").run())
    checked(app.button(key="again varied start").click().run())
    assert [(config.ratio, config.learning_rate) for config in started(workers)] == [
        (0, 0.05),
        (40, 0.05),
        (100, 0.05),
    ]
    checked(app.text_input(key="again values ratio").set_value("10, 300").run())
    assert app.button(key="again varied start").disabled and "300" in text(app)


def test_without_its_data_a_run_cannot_be_started_again() -> None:
    run_folder("a")
    app = checked(opened("runs", runs="a", section="again"))
    assert app.button(
        key="again seeds start"
    ).disabled and "trained on *things*, which is not on this machine" in text(app)
    checked(app.text_input(key="again values ratio").set_value("0, 40").run())
    assert app.button(key="again varied start").disabled


def test_different_or_damaged_data_of_the_same_name_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_folder("a")
    (entry,) = Index().entries()
    pair = {"name": "things", "problem": None, "fingerprint": "another"}
    monkeypatch.setattr(store, "available", lambda: [pair])
    assert (
        training_problem(entry)[0] == ""
        and "has other pictures than those this run was trained on" in training_problem(entry)[1]
    )
    pair["fingerprint"] = entry.data["fingerprint"]
    assert training_problem(entry) == ("", "")
    pair["problem"] = "The data is damaged."
    assert training_problem(entry) == ("The data is damaged.", "")


def test_data_with_the_same_hash_under_another_name_is_used(workers: list, pair) -> None:
    fingerprint = import_pictures(name="mine", nice=pair.nice, real=pair.real).fingerprint
    (pair.nice / "Red Disc" / "00.png").unlink()
    import_pictures(name="things", nice=pair.nice, real=pair.real)  # its name, other pictures
    run_folder("a", fingerprint=fingerprint)
    (entry,) = Index().entries()
    assert local_name(entry) == "mine" and training_problem(entry) == ("", "")
    app = checked(opened("runs", runs="a", section="again"))
    checked(app.button(key="again seeds start").click().run())
    assert {(config.data, config.seed) for config in started(workers)} == {("mine", 1), ("mine", 2)}
    config, warnings = permalinks.from_query(dict(parse_qsl(urlsplit(app.code[0].value).query)))
    assert config.data == "mine" and warnings == []


def test_a_failed_run_has_no_seed_so_far(workers: list, things: None) -> None:
    run_folder("a", status="failed", points=0)
    app = checked(opened("runs", runs="a", section="again"))
    assert (
        "None so far." in text(app)
        and app.button(key="again seeds start").label == "Start seeds 0, 1"
    )


def test_a_failed_seed_is_offered_again_and_not_compared(workers: list, things: None) -> None:
    run_folder("a", seed=0)
    failed = run_folder("b", seed=1, status="failed", points=0)
    failed.write_header(failed.header() | {"data": None})
    app = checked(opened("runs", runs="a,b", section="again"))
    assert "Seeds so far: 0." in text(app) and "tested on different pictures" not in text(app)
    assert app.button(key="again seeds start").label == "Start seeds 1, 2"


def test_invalid_values_start_nothing() -> None:
    config = configure("mixed")
    assert again.swept(config, "mirror", "true, false")[0] == [
        config.model_copy(update={"mirror": True}),
        config.model_copy(update={"mirror": False}),
    ]
    assert again.swept(config, "ratio", " , ") == ([], [])
    assert len(again.swept(config, "seed", ",".join(map(str, range(99))))[1]) == 1


def test_the_link_on_the_page_reproduces_the_run() -> None:
    run = run_folder("a", ratio=35, learning_rate=0.05, seed=3)
    app = checked(opened("runs", runs="a", section="again"))
    config, warnings = permalinks.from_query(
        dict(parse_qsl(urlsplit(app.code[0].value).query)),
        fingerprints={"things": "0123456789abcdef"},
    )
    assert config == run.config() and warnings == []


# ---- title, files, deletion


def test_title_and_note_are_saved() -> None:
    run = run_folder("a")
    app = checked(opened("runs", runs="a", section="files"))
    app.text_input[-1].set_value("The good one")
    app.text_area[0].set_value("because")
    checked(next(button for button in app.button if button.label == "Save").click().run())
    assert json.loads(run.label_file.read_text()) == {"title": "The good one", "note": "because"}
    assert app.dataframe[0].value["run"].tolist() == ["The good one"]


def test_deletion_asks_and_active_runs_cannot_be_deleted() -> None:
    run_folder("a")
    app = checked(opened("runs", runs="a", section="files"))
    checked(app.button(key="delete").click().run())
    assert catalog.find("a")  # asked, not done
    assert app.button(key="keep")
    app.button(
        key="delete"
    ).click()  # a dialog is drawn by the click that opened it: here both clicks come at once
    app.button(key="delete for good").click()
    checked(app.run())
    assert list(catalog.all_runs()) == [] and "no runs yet" in text(checked(app.run()))

    busy = run_folder("b", status="interrupted")
    lock = busy.lock()
    lock.acquire()
    try:
        assert opened("runs", runs="b", section="files").button(key="delete").disabled
    finally:
        lock.release()
