"""Whose turn it is on a device: started runs wait in order of creation, before they import torch."""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from fruitlab.config.errors import RunError
from fruitlab.config.paths import runs_root
from fruitlab.runs.folder import Run, all_runs

RUN_BYTES = 2_500_000_000  # that a training takes at most, 18,000 pictures and torch among them
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
    """Runs at a time on one device: FRUITLAB_SLOTS, or 1. Raises RunError for what is no such number."""
    return _count("FRUITLAB_SLOTS", os.environ.get("FRUITLAB_SLOTS", "1"))


def side_by_side(device: str, asked: str | None = None) -> int:
    """How many runs a study trains at once: what is asked for, FRUITLAB_SLOTS, or on a CPU one a core as far as memory reaches, and else 1.

    Raises RunError for a number that cannot be.

    Small batches leave the cores waiting for each other: on two, two runs of `quick` with a thread each get through 1.5 times as many
    pictures as one run with two threads (386 and 386 a second against 508; AMD EPYC, torch 2.14.1).
    """
    if asked is not None:
        return _count("--at-once", asked)
    if "FRUITLAB_SLOTS" in os.environ or guess_device(device) != "cpu":
        return slots()
    return max(1, min(_cores(), free_memory() // RUN_BYTES, 64))


def threads() -> int | None:
    """CPU threads of each run where several train at once, its share of the cores; None where it may have them all."""
    count = slots()
    return max(1, _cores() // count) if count > 1 else None


def _cores() -> int:
    """Those that this process may use: a cluster's scheduler gives out fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory(system: Path = Path("/")) -> int:
    """Bytes that programs may still take without swapping, within the limit of a container; 0 where Linux does not say."""
    try:
        (line,) = [
            line
            for line in (system / "proc/meminfo").read_text().splitlines()
            if line.startswith("MemAvailable:")
        ]
        free = 1024 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            allowed, taken = (
                int((system / "sys/fs/cgroup" / name).read_text()) for name in (limit, used)
            )
            free = min(free, allowed - taken)
        except (OSError, ValueError):  # no such limit, or "max"
            pass
    return max(0, free)


def wait_for_turn(
    run: Run, device: str, *, say: Callable[[str], None], wait: Callable[[float], None] = time.sleep
) -> FileLock:
    """Waits until the device has a free slot and no older run waits for one; returns the slot's lock, held.

    `wait` sleeps between two looks, and may raise to give up.
    """
    kind = guess_device(device)
    places = [FileLock(_folder() / f"{kind}-{number}.lock") for number in range(slots())]
    created = run.header()["created"]
    said = None
    while True:
        ahead = [
            other
            for other in all_runs()
            if not other.shipped and other.id != run.id and _waits_before(other, created, kind)
        ]
        # What waits for fewer places than there are here, since it was started elsewhere, has no claim to the last ones.
        claimed = max((other.activity().get("places", len(places)) for other in ahead), default=0)
        for place in places[claimed:]:
            try:
                place.acquire(blocking=False)
                return place
            except Timeout:
                pass
        why = f"{len(ahead)} started earlier" if ahead else f"another run has the {kind}"
        if why != said:
            run.doing("waiting", why=why, device=kind, places=len(places))
            say(f"Waiting for its turn: {why}.")
            said = why
        wait(0.5)


def _count(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise RunError(
            f"{name} is {text!r}: give the number of runs that may train at once, from 1 to 64."
        )
    return int(text)


def _folder() -> Path:
    folder = runs_root() / ".slots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _waits_before(other: Run, created: float, kind: str) -> bool:
    activity = other.activity()
    try:
        if activity.get("doing") == "starting":  # several started at a click come in any order
            header = other.header()
            return (
                header["created"] < created
                and guess_device(header["device"]) == kind
                and other.starting()
            )
        if activity.get("doing") != "waiting" or activity.get("device") != kind:
            return False
        return other.header()["created"] < created and other.alive()
    except RunError:
        return False
