"""Share cards at an address, and the tags with which other sites preview a link."""

import io
import re

import pytest
import streamlit as st
from PIL import Image
from run_folders import run_folder
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from ui_pages import checked, opened

from fruitlab.app import index_html, sharing


@pytest.fixture(autouse=True)
def showcase(monkeypatch) -> None:
    for name in ("one", "two"):
        run_folder(name)
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")
    monkeypatch.setattr(sharing, "_index", sharing.Index(rest=0))
    st.cache_resource.clear()


@pytest.fixture
def client() -> TestClient:
    routes = [
        Route("/runs", index_html.index),
        Route(sharing.ADDRESS + "{kind}/{name}.png", sharing.card),
    ]
    return TestClient(Starlette(routes=routes), base_url="https://fruit.example")


def image(page: str) -> str | None:
    found = re.search(r'property="og:image" content="([^"]*)"', page)
    return found and found[1]


def test_a_link_to_a_run_is_previewed_with_its_card(client):
    page = client.get("/runs?runs=one,other").text
    address = image(page)
    assert address == "https://fruit.example/assets/cards/run/one.png"
    assert page.index("og:title") < page.index("</head>")
    answer = client.get(address)
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (1200, 630)


@pytest.mark.parametrize("query", ["", "?runs=nothing", '?runs="><script>', "?run=../../etc"])
def test_a_page_without_such_a_run_has_no_picture(client, query):
    page = client.get(f"/runs{query}").text
    assert "og:title" in page and image(page) is None and "><script>" not in page.split("og:")[1]


@pytest.mark.parametrize("name", ["run/nothing", "answer/nothing", "other/nothing", "run/..%2Fa"])
def test_what_does_not_exist_has_no_card(client, name):
    assert client.get(f"{sharing.ADDRESS}{name}.png").status_code == 404


def test_on_a_machine_of_one_s_own_there_are_neither(client, monkeypatch):
    monkeypatch.setenv("FRUITLAB_MODE", "local")
    assert "og:" not in client.get("/runs?runs=one").text
    assert client.get(f"{sharing.ADDRESS}run/one.png").status_code == 404


def test_the_runs_page_offers_the_report_and_for_a_single_run_the_card():
    def offered(app) -> set[str]:
        return {one.proto.label for one in checked(app).get("download_button")}

    assert {"Report", "Share card"} <= offered(opened("runs", runs="one"))
    both = offered(opened("runs", runs="one,two"))
    assert "Report" in both and "Share card" not in both
