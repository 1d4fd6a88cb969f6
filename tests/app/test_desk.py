"""Your own desk on the Explore page: what is offered, trained, and saved as a dataset."""

import io
import zipfile

import pytest
from closed_form_runs import feature_map, picture
from run_folders import run_folder
from ui_pages import charts, checked, opened, text

from fruitlab.inference import client
from fruitlab.inference.desk import Desk, look
from fruitlab.runs import jobs


@pytest.fixture(autouse=True)
def page_with_a_view(monkeypatch) -> None:
    monkeypatch.setattr(client, "start", lambda: None)
    monkeypatch.setattr(client, "feature_map", feature_map)
    run_folder("a")


def filled() -> Desk:
    made = Desk()
    for label, thing in enumerate(("Bolt", "Mug")):
        for i in range(4):
            made.add(thing, "nice", look(picture(label, i, noise=30)))
            made.add(thing, "real", look(picture(label, 100 + i, noise=150)))
    return made


def test_a_desk_is_trained_and_saved(monkeypatch):
    started = []
    monkeypatch.setattr(
        jobs,
        "start",
        lambda root, title, command, upload: started.append((command, upload.read())) or Job(),
    )
    app = opened("explore", view="desk")
    assert "things of your own" in text(app) and "Drag the slider" not in text(app)
    assert app.button(key="desk train").disabled
    app.session_state["desk"] = filled()
    app.run()
    app.button(key="desk train").click().run()
    (figure,) = charts(checked(app))
    assert figure.title == "Your desk: Bolt, Mug"
    assert "8 studio and 8 field pictures" in figure.caption
    assert figure.data[2]["y"][0] <= max(figure.data[2]["y"])
    assert app.segmented_control(key="desk manner").options[-1] == "Ask the network"
    app.text_input(key="name of desk").set_value("my-desk").run()
    app.button(key="desk save").click().run()
    ((command, content),) = started
    assert command == ["data", "import", "--name", "my-desk", "--min-images", "4", "--zip"]
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == 16


class Job:
    """What `jobs.start` returns, as far as the page looks at it."""

    folder = type("Folder", (), {"name": "job"})


def test_starting_again_forgets_the_pictures():
    app = opened("explore", view="desk")
    app.session_state["desk"] = filled()
    app.run()
    app.button(key="desk clear").click().run()
    assert checked(app).session_state["desk"].things == []


def test_a_showcase_has_no_desk(monkeypatch):
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")
    app = checked(opened("explore", view="desk"))
    assert "Name two to" not in text(app)
