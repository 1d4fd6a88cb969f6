"""Reaching a Ray cluster, or starting one, what a run takes of its machines, and the folder they share."""

import logging
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import ray
from filelock import FileLock, Timeout
from ray._private import ray_constants

from fruitlab.config.errors import RunError
from fruitlab.config.paths import PACKAGE

LOCK = "fruitlab-study.lock"  # held while a study uses a folder of the storage; tells ours from others' too
GPU_SHARE = 0.25  # of a GPU, where there are some: starting kernels is the limit of a small run, so that four share one well
# No statistics sent, no tables and tracebacks printed, no logs beside the run folders; Ctrl-C is the study's.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
}


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Ray, for as long as it is needed; this package is sent to the workers, who need not have it. Raises RunError."""
    if "://" in address:
        raise RunError(
            f"--ray {address}: the study has to run on a machine of the cluster, as it writes the run folders there. Join it (ray start "
            "--address HOST:PORT --num-cpus 0), then give --ray HOST:PORT."
        )
    os.environ.update(QUIET)
    logging.getLogger("ray.tune").setLevel(
        logging.CRITICAL
    )  # what ended a run is said in its summary
    if address not in ("local", "auto"):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
        except (OSError, ValueError, OverflowError) as error:
            raise RunError(
                f"There is no Ray cluster at {address} ({error}). Give host:port of its head, as `ray start --head` prints it, "
                "or --ray local to use this machine alone."
            ) from None
    # However quiet they are asked to be, Ray and Tune print a line for each worker that dies and each trial that ends; stdout is for the result.
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), _loopback(address == "local"):
        try:
            ray.init(
                address=address,
                log_to_driver=False,
                logging_level="error",
                include_dashboard=False if address == "local" else None,
                runtime_env={
                    "py_modules": [str(PACKAGE)],
                    "excludes": ["**/__pycache__", "_project"],
                },
            )
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            if address == "auto" and isinstance(error, ConnectionError):
                raise RunError(
                    "This machine is part of no Ray cluster: join one (ray start --address HOST:PORT), or give --ray local."
                ) from None
            token = (
                ""
                if address == "local"
                else " If it asks for a token, set RAY_AUTH_MODE=token here too (docs/ray.md)."
            )
            raise RunError(
                f"Ray could not be started or reached at {address}: {str(error).strip().splitlines()[0].rstrip('.')}.{token}"
            ) from error
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _loopback(only: bool) -> Iterator[None]:
    """Ray's own switch for systems where machines cannot join: its ports are then open on 127.0.0.1 alone, and to nobody else.

    Asked for 127.0.0.1 as its address, it would take the one that others reach and listen to all, and who reaches a port of Ray can run what he likes.
    """
    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = before and not only
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def share(cpus: int, gpus: float | None) -> float:
    """What each run takes of a GPU. Raises RunError where no machine has what a run takes: it would wait for ever."""
    machines = [machine["Resources"] for machine in ray.nodes() if machine["Alive"]]
    if gpus is None:
        gpus = GPU_SHARE if any(machine.get("GPU") for machine in machines) else 0.0
    if not any(
        machine.get("CPU", 0) >= cpus and machine.get("GPU", 0) >= gpus for machine in machines
    ):
        has = "; ".join(
            f"{machine.get('CPU', 0):g} CPUs and {machine.get('GPU', 0):g} GPUs"
            for machine in machines
        )
        raise RunError(
            f"No machine of the Ray cluster has {cpus} CPUs and {gpus:g} GPUs for a run: they have {has}. Give less with --ray-cpus and --ray-gpus."
        )
    return gpus


@contextmanager
def storage(root: Path, name: str) -> Iterator[Path]:
    """A new folder for a study's checkpoints, gone at its end, as those are that killed studies left. Raises RunError."""
    root = root.expanduser().resolve()
    folder = root / f"{name}-{secrets.token_hex(4)}"
    try:
        for other in root.glob(f"*/{LOCK}"):
            try:
                with FileLock(other).acquire(blocking=False):
                    shutil.rmtree(other.parent, ignore_errors=True)
            except Timeout:
                pass  # a study at work
        folder.mkdir(parents=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(blocking=False)
    except OSError as error:
        raise RunError(
            f"Checkpoints cannot be written to {root}: {error.strerror}. Name another folder with --ray-storage."
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
