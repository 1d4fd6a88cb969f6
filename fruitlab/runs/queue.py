"""The queue of each device: started runs wait for their turn, in order of creation.

A run waits before it imports torch. Each device has FRUITLAB_SLOTS places (default: 1), which are
files below `<runs root>/.slots`; a run that trains holds the lock of one.
"""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from fruitlab.config.errors import RunError
from fruitlab.config.paths import runs_root
from fruitlab.config.progress import Say
from fruitlab.runs.catalog import all_runs
from fruitlab.runs.folder import Run

RUN_BYTES = 2_500_000_000  # memory of one run: torch and 18,000 pictures
MOST_SLOTS = 64
DEVICES = ("auto", "cpu", "cuda", "mps")
CGROUP = Path("/sys/fs/cgroup")
CGROUP_FILES = (  # limit and use of memory in bytes, of control groups version 2 and 1
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


def check_device(device: str) -> None:
    """Raises RunError for an unknown kind of device. Whether it is present shows in the worker."""
    if device.partition(":")[0] not in DEVICES:
        raise RunError(f"There is no device {device!r}: give auto, cpu, cuda, cuda:1, … or mps.")


def guess_device(device: str) -> str:
    """The kind of device that a name stands for; for `auto` a guess, made without torch."""
    if device != "auto":
        return device.partition(":")[0]
    if os.path.exists("/dev/nvidiactl") or os.path.exists("/dev/dxg"):
        return "cuda"
    return "mps" if platform.system() == "Darwin" and platform.machine() == "arm64" else "cpu"


def slots() -> int:
    """Runs that may train at once on one device: FRUITLAB_SLOTS, or 1. Raises RunError."""
    return _count("FRUITLAB_SLOTS", os.environ.get("FRUITLAB_SLOTS", "1"))


def concurrent_runs(device: str, asked: str | None = None) -> int:
    """How many runs of a study train at once.

    That is `asked` or FRUITLAB_SLOTS if given; else, on a CPU, one run per core as far as the
    memory allows, and on other devices one.

    Small batches leave cores idle: on two cores, two runs of `quick` with one thread each process
    1.5 times as many pictures as one run with two threads (386 + 386 against 508 per second; AMD
    EPYC, torch 2.14.1).

    Raises:
        RunError: the number given is not from 1 to 64.
    """
    if asked is not None:
        return _count("--at-once", asked)
    if "FRUITLAB_SLOTS" in os.environ or guess_device(device) != "cpu":
        return slots()
    return max(1, min(_cores(), free_memory() // RUN_BYTES, MOST_SLOTS))


def threads() -> int | None:
    """Threads for each of several concurrent runs on a CPU; None for torch's default."""
    count = slots()
    return max(1, _cores() // count) if count > 1 else None


def free_memory(cgroup: Path = CGROUP) -> int:
    """Bytes that this process can use without swapping."""
    free = psutil.virtual_memory().available
    # In a container, psutil reports the memory of the host: it does not read control groups.
    for limit, used in CGROUP_FILES:
        try:
            numbers = [int((cgroup / name).read_text()) for name in (limit, used)]
        except (OSError, ValueError):  # no such limit: no file, or "max"
            continue
        free = min(free, numbers[0] - numbers[1])
    return max(0, free)


def wait_for_turn(
    run: Run, device: str, *, say: Say, wait: Callable[[float], None] = time.sleep
) -> FileLock:
    """Wait until the device has a free slot that no older run waits for.

    Args:
        wait: sleeps for some seconds; may raise to give up.

    Returns:
        The lock of the slot, acquired.
    """
    kind = guess_device(device)
    places = [FileLock(_folder() / f"{kind}-{number}.lock") for number in range(slots())]
    created = run.header()["created"]
    reported = None
    while True:
        older = [
            other
            for other in all_runs()
            if not other.shipped and other.id != run.id and _waits_before(other, created, kind)
        ]
        # An older run started with fewer slots waits only for those, not for the ones beyond.
        claimed = max((other.activity().get("places", len(places)) for other in older), default=0)
        for place in places[claimed:]:
            try:
                place.acquire(blocking=False)
                return place
            except Timeout:
                pass
        why = f"{len(older)} started earlier" if older else f"another run has the {kind}"
        if why != reported:
            run.doing("waiting", why=why, device=kind, places=len(places))
            say(f"Waiting for its turn: {why}.")
            reported = why
        wait(0.5)


def _cores() -> int:
    """The cores that this process may use, where the system can restrict them."""
    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):  # not on macOS
        return len(process.cpu_affinity())
    return psutil.cpu_count() or 1


def _count(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_SLOTS:
        raise RunError(
            f"{name} is {text!r}: give the number of runs that train at once, from 1 to "
            f"{MOST_SLOTS}."
        )
    return int(text)


def _folder() -> Path:
    folder = runs_root() / ".slots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _waits_before(other: Run, created: float, kind: str) -> bool:
    """Whether another run waits for the same kind of device, and was created earlier."""
    activity = other.activity()
    if activity.get("doing") not in ("starting", "waiting"):
        return False
    try:
        header = other.header()
        if header["created"] >= created:
            return False
        if activity["doing"] == "starting":  # Its process has not got as far as this one.
            return guess_device(header["device"]) == kind and other.starting()
        return activity.get("device") == kind and other.alive()
    except RunError:
        return False
