"""The Data page in all its states, without a browser. Its jobs are real processes."""

import io
import json
import time
import zipfile
from pathlib import Path

import pytest
import streamlit as st
from logged_runs import mixed, point
from logged_runs import run as logged
from run_folders import run_folder
from streamlit.testing.v1 import AppTest
from ui_pages import charts, checked, html, opened, pictures, text

from fruitlab.app.components import study
from fruitlab.app.data_page import work
from fruitlab.config.files import write_json
from fruitlab.config.paths import data_root, runs_root
from fruitlab.data import sources, store, uploads
from fruitlab.data.importing import import_pictures
from fruitlab.runs import jobs
from fruitlab.runs.index import Index
from fruitlab.runs.sweeps import sweeps


def is_working() -> bool:
    """Returns whether a job of the page is running."""
    return any(job.status() == "working" for job in jobs.all_jobs(work.root()))


def when_done(app: AppTest, within: float = 120) -> AppTest:
    """Runs the page again when no job is running, after at most ``within`` seconds."""
    deadline = time.monotonic() + within
    while is_working() and time.monotonic() < deadline:
        time.sleep(0.1)
    return checked(app.run())


@pytest.fixture(autouse=True)
def empty_caches() -> None:
    """Empties Streamlit's caches, because each test has its own folders."""
    st.cache_resource.clear()
    st.cache_data.clear()


def test_a_fresh_machine() -> None:
    app = checked(opened("data"))
    assert app.selectbox(key="data name").options == [
        "synthetic: built-in, drawn, 26 categories, 5,200 pictures"
    ]
    assert "has not been drawn on this machine yet" in text(app)
    assert "Add your own pictures" in text(app)
    assert not [button for button in app.button if button.key == "remove"]
    assert not data_root().exists()  # looking creates nothing


def test_an_imported_dataset(pair) -> None:
    (pair.nice / "Red Disc" / "99.png").write_bytes(b"not a picture")
    (pair.nice / "Lonely").mkdir()
    (pair.nice / "Lonely" / "1.png").write_bytes((pair.nice / "Red Disc" / "00.png").read_bytes())
    report = import_pictures(name="things", nice=pair.nice, real=pair.real)
    run_folder("a", data="its-name-elsewhere", fingerprint=report.fingerprint)
    run_folder("b", fingerprint="f" * 16)  # on other pictures that had this name
    app = checked(opened("data", name="things"))
    assert {metric.label: metric.value for metric in app.metric} == {
        "Categories": "3",
        "● nice pictures": "60",
        "◆ real pictures": "75",
    }
    assert "36 training, 24 test" in [metric.delta for metric in app.metric]
    assert "used by 1 run" in text(app)
    overview = html(app, 'fl-data"')
    assert overview.count("<img ") == 6 and "15 training, 10 test" in overview
    assert all(name in overview for name in pair.categories)
    tables = [frame.value.to_dict("list") for frame in app.dataframe]
    assert any("Lonely" in table.get("category", []) for table in tables)
    assert any(table.get("file") == ["nice/Red Disc/99.png"] for table in tables)
    assert any("Fewer than 30 nice test pictures" in expander.label for expander in app.expander)

    checked(app.selectbox(key="category of things").set_value("Red Disc").run())
    assert pictures(app) == 20 + 24


def test_category_names_are_escaped(pair) -> None:
    for domain in (pair.nice, pair.real):
        (domain / "Red Disc").rename(domain / "<img src=x>")
    import_pictures(name="things", nice=pair.nice, real=pair.real)
    overview = html(opened("data", name="things"), 'fl-data"')
    assert "<img src=x" not in overview


def test_unknown_and_damaged_datasets(pair) -> None:
    assert "no dataset named 'nuts'" in text(opened("data", name="nuts"))
    import_pictures(name="things", nice=pair.nice, real=pair.real)
    next((data_root() / "things").glob("nice-*.npy")).unlink()
    assert "is damaged" in text(opened("data", name="things"))
    (data_root() / "things" / "data.json").write_text("{")
    assert "is damaged" in text(opened("data", name="things"))
    (data_root() / "things" / "data.json").write_text(json.dumps({"format": 99}))
    assert "newer FruitLab" in text(opened("data", name="things"))


def test_two_folders_are_imported_by_a_background_process(pair) -> None:
    app = checked(opened("data"))
    app.text_input(key="nice folder").set_value(str(pair.nice))
    app.text_input(key="real folder").set_value(str(pair.real))
    app.text_input(key="name of folders").set_value("things")
    checked(app.run())
    checked(app.button(key="add folders").click().run())
    when_done(app)
    assert "Adding things**: done. things has 3 categories, 60 nice and 75 real pictures" in text(
        app
    )
    assert store.load("things").categories == pair.categories
    dismiss = next(button for button in app.button if button.label == "Dismiss")
    checked(dismiss.click().run())
    checked(app.run())
    assert "Adding things" not in text(app) and jobs.all_jobs(work.root()) == []


def test_failed_imports_say_why(pair) -> None:
    app = checked(opened("data"))
    app.text_input(key="nice folder").set_value("/nowhere/nice")
    app.text_input(key="real folder").set_value(str(pair.real))
    checked(app.text_input(key="name of folders").set_value("synthetic-2").run())
    assert app.button(key="add folders").disabled and "Choose another" in text(app)
    checked(app.text_input(key="name of folders").set_value("things").run())
    checked(app.button(key="add folders").click().run())
    assert "no folder /nowhere/nice" in text(when_done(app))


def test_an_existing_dataset_is_replaced_only_on_request(pair) -> None:
    import_pictures(name="things", nice=pair.nice, real=pair.real)
    app = checked(opened("data", name="things"))
    app.text_input(key="nice folder").set_value(str(pair.nice))
    app.text_input(key="real folder").set_value(str(pair.real))
    checked(app.text_input(key="name of folders").set_value("things").run())
    assert app.button(key="add folders").disabled
    checked(app.checkbox(key="replace folders things").check().run())
    assert not app.button(key="add folders").disabled


def test_a_zip_is_added_and_removed_with_its_pictures(pair, tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for root in (pair.nice, pair.real):
            for picture in root.rglob("*.png"):
                archive.write(picture, f"{root.name}/{picture.relative_to(root)}")
    app = checked(opened("data"))
    app.file_uploader(key="zip file").set_value(
        ("My things (1).zip", file.getvalue(), "application/zip")
    )
    checked(app.run())
    assert app.text_input(key="name of zip").value == "My-things-1"
    checked(app.text_input(key="name of zip").set_value("things").run())
    checked(app.button(key="add zip").click().run())
    when_done(app)
    assert "Adding things**: done." in text(app)
    assert app.selectbox(key="data name").value == "things"
    # Another tab, or this one after a reload, need not be told again, and shows nobody's pictures.
    other = checked(opened("data"))
    assert "Adding things" not in text(other)
    assert other.selectbox(key="data name").value == "synthetic"
    app.button(key="remove").click()
    checked(app.run())
    assert store.load_cached("things") is not None  # the dialog only asks
    app.button(key="remove").click()
    app.button(key="remove for good").click()
    checked(app.run())
    assert (
        store.load_cached("things") is None
        and not (data_root() / uploads.FOLDER / "things").exists()
    )


def test_a_file_that_is_not_a_zip(tmp_path: Path) -> None:
    app = checked(opened("data"))
    app.file_uploader(key="zip file").set_value(
        ("x.zip", b"Rar!\x1a\x07\x00 and so on", "application/zip")
    )
    checked(app.text_input(key="name of zip").set_value("things").run())
    # What was typed before the file had arrived stays.
    assert app.text_input(key="name of zip").value == "things"
    checked(app.button(key="add zip").click().run())
    assert "RAR archive, not a zip" in text(when_done(app))
    assert [path.name for path in data_root().iterdir() if not path.name.startswith(".")] == []


def test_downloads_require_that_the_licence_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []
    monkeypatch.setattr(
        jobs,
        "start",
        lambda root, title, command, upload=None: commands.append(command) or jobs.Job(root / "x"),
    )
    app = checked(opened("data"))
    assert all(source.licence in text(app) for source in sources.SOURCES.values())
    assert app.button(key="download fruits-360").disabled
    checked(app.checkbox(key="licence fruits-360").check().run())
    checked(app.button(key="download fruits-360").click().run())
    assert commands == [["data", "download", "fruits-360"]]


def test_jobs_of_every_kind_are_shown() -> None:
    for name, files in {"1-broken": {}, "2-failed": {"status": "1"}, "3-starting": {}}.items():
        folder = work.root() / name
        folder.mkdir(parents=True)
        write_json(
            folder / "job.json",
            {"title": f"Job {name}", "started": time.time() if name == "3-starting" else 0},
        )
        for file, content in files.items():
            (folder / file).write_text(content)
    app = checked(opened("data"))
    assert "Job 1-broken**: its process ended unexpectedly" in text(app)
    assert "Job 2-failed**: it failed" in text(app)
    assert any(button.label == "Cancel" for button in app.button)


def test_a_failed_job_is_shown_until_it_is_tried_again() -> None:
    for number in (1, 2):
        folder = work.root() / f"{number}-failed"
        folder.mkdir(parents=True)
        write_json(folder / "job.json", {"title": "Adding things", "started": number})
        (folder / "status").write_text("1")
        write_json(folder / "result.json", {"error": f"Reason {number}."})
    app = checked(opened("data"))
    assert "Reason 2." in text(app) and "Reason 1." not in text(app)
    assert len([button for button in app.button if button.label == "Dismiss"]) == 1


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, pair) -> None:
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "start", full)
    app = checked(opened("data"))
    for key, value in (
        ("nice folder", str(pair.nice)),
        ("real folder", str(pair.real)),
        ("name of folders", "things"),
    ):
        app.text_input(key=key).set_value(value)
    checked(app.run())
    checked(app.button(key="add folders").click().run())
    assert "No space left on device" in text(app)


def test_the_search_for_the_best_ratio_shows_its_cost_and_its_result(
    pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = import_pictures(name="things", nice=pair.nice, real=pair.real)
    started: list = []
    monkeypatch.setattr(
        study.jobs, "start", lambda root, title, arguments: started.append((title, arguments))
    )
    app = checked(opened("data", name="things"))
    assert "5 runs, 10 at most, of which 0 are finished" in text(app)
    checked(app.button(key="study ratio on things").click().run())
    assert started == [("ratio on things", ["study", "ratio", "--data", "things"])]

    # The runs of the study, some of them under the name that the same pictures had before.
    for ratio, accuracy in ((0, 0.2), (25, 0.5), (50, 0.62), (75, 0.61), (100, 0.1)):
        made = logged(
            f"at-{ratio}",
            [point(0, 0.1, 0.1), point(1200, accuracy, accuracy, full=True)],
            data="things" if ratio < 60 else "renamed",
            fingerprint=report.fingerprint,
            ratio=ratio,
            validation=20,
        )
        (made.folder / "weights.safetensors").touch()
    app = checked(opened("data", name="things"))
    assert "**Best so far: 50% real**, combined 62.0% on validation pictures" in text(app)
    assert "Not distinguishable from it: 75%" in text(app)
    # 38% and 62% are next.
    assert "7 runs, 10 at most, of which 5 are finished" in text(app)
    assert [figure.title for figure in charts(app)] == ["Accuracy by mixing ratio"]
    link = next(link.proto for link in app.get("page_link") if "photo" in link.proto.label)
    (sweep,) = sweeps(Index().entries())
    assert f"set={sweep.key}" in link.query_string and "ratio=50" in link.query_string

    # A run that the study did not ask for counts, too.
    logged(
        "by-hand",
        [point(0, 0.1, 0.1), point(1200, 0.8, 0.8, full=True)],
        data="things",
        fingerprint=report.fingerprint,
        ratio=55,
        validation=20,
    )
    # One that was scored on the test pictures does not take part in the choice.
    logged(
        "tested",
        [point(0, 0.1, 0.1), point(1200, 0.9, 0.9, full=True)],
        data="things",
        fingerprint=report.fingerprint,
        ratio=75,
    )
    app = checked(opened("data", name="things"))
    assert "**Best so far: 55% real**, combined 80.0%" in text(app)
    assert charts(app)[0].data[0]["x"] == [0, 25, 50, 55, 75, 100]


def test_while_the_search_works_its_bar_and_its_words_agree(
    pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = import_pictures(name="things", nice=pair.nice, real=pair.real)
    for ratio in (0, 25, 50):
        logged(
            f"at-{ratio}",
            mixed(20),
            data="things",
            fingerprint=report.fingerprint,
            ratio=ratio,
            validation=20,
        )
    folder = runs_root() / ".studies" / "1"
    folder.mkdir(parents=True)
    write_json(folder / "job.json", {"title": "ratio on things", "started": time.time()})
    app = checked(opened("data", name="things"))
    (bar,) = app.get("progress")
    assert "**3 of at most 10 runs finished**" in bar.proto.text
    assert bar.proto.value == round(100 * 3 / 10)
    assert charts(app) and "Best so far" in text(app)
