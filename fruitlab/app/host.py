"""What the server offers besides Streamlit's pages: plotly.js, play files and the Gradio demo.

Gradio takes six seconds to import on two cores, and the first page must not wait for it. It is
imported in the background when somebody opens /demo, or a few seconds after the start.
"""

import asyncio
import gc
import logging
import os
import resource
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
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

from fruitlab import __version__
from fruitlab.app import logs
from fruitlab.config.errors import DataError
from fruitlab.config.modes import mode
from fruitlab.config.paths import data_root
from fruitlab.config.text import plain
from fruitlab.data import uploads
from fruitlab.runs import catalog, jobs

if TYPE_CHECKING:
    from fruitlab.data.domains import TwoDomains

log = logging.getLogger(__name__)
PLOTLY = "/assets/plotly.min.js"
PLAY = "/assets/play/"
PICTURES = "/assets/pictures/"
ONE_DAY = {"Cache-Control": "max-age=86400"}
MOST_FILES = 10_000
DELAY = 8.0  # seconds after the start until Gradio is imported: the first page comes first

STARTING = """<!doctype html><html lang="en">
<head><meta charset="utf-8"><title>FruitLab demo</title>{refresh}
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 32rem; }}
body {{ padding: 0 1rem; }}
</style></head>
<body><p role="status">{text}</p></body></html>"""


async def plotly(request: Request) -> Response:
    """plotly.js from the installed package: the charts load nothing from other servers."""
    spec = find_spec("plotly")  # Importing it would take time, and only one file is needed.
    if spec is None or spec.origin is None:
        return PlainTextResponse("plotly is not installed.", status_code=404)
    path = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    return FileResponse(path, media_type="text/javascript", headers=ONE_DAY)


async def play(request: Request) -> Response:
    """A play file by name. Its name changes with its content, so browsers can keep it."""
    from fruitlab.play import file  # Here, because the first page must not wait for the import.

    path = file.found().get(request.path_params["name"])
    if path is None:
        return PlainTextResponse("There is no such play file.", status_code=404)
    return FileResponse(path, media_type="application/octet-stream", headers=ONE_DAY)


def picture(request: Request) -> Response:
    """A picture by its dataset's name and fingerprint, counted over nice, then real pictures."""
    from fruitlab.inference.heatmap import encoded  # Here, as above.

    name, fingerprint, row = (request.path_params[key] for key in ("name", "fingerprint", "row"))
    data = _dataset(name, fingerprint)
    if data is None or row >= len(data.nice.labels) + len(data.real.labels):
        return PlainTextResponse("There is no such picture.", status_code=404)
    domain, row = data.place(row)
    content = encoded(np.asarray(domain.images[row]), "PNG")
    return Response(content, media_type="image/png", headers=ONE_DAY)


@lru_cache(maxsize=4)
def _dataset(name: str, fingerprint: str) -> "TwoDomains | None":
    """The dataset of that name if it has that fingerprint."""
    from fruitlab.data import store

    try:
        data = store.load_cached(name)
    except DataError:
        return None
    return data if data is not None and data.fingerprint == fingerprint else None


def build_demo() -> tuple[Any, Any]:
    """Imports Gradio and builds the demo.

    Returns:
        The FastAPI application to mount, and Gradio's own inside it.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it when it is imported.
    # Imported here, in a thread of its own: see the top of this file.
    import fastapi
    import gradio

    from fruitlab.app import demo

    parent = gradio.mount_gradio_app(
        fastapi.FastAPI(),
        demo.build(),
        path="/",
        run_history=False,
        footer_links=[],
        show_error=True,
        **demo.MOUNT,
    )
    return parent, parent.routes[-1].app


class LateDemo:
    """The ASGI application at /demo: a page that says it is starting, until the demo is built.

    Args:
        build: as `build_demo`; runs in a thread of its own.
    """

    def __init__(self, build: Callable[[], tuple[Any, Any]] = build_demo) -> None:
        self.build = build
        self.app: ASGIApp | None = None
        self.problem: str | None = None
        self.wanted = asyncio.Event()
        self.stop: Callable[[], Any] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: with the demo, or with a page that waits for it."""
        if self.app is not None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            self.wanted.set()
            await self._not_yet(Request(scope))(scope, receive, send)

    def _not_yet(self, request: Request) -> Response:
        text = self.problem or "The demo is starting. This page opens it in a few seconds."
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            refresh = "" if self.problem else '<meta http-equiv="refresh" content="1">'
            return HTMLResponse(STARTING.format(text=text, refresh=refresh))
        return JSONResponse({"detail": text}, status_code=503, headers={"Retry-After": "2"})

    async def run(self) -> None:
        """Builds the demo and serves it until cancelled."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wanted.wait(), DELAY)
        loop = asyncio.get_running_loop()
        built: asyncio.Future[Any] = loop.create_future()
        # A daemon thread, not an executor's: Python waits for those at exit, and Ctrl-C must not
        # have to wait for an import.
        threading.Thread(target=self._build, args=(loop, built), name="demo", daemon=True).start()
        try:
            parent, gradio_app = await built
            # A Mount does not run the lifespan of what it mounts.
            async with parent.router.lifespan_context(parent):
                # The heartbeat of an open tab never ends by itself, and the server waits for it.
                self.stop = partial(loop.call_soon_threadsafe, gradio_app.stop_event.set)
                self.app = parent
                await asyncio.Event().wait()
        except Exception as error:
            log.error("The demo could not start.", exc_info=error)
            self.problem = (
                f"The demo could not start ({type(error).__name__}: {error}). The other pages work "
                "without it."
            )
        finally:
            self.app = None

    def _build(self, loop: asyncio.AbstractEventLoop, built: "asyncio.Future[Any]") -> None:
        def settle(result: Any, error: Exception | None) -> None:
            if not built.done():
                built.set_exception(error) if error else built.set_result(result)

        result, problem = None, None
        try:
            result = self.build()
        except Exception as error:
            problem = error
        with suppress(RuntimeError):  # the server has ended in the meantime
            loop.call_soon_threadsafe(settle, result, problem)


demo = LateDemo()


def allow_many_files() -> None:
    """Raise the limit on open files: each visitor takes three, and some systems allow 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def delete_leftovers() -> None:
    """Delete what processes that were killed have left among runs and data."""
    catalog.delete_leftovers()
    jobs.delete_leftovers(data_root() / ".jobs")
    uploads.delete_leftovers()


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Runs the demo as long as the server, and ends it before the server waits for its tabs."""
    before: dict[int, Callable[[int, Any], Any]] = {}

    def stop(number: int, frame: Any) -> None:
        demo.stop()
        before[number](number, frame)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):
                before[number] = handler
                signal.signal(number, stop)
    allow_many_files()
    threading.Thread(target=delete_leftovers, name="leftovers", daemon=True).start()
    task = asyncio.create_task(demo.run())
    try:
        with logs.to_file():
            log.info("The server has started.", extra={"version": __version__, "mode": mode()})
            yield {}
            log.info("The server ends.")
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=1)
        gc.freeze()  # Saves the interpreter several passes over all objects at exit.


def say_error(error: Exception) -> bool:
    """Shows a message for an unexpected error on a page; the traceback goes to terminal and log."""
    log.error("A page failed.", exc_info=error)
    st.error(
        "Something unexpected went wrong on this page "
        f"({type(error).__name__}: {plain(str(error))}). Nothing is lost, and runs "
        "continue. Reload the page. If the error comes back, the terminal in which FruitLab runs "
        "shows the details."
    )
    return True
