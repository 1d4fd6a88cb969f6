"""The demo at /demo, which Gradio serves as soon as it has been imported.

Gradio takes six seconds to import on two cores, and the first page must not wait for it. It is
imported in the background when somebody opens /demo, or a few seconds after the start.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)
DELAY = 8.0  # seconds after the start until Gradio is imported: the first page comes first

STARTING = """<!doctype html><html lang="en">
<head><meta charset="utf-8"><title>FruitLab demo</title>{refresh}
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 32rem; }}
body {{ padding: 0 1rem; }}
</style></head>
<body><p role="status">{text}</p></body></html>"""


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
