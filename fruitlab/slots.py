"""Whose turn it is on a device: started runs wait in order of creation, before they import torch."""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from fruitlab.runs import Run, RunError, all_runs, user_root

DEVICES = ("auto", "cpu", "cuda", "mps")


def check_device(device: str) -> None:
    """Raises RunError for what can be no device, before anything is started; whether it is there, torch says later."""
    if device.partition(":")[0] not in DEVICES:
        raise RunError(f"There is no device {device!r}: give auto, cpu, cuda, cuda:1, … or mps.")


def guess_device(device: str) -> str:
    """The kind of device that *auto* will turn out to be, told from the machine alone: good enough to queue by."""
    if device != "auto":
        return device.partition(":")[0]
    if os.path.exists("/dev/nvidiactl") or os.path.exists("/dev/dxg"):
        return "cuda"
    return "mps" if platform.system() == "Darwin" and platform.machine() == "arm64" else "cpu"


def slots() -> int:
    """Runs at a time on one device: FRUITLAB_SLOTS, or 1."""
    text = os.environ.get("FRUITLAB_SLOTS", "1")
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise RunError(f"FRUITLAB_SLOTS is {text!r}: give the number of runs that may train at once, from 1 to 64.")
    return int(text)


def wait_for_turn(run: Run, device: str, *, say: Callable[[str], None], wait: Callable[[float], None] = time.sleep) -> FileLock:
    """Waits until the device has a free slot and no older run waits for one; returns the slot's lock, held.

    `wait` sleeps between two looks, and may raise to give up.
    """
    kind = guess_device(device)
    places = [FileLock(_folder() / f"{kind}-{number}.lock") for number in range(slots())]
    created = run.header()["created"]
    said = None
    while True:
        ahead = [other.id for other in all_runs() if not other.shipped and other.id != run.id and _waits_before(other, created, kind)]
        if not ahead:
            for place in places:
                try:
                    place.acquire(blocking=False)
                    return place
                except Timeout:
                    pass
        why = f"{len(ahead)} started earlier" if ahead else f"another run has the {kind}"
        if why != said:
            run.doing("waiting", why=why, device=kind)
            say(f"Waiting for its turn: {why}.")
            said = why
        wait(0.5)


def _folder() -> Path:
    folder = user_root() / ".slots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _waits_before(other: Run, created: float, kind: str) -> bool:
    activity = other.activity()
    try:
        if activity.get("doing") == "starting":  # several started at a click come in any order
            header = other.header()
            return header["created"] < created and guess_device(header["device"]) == kind and other.starting()
        if activity.get("doing") != "waiting" or activity.get("device") != kind:
            return False
        return other.header()["created"] < created and other.alive()
    except RunError:
        return False
