"""What the server offers besides Streamlit's pages: plotly.js, play files and the Gradio demo."""

import asyncio
import gc
import logging
import resource
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    PlainTextResponse,
    Response,
)

from fruitlab import __version__
from fruitlab.app import logs
from fruitlab.app.late_demo import LateDemo
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
