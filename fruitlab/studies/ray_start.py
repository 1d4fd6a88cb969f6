"""The engine that trains a study on a Ray cluster. Imports Ray only when it is used."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fruitlab.config.errors import RunError
from fruitlab.config.progress import Say
from fruitlab.data.domains import TwoDomains
from fruitlab.studies.plans import Study

if TYPE_CHECKING:
    from fruitlab.studies.ray_engine import RayEngine

# No usage statistics, no tables and tracebacks in the terminal, no logs beside the run folders;
# Ctrl-C is handled by the engine.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
}
# Without support for clusters, Ray listens on 127.0.0.1 only. This is its setting for Windows and
# macOS, where that is the default, but Ray obeys it on Linux too. Asking for 127.0.0.1 as the
# node's address would not do: Ray replaces it by the address that other machines reach.
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


def ray_engine(
    study: Study,
    data: TwoDomains,
    address: str,
    *,
    say: Say,
    cpus: int = 1,
    gpus: float | None = None,
    storage: Path | None = None,
) -> "RayEngine":
    """An engine whose `run` connects to a Ray cluster, or starts one; see `RayEngine`.

    Raises:
        RunError: Ray is not installed.
    """
    # Ray reads these when it is imported, and its processes inherit them.
    os.environ.update(ENVIRONMENT | (LOOPBACK if address == "local" else {}))
    try:
        from fruitlab.studies.ray_engine import RayEngine
    except ImportError as error:
        raise RunError(
            f"--ray needs Ray, which is not installed ({error}): pip install -r "
            "requirements-ray.txt"
        ) from None
    return RayEngine(
        study,
        data.fingerprint,
        "auto",
        say,
        data=data,
        address=address,
        cpus=cpus,
        gpus=gpus,
        storage=storage,
    )
