"""The Play part of the Forgetting page: what is sent to the browser, and its messages."""

import asyncio
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from logged_runs import iterative, run
from play_files import write
from starlette.applications import Starlette
from starlette.routing import Route
from ui_pages import opened, text

from fruitlab.app import host
from fruitlab.config.paths import runs_root
from fruitlab.play import file as play
from fruitlab.runs import jobs


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No shipped files except those of a test."""
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(tmp_path / "shipped"))
    return tmp_path / "shipped" / "play"


def components(app) -> list[dict]:
    return [
        json.loads(element.proto.json)
        for element in app.get("bidi_component")
        if element.proto.component_name == "fruitlab.play"
    ]


def test_without_a_file_the_command_that_makes_one() -> None:
    app = opened("forgetting")
    assert (
        not app.exception and "made once from an iterative run" in text(app) and not components(app)
    )
    assert app.get("code")[0].value == "python -m fruitlab play-file RUN"
    run("one", iterative(100), method="iterative", iterations=100)
    assert opened("forgetting").get("code")[0].value == "python -m fruitlab play-file one"


def test_a_shipped_file_plays_without_a_run_or_data(shipped) -> None:
    file = write(shipped / "fifty.safetensors")
    app = opened("forgetting")
    assert not app.exception and not app.selectbox
    (sent,) = components(app)
    assert (
        sent["url"].startswith("/assets/play/fifty?")
        and sent["evaluation_points"][:5] == [0, 1, 2, 5, 10]
        and sent["evaluation_points"][-1] == file.steps
    )
    assert (
        len(sent["settings"]["learning_rate"]) == file.steps
        and sent["settings"]["nesterov"]
        and not sent["settings"]["moving"]
    )
    assert [
        sent["styles"][score]["marker"]["symbol"] for score in ("nice", "real", "combined")
    ] == [
        "circle",
        "diamond",
        "square",
    ]
    assert sent["baseline"]["y"] == [1 / 3, 1 / 3] and sent["baseline"]["line"]["dash"] == "dot"
    assert "50 of its 100 real training pictures" in text(app) and "9 pooled features" in text(app)


def test_the_chosen_run_s_own_file_comes_first(shipped) -> None:
    write(shipped / "fifty.safetensors")
    run("zoo", iterative(100), method="iterative", iterations=100)
    write(runs_root() / "zoo" / play.NAME)
    app = opened("forgetting", runs="zoo")
    assert app.selectbox(key="played").options == [
        "zoo: iterative, 50% nice first, frozen statistics, drawn",
        "fifty: iterative, 50% nice first, frozen statistics, drawn",
    ]
    assert components(app)[0]["url"].startswith("/assets/play/zoo?")
    app.selectbox(key="played").set_value("fifty").run()
    assert components(app)[0]["url"].startswith("/assets/play/fifty?")


def test_an_own_run_without_a_file_is_not_silently_replaced(shipped, monkeypatch) -> None:
    write(shipped / "fifty.safetensors")
    made = run("zoo", iterative(100), method="iterative", iterations=100)
    app = opened("forgetting", runs="zoo")
    assert "Play shows another run. zoo has no play file" in text(app)
    assert "python -m fruitlab play-file zoo" in text(app)
    made.write_tensors("switch", {"w": np.zeros(1, np.float32)}, {})
    app = opened("forgetting", runs="zoo")
    started: list = []
    monkeypatch.setattr(jobs, "start", lambda root, title, command: started.append(command))
    app.button(key="make play file").click().run()
    assert started == [["play-file", "zoo"]] and not app.exception
    write(runs_root() / "zoo" / play.NAME)
    app = opened("forgetting", runs="zoo")
    assert "Play shows another run" not in text(app)
    assert components(app)[0]["url"].startswith("/assets/play/zoo?")


def test_a_play_file_that_cannot_be_made_is_not_offered(shipped) -> None:
    write(shipped / "fifty.safetensors")
    made = run("zoo", iterative(100), method="iterative", iterations=100, data="gone")
    made.write_tensors("switch", {"w": np.zeros(1, np.float32)}, {})
    app = opened("forgetting", runs="zoo")
    assert "*gone*, which is not on this machine" in text(app) and not app.button


def test_a_damaged_file_says_so(shipped) -> None:
    write(shipped / "fifty.safetensors")
    (shipped / "fifty.safetensors").write_bytes(b"torn")
    app = opened("forgetting")
    assert not app.exception and "damaged" in text(app) and not components(app)


def test_only_play_files_are_served(shipped) -> None:
    file = write(shipped / "fifty.safetensors")

    async def ask(path: str) -> httpx.Response:
        app = Starlette(routes=[Route(host.PLAY + "{name}", host.play)])
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test"
        ) as client:
            return await client.get(path)

    there = asyncio.run(ask("/assets/play/fifty?1"))
    assert there.status_code == 200 and there.content == file.path.read_bytes()
    for name in ("other", "..%2Ffifty", "fifty.safetensors", "%2Fetc%2Fpasswd"):
        assert asyncio.run(ask(f"/assets/play/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "given"), [("closed", "closed"), ("", "gradient"), ("x", "gradient")]
)
def test_a_link_opens_a_learner(shipped, asked, given) -> None:
    file = write(shipped / "fifty.safetensors")
    (sent,) = components(opened("forgetting", learner=asked))
    assert sent["learner"] == given
    assert sent["settings"]["ridge"] == pytest.approx(
        0.1 * (file.count("nice_train") + file.count("real_train"))
    )
