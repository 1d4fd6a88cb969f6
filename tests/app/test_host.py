"""What the server serves beside Streamlit: plotly.js, and the demo that starts later."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import plotly
import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Mount, Route

from fruitlab.app import host, index_html
from fruitlab.app.late_demo import LateDemo


def asked(demo: LateDemo, path: str, accept: str = "text/html") -> httpx.Response:
    async def ask() -> httpx.Response:
        plotly_js, page = Route(host.PLOTLY, host.plotly), Route("/explore", index_html.index)
        app = Starlette(routes=[plotly_js, page, Mount("/demo", app=demo)])
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test"
        ) as client:
            return await client.get(path, headers={"accept": accept})

    return asyncio.run(ask())


def test_plotly_js_is_that_of_the_installed_package() -> None:
    answer = asked(LateDemo(), host.PLOTLY)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith(
        "text/javascript"
    )
    assert answer.text == plotly.offline.get_plotlyjs()


def test_a_page_s_html_is_streamlit_s_and_tells_its_client_where_the_server_is() -> None:
    """The client then asks for nothing below the page; tests/browser fails at any 404."""
    answer = asked(LateDemo(), "/explore")
    own = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    before, script, after = answer.text.partition(index_html.BASE)
    assert script and before.count("<script") == 0  # it runs before the client's modules
    body = own[own.index("</head>") :]
    assert after.endswith(body) and re.findall("<script.*", after) == re.findall("<script.*", own)
    assert answer.headers["cache-control"] == "no-cache"


def test_the_browser_gets_the_code_of_the_first_page_at_once_and_no_font_that_nothing_uses() -> (
    None
):
    page = asked(host.LateDemo(), "/explore").text
    links = re.findall(r'<link rel="modulepreload" crossorigin href="\./([^"]+)">', page)
    folder = Path(st.__file__).parent / "static"
    assert len(set(links)) == len(links) and all((folder / link).is_file() for link in links)
    needed = {name.partition("/js/")[2].partition(".")[0] for name in links}
    assert {*index_html.ELEMENTS, "serialization"} <= needed  # and what they import
    assert 'as="font"' not in page


def test_before_the_demo_has_started_pages_reload_and_programs_get_503() -> None:
    page = asked(LateDemo(), "/demo/?run=one")
    assert (
        page.status_code == 200
        and "is starting" in page.text
        and 'http-equiv="refresh"' in page.text
    )
    program = asked(LateDemo(), "/demo/config", "application/json")
    assert program.status_code == 503 and program.headers["retry-after"]


def test_a_request_starts_the_demo() -> None:
    demo = LateDemo()
    assert not demo.wanted.is_set()
    asked(demo, "/demo/")
    assert demo.wanted.is_set()


def test_a_demo_that_cannot_start_says_so(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise ImportError("No module named 'gradio'")

    demo = LateDemo(build=broken)
    demo.wanted.set()
    asyncio.run(asyncio.wait_for(demo.run(), 10))
    page = asked(demo, "/demo/")
    assert (
        "could not start (ImportError: No module named" in page.text and "refresh" not in page.text
    )
    assert "ImportError" in caplog.text, "the log has the details"


def test_a_stream_of_a_session_that_gradio_does_not_know_just_ends() -> None:
    async def stream(request: Request) -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            yield "data: one"
            raise HTTPException(404) if request.url.path.endswith("unknown") else KeyError("bug")

        return StreamingResponse(events())

    demo = LateDemo()
    demo.app = Starlette(routes=[Route("/{name}", stream)])
    assert asked(demo, "/demo/unknown").text == "data: one"
    with pytest.raises(KeyError):
        asked(demo, "/demo/other")
