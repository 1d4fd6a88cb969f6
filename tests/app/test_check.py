"""The data check on the Data page. Features are planted: which pictures are what is known."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest
from ui_pages import checked, opened, pictures, text

from fruitlab.app import host
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.features import cache
from fruitlab.features.cache import DomainFeatures, Features
from fruitlab.runs import jobs
from fruitlab.studies import data_check

NETWORK = "efficientnet-lite0"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, pair) -> list[list[str]]:
    """The commands of the jobs that the page would start, with "things" imported and checked."""
    st.cache_resource.clear()
    st.cache_data.clear()
    import_pictures(name="things", nice=pair.nice, real=pair.real, min_images=5)
    data, rng = store.load("things"), np.random.default_rng(0)

    def planted(name: str) -> DomainFeatures:
        labels = data.domain(name).labels
        rows = 4 * np.eye(32)[labels] + 0.5 * rng.normal(size=(len(labels), 32))
        rows[1] = rows[0] + 0.01  # the same picture twice
        rows[2] = 4 * np.eye(32)[2]  # not a green ring
        indices = (data.split(0).indices(name, side) for side in ("train", "test"))
        return DomainFeatures(rows.astype(np.float16), labels, *indices)

    found = Features(planted("nice"), planted("real"))
    monkeypatch.setattr(cache, "features", lambda *_, **__: found)
    monkeypatch.setattr(cache, "domain_features", lambda *_, **__: found.real)
    monkeypatch.setattr(cache, "available", lambda *_, **__: True)
    data_check.check(data, NETWORK)
    return jobs_started(monkeypatch)


def jobs_started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands of the jobs that are started from here on."""
    commands: list[list[str]] = []

    def start(root: Path, title: str, command: list[str], **_: object) -> jobs.Job:
        commands.append(command)
        return jobs.Job(root / "job")

    monkeypatch.setattr(jobs, "start", start)
    return commands


def at(part: str) -> AppTest:
    app = checked(opened("data", name="things"))
    return checked(app.segmented_control(key="check part").set_value(part).run())


def test_similar_pictures_can_be_kept_together(started) -> None:
    app = at("Similar pictures")
    assert "nice test pictures" in text(app)
    assert "**Green Ring**: " in text(app)
    checked(app.button(key="keep together").click().run())
    assert started == [["data", "check", "things", "--keep-together"]]


def test_backgrounds_that_tell_are_named_with_pictures(started) -> None:
    app = at("Backgrounds")
    sentence = next(line for line in text(app).splitlines() if "can be told" in line)
    assert all(name in sentence for name in ("Green Ring", "Red Disc", "Yellow Bar"))
    assert pictures(app) == 3 * 8


def test_a_doubtful_picture_is_left_out_and_included_again(started) -> None:
    before = store.load("things")
    content = before.real.hashes[2]
    app = at("Doubtful labels")
    assert before.real.paths[2] == "Green Ring/02.png"
    app.checkbox(key=f"doubt real {content}").check()
    leave_out = next(b for b in app.button if b.label == "Leave the ticked pictures out")
    checked(leave_out.click().run())
    assert "1 picture is left out of this dataset" in text(app)
    assert started == [["data", "check", "things"]]
    changed = store.load("things")
    assert content not in changed.real.hashes and len(changed.real.hashes) == 74
    checked(app.button(key="undo include_all").click().run())
    assert store.load("things").fingerprint == before.fingerprint
    assert "left out of this dataset" not in text(app)


def test_the_map_has_every_picture(started) -> None:
    app = at("Map")
    (found,) = (
        element
        for element in app.get("bidi_component")
        if element.proto.component_name == "fruitlab.map"
    )
    data = store.load("things")
    assert f"/things/{data.fingerprint}/" in found.proto.json
    assert f'"nice": {len(data.nice.labels)}' in found.proto.json.replace('":', '": ').replace(
        "  ", " "
    )


def test_pictures_are_served_by_their_place(started) -> None:
    data = store.load("things")
    route = Route(host.PICTURES + "{name}/{fingerprint}/{row:int}", host.picture)
    client = TestClient(Starlette(routes=[route]))
    for row, image in ((3, data.nice.images[3]), (60, data.real.images[0])):
        answer = client.get(f"{host.PICTURES}things/{data.fingerprint}/{row}")
        assert np.array_equal(np.asarray(Image.open(BytesIO(answer.content))), image)
    for wrong in (f"things/{data.fingerprint}/135", "things/0123/3", "nowhere/0123/3", "..%2F/x/3"):
        assert client.get(host.PICTURES + wrong).status_code == 404


def test_the_check_starts_as_a_job(pair, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_resource.clear()
    st.cache_data.clear()
    import_pictures(name="things", nice=pair.nice, real=pair.real)
    commands = jobs_started(monkeypatch)
    app = checked(opened("data", name="things"))
    checked(app.button(key="check").click().run())
    assert commands == [["data", "check", "things"]]
