"""`/healthz`: whether the server can do its work, for Docker, a proxy or a person on call.

200 if it can, 503 if not, with the reasons. It names no path, run or visitor, so anybody may ask.
"""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fruitlab import __version__
from fruitlab.app.host import demo
from fruitlab.app.shared import index
from fruitlab.config.modes import mode
from fruitlab.config.paths import data_root, runs_root
from fruitlab.inference import client

LEAST_FREE = 500_000_000  # bytes of a disk: a training that cannot save its state fails


async def healthz(request: Request) -> Response:
    """The route."""
    found = await asyncio.to_thread(health)  # a disk that does not answer must not stop the server
    return JSONResponse(found, status_code=503 if found["problems"] else 200)


def health() -> dict[str, Any]:
    """{status, problems, version, mode, free_bytes, runs, predictions, demo}."""
    free, predictor = free_bytes(), client.state()
    problems = [
        f"Less than {LEAST_FREE / 1e6:.0f} MB are free on the disk for {name}."
        for name, size in free.items()
        if size < LEAST_FREE
    ]
    if predictor.hangs:
        problems.append("The prediction server does not answer.")
    if demo.problem:
        problems.append("The demo could not start.")
    return {
        "status": "failing" if problems else "ok",
        "problems": problems,
        "version": __version__,
        "mode": mode(),
        "free_bytes": free,
        "runs": runs(),
        "predictions": {"running": predictor.pid is not None, "waiting": predictor.waiting},
        "demo": "failed" if demo.problem else "ready" if demo.app else "starting",
    }


def free_bytes() -> dict[str, int]:
    """Free bytes where runs, data and uploads are kept."""
    folders = {"runs": runs_root(), "data": data_root(), "uploads": Path(tempfile.gettempdir())}
    return {name: _free(folder) for name, folder in folders.items()}


def _free(folder: Path) -> int:
    for existing in (folder, *folder.parents):
        try:
            return shutil.disk_usage(existing).free
        except FileNotFoundError:  # it is made when it is needed
            continue
        except OSError:
            break
    return 0


def runs() -> dict[str, int]:
    """How many runs are training, and how many wait for their turn."""
    statuses = [entry.status for entry in index().entries()]
    return {"training": statuses.count("running"), "waiting": statuses.count("waiting")}
