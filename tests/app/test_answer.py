"""The Data page's answer: the button, the job that it starts, and what is shown of its run."""

import shutil
import time
from pathlib import Path

import numpy as np
import pretrained
import pytest
import streamlit as st
from filelock import FileLock
from streamlit.testing.v1 import AppTest
from ui_pages import checked, html, opened, pictures, text

from fruitlab.app.data_page import work
from fruitlab.cli.main import main
from fruitlab.config.files import write_json
from fruitlab.config.text import percent
from fruitlab.corrections.correcting import correct
from fruitlab.data.importing import import_pictures
from fruitlab.inference import client
from fruitlab.inference.examples import examples
from fruitlab.runs import jobs
from fruitlab.runs.catalog import find
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Index


@pytest.fixture(autouse=True)
def nothing_read() -> None:
    """The pages have read nothing yet."""
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def things(pair) -> None:
    """A dataset named things."""
    import_pictures(name="things", nice=pair.nice, real=pair.real)


@pytest.fixture(scope="module")
def answer(_pair_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data and runs after the answer for a dataset named things, by a small network."""
    root = tmp_path_factory.mktemp("answer")
    with pytest.MonkeyPatch.context() as environment:
        for name in ("data", "checkpoints"):
            environment.setenv(f"FRUITLAB_{name.upper()}", str(root / f"fruitlab-{name}"))
        things = {domain: _pair_template / domain for domain in ("nice", "real")}
        import_pictures(name="things", **things)
        network = pretrained.keep_random()
        assert main(["answer", "--data", "things", "--network", network]) == 0
    return root


@pytest.fixture
def answered(answer: Path, tmp_path: Path) -> Run:
    """The run of the answer, among data and runs that the test may change."""
    shutil.copytree(answer, tmp_path, dirs_exist_ok=True)
    client.stop()  # one that an earlier test left would look for weights in that test's folder
    (entry,) = Index().entries()
    return find(entry.id)


def page() -> AppTest:
    return checked(opened("data", name="things"))


def buttons(app: AppTest) -> list[str]:
    return [button.key for button in app.button if button.key]


def test_the_button_starts_the_command(things, monkeypatch) -> None:
    started = []

    def start(*arguments: object, **_: object) -> jobs.Job:
        started.append(arguments)
        return jobs.Job(work.root() / "job")

    monkeypatch.setattr(jobs, "start", start)
    app = page()
    assert "the best ratio is chosen on the training pictures" in text(app)
    checked(app.button(key="get answer").click().run())
    arguments = ["answer", "--data", "things", "--onnx"]
    assert started == [(work.root(), "The best mix for things", arguments)]


def test_a_correction_does_not_take_the_place_of_the_answer(answered) -> None:
    run = answered
    assert examples(run, 2)  # it is a run like any other: the demo has pictures for it
    done = correct(run.id, np.zeros((100, 100, 3), np.uint8), "Apple")
    assert done.run is not None
    links = [one.proto for one in page().get("page_link")]
    (classify,) = (one.query_string for one in links if one.label == "Classify photos")
    assert classify == f"run={run.id}"


def test_a_machine_that_cannot_start_it_says_so(things, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "start", full)
    app = checked(page().button(key="get answer").click().run())
    assert "No space left on device" in app.error[0].value


def test_while_it_works_there_is_no_second_button(things) -> None:
    folder = work.root() / "20260101-000000-abcdef"
    folder.mkdir(parents=True)
    request = {"title": "The best mix for things", "arguments": ["answer"], "started": time.time()}
    write_json(folder / "job.json", request)
    with FileLock(folder / "job.lock"):  # as its process holds it
        app = page()
    assert "get answer" not in buttons(app) and "The answer is being computed" in text(app)
    assert "get answer" in buttons(page())  # after the process was killed


def test_the_answer(answered) -> None:
    run = answered
    summary, table, config = run.summary(), run.predictions(), run.config()
    app = page()
    assert "get answer" not in buttons(app)
    assert f"Train on **{config.ratio}%** of the real" in text(app)
    shown = html(app, 'class="scores"')
    for score in ("nice", "real", "combined"):
        assert percent(summary[score]["top1"]) in shown
    low, high = map(percent, summary["combined"]["top1_interval"])
    assert f"95% interval of combined: {low} to {high}" in text(app)
    categories = next(
        frame.value.set_index("category")
        for frame in app.dataframe
        if list(frame.value) == ["category", "nice", "real"]
    )
    assert set(categories.index) == {"Green Ring", "Red Disc", "Yellow Bar"}
    for domain in ("nice", "real"):
        for name, one in summary[domain]["per_category"].items():
            assert categories.loc[name, domain] == percent(one["top1"])

    # The worst confusion in the run's predictions comes with its pictures.
    wrong = table["top3"][:, 0] != table["truth"]
    assert wrong.any()  # random weights
    names = list(table["categories"])
    pairs = {
        (names[truth], names[answer])
        for truth, answer in zip(table["truth"][wrong], table["top3"][wrong, 0], strict=True)
    }
    assert any(f"**{truth}** answered as **{answer}**" in text(app) for truth, answer in pairs)
    assert pictures(app) > 0

    # Without a model file there is nothing to take; with one, the lines that use it are shown.
    assert not app.get("download_button")
    (run.folder / "model.onnx").write_bytes(b"0" * 2_000_000)
    app = page()
    (button,) = app.get("download_button")
    assert button.proto.label == "Take the model (2 MB)"
    assert f'onnxruntime.InferenceSession("{run.id}.onnx")' in app.code[-1].value


def test_an_answer_to_other_pictures_is_not_shown(answered, pair) -> None:
    for path in sorted((pair.real / "Yellow Bar").iterdir())[:3]:
        path.unlink()
    import_pictures(name="things", nice=pair.nice, real=pair.real, replace=True)
    assert "get answer" in buttons(page())


def test_damaged_predictions_leave_the_rest(answered) -> None:
    (answered.folder / "predictions.npz").write_bytes(b"torn")
    app = page()
    assert "Train on **" in text(app) and app.warning
