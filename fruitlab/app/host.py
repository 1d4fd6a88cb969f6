"""The server beside Streamlit's own: plotly.js from the installed package, and the Gradio demo, which comes up behind.

Importing Gradio takes six seconds on two cores; the first page must not wait for it. It is imported when somebody asks for /demo,
or some seconds after the start, whichever is first.
"""

import asyncio
import gc
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
)
from starlette.types import ASGIApp, Receive, Scope, Send

PLOTLY = "/assets/plotly.min.js"
PLAY = "/assets/play/"
LATER = 8.0  # seconds after the start in which the first page has the interpreter to itself

STARTING = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>FruitLab demo</title>{refresh}
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 32rem; padding: 0 1rem; }}</style></head>
<body><p role="status">{text}</p></body></html>"""


async def plotly(request: Request) -> Response:
    """plotly.js, from this machine: the charts load nothing from elsewhere."""
    spec = find_spec("plotly")  # found, not imported: only its one file is needed here
    path = (
        Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
        if spec
        else Path("plotly.min.js")
    )
    return FileResponse(
        path, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"}
    )


async def play(request: Request) -> Response:
    """A play file by its name (`play.found`); its address changes when it does, so a browser fetches it once."""
    files = importlib.import_module(
        "fruitlab.play.file"
    )  # not at the start: the first page must not wait for it
    path = files.found().get(request.path_params["name"])
    if path is None:
        return PlainTextResponse("There is no such play file.", status_code=404)
    return FileResponse(
        path, media_type="application/octet-stream", headers={"Cache-Control": "max-age=86400"}
    )


class LateDemo:
    """The demo at /demo: a page that says it is starting until it has."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.problem: str | None = None
        self.wanted = asyncio.Event()
        self.stop: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is not None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            self.wanted.set()
            await self._not_yet(Request(scope))(scope, receive, send)

    def _not_yet(self, request: Request) -> Response:
        text = self.problem or "The demo is starting. This page opens it by itself in some seconds."
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(
                STARTING.format(
                    text=text,
                    refresh="" if self.problem else '<meta http-equiv="refresh" content="1">',
                )
            )
        return JSONResponse({"detail": text}, status_code=503, headers={"Retry-After": "2"})

    async def run(self) -> None:
        """Brings the demo up and keeps it until cancelled."""
        try:
            await asyncio.wait_for(self.wanted.wait(), LATER)
        except TimeoutError:
            pass
        loop = asyncio.get_running_loop()
        built: asyncio.Future[Any] = loop.create_future()
        # A daemon thread, not an executor's: those are waited for at exit, and Ctrl-C must not have to wait for an import.
        threading.Thread(target=_build, args=(loop, built), name="demo", daemon=True).start()
        try:
            parent, gradio_app = await built
            # A Mount does not run the lifespan of what it mounts.
            async with parent.router.lifespan_context(parent):
                # The heartbeat of an open tab never ends by itself, and the server would wait for it for ever.
                self.stop = lambda: loop.call_soon_threadsafe(gradio_app.stop_event.set)
                self.app = parent
                await asyncio.Event().wait()
        except Exception as error:
            traceback.print_exception(error)
            self.problem = f"The demo could not start ({type(error).__name__}: {error}). The other pages work without it."
        finally:
            self.app = None


def _build(loop: asyncio.AbstractEventLoop, built: "asyncio.Future[Any]") -> None:
    def settle(result: Any, error: Exception | None) -> None:
        if not built.done():
            built.set_exception(error) if error else built.set_result(result)

    result, problem = None, None
    try:
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
        module = importlib.import_module("fruitlab.app.demo")
        fastapi, gradio = importlib.import_module("fastapi"), importlib.import_module("gradio")
        parent = gradio.mount_gradio_app(
            fastapi.FastAPI(),
            module.build(),
            path="/",
            run_history=False,
            footer_links=[],
            show_error=True,
            **getattr(module, "MOUNT", {}),
        )
        result = parent, parent.routes[-1].app
    except Exception as error:
        problem = error
    try:
        loop.call_soon_threadsafe(settle, result, problem)
    except RuntimeError:
        pass  # the server has ended meanwhile


demo = LateDemo()


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    before = {}

    def take(number: int, frame: Any) -> None:
        demo.stop()
        before[number](number, frame)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):
                before[number] = handler
                signal.signal(number, take)
    task = asyncio.create_task(demo.run())
    try:
        yield {}
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=1)
        gc.freeze()  # or the interpreter goes through every object that is left, several times, before it ends


def say_error(error: Exception) -> bool:
    """A sentence in place of a traceback, which goes to the terminal."""
    traceback.print_exception(error, file=sys.stderr)
    st.error(
        f"This page met something it did not expect ({type(error).__name__}: {error}). Nothing is lost, and trainings go on. "
        "Reload the page; if it comes back, the terminal where FruitLab runs has the details."
    )
    return True
