"""Connecting to a Ray cluster or starting one, its resources, and the folder its machines share."""

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

from fruitlab.config.errors import RunError
from fruitlab.config.paths import PACKAGE

LOCK = "fruitlab-study.lock"  # held while a study uses its folder; marks such folders
GPU_SHARE = 0.25  # of a GPU per run: a small run is limited by kernel launches, so four share one


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect to a cluster, or start one with the address *local*; disconnect at the end.

    The workers get a copy of this package. `ray_start.ray_engine` sets the environment first.

    Raises:
        RunError: there is no such cluster, or it cannot be reached or started.
    """
    if "://" in address:
        raise RunError(
            f"--ray {address}: the study has to run on a machine of the cluster, because it writes "
            "the run folders there. Join the cluster (ray start --address HOST:PORT --num-cpus 0), "
            "then give --ray HOST:PORT."
        )
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # The summaries name the errors.
    if address not in ("local", "auto"):
        _check_reachable(address)
    # Ray and Tune print a line for each worker and trial that ends; stdout is for the result.
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        _connect(address)
        try:
            yield
        finally:
            ray.shutdown()


def _check_reachable(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError, OverflowError) as error:
        raise RunError(
            f"There is no Ray cluster at {address} ({error}). Give host:port of its head, as `ray "
            "start --head` prints it, or --ray local to use only this machine."
        ) from None


def _connect(address: str) -> None:
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            include_dashboard=False if address == "local" else None,
            runtime_env={
                "py_modules": [str(PACKAGE)],
                "excludes": ["**/__pycache__", "_project"],
            },
        )
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        if address == "auto" and isinstance(error, ConnectionError):
            raise RunError(
                "This machine does not belong to a Ray cluster: join one (ray start --address "
                "HOST:PORT), or give --ray local."
            ) from None
        why = str(error).strip().splitlines()[0].rstrip(".")
        token = ""
        if address != "local":
            token = " If the cluster asks for a token, set RAY_AUTH_MODE=token (docs/ray.md)."
        raise RunError(
            f"Ray could not be started or reached at {address}: {why}.{token}"
        ) from error
    # Who reaches a port of Ray can run programs, so a cluster that others could reach is not used.
    if address == "local" and (host := ray.util.get_node_ip_address()) != "127.0.0.1":
        ray.shutdown()
        raise RunError(
            f"Ray listens on {host} instead of 127.0.0.1: it was imported before the study was "
            "created. Start the study in a new process."
        )


def share(cpus: int, gpus: float | None) -> float:
    """The share of a GPU that each run gets.

    Raises:
        RunError: no machine has the CPUs and GPUs of one run, which would wait forever.
    """
    machines = [machine["Resources"] for machine in ray.nodes() if machine["Alive"]]
    if gpus is None:
        gpus = GPU_SHARE if any(machine.get("GPU") for machine in machines) else 0.0
    resources = [(machine.get("CPU", 0), machine.get("GPU", 0)) for machine in machines]
    if not any(has_cpus >= cpus and has_gpus >= gpus for has_cpus, has_gpus in resources):
        has = "; ".join(f"{n_cpus:g} CPUs and {n_gpus:g} GPUs" for n_cpus, n_gpus in resources)
        raise RunError(
            f"No machine of the Ray cluster has {cpus} CPUs and {gpus:g} GPUs for a run: they have "
            f"{has}. Give less with --ray-cpus and --ray-gpus."
        )
    return gpus


@contextmanager
def storage(root: Path, name: str) -> Iterator[Path]:
    """A new folder for a study's checkpoints, deleted at the end.

    Folders that killed studies left behind are deleted too.

    Raises:
        RunError: the folder cannot be written.
    """
    root = root.expanduser().resolve()
    folder = root / f"{name}-{secrets.token_hex(4)}"
    try:
        for other in root.glob(f"*/{LOCK}"):
            try:
                with FileLock(other).acquire(blocking=False):
                    shutil.rmtree(other.parent, ignore_errors=True)
            except Timeout:
                pass  # A study is using it.
        folder.mkdir(parents=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(blocking=False)
    except OSError as error:
        raise RunError(
            f"Checkpoints cannot be written to {root}: {error.strerror}. Name another folder with "
            "--ray-storage."
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
