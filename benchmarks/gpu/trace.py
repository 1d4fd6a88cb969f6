"""What a profile of some training steps says: kernels, launches, and how long a GPU was busy."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ON_GPU = ("kernel", "gpu_memcpy", "gpu_memset")
RUNTIME = ("cuda_runtime", "cuda_driver")
LAUNCH = ("cudaLaunch", "cuLaunch", "cudaGraphLaunch", "cudaMemcpyAsync", "cudaMemsetAsync")
# Not cudaDeviceSynchronize, with which whoever profiles waits for the end.
WAIT = ("cudaStreamSynchronize", "cudaEventSynchronize", "cudaMemcpy")


@dataclass(frozen=True)
class Profile:
    """Numbers of one training step, the mean over the steps of a profile.

    Attributes:
        launches: kernels, copies and fills on the GPU.
        launch_ms: CPU time in CUDA's calls that start them, under the profiler.
        waits: calls in which the CPU waits for the GPU.
        gpu_ms: time in which the GPU computed or copied.
        kernels: the kernels that take longest, as (name, ms, number of calls).
        operations: PyTorch operations by number of calls, as (name, calls).
    """

    launches: float
    launch_ms: float
    waits: float
    gpu_ms: float
    kernels: list[tuple[str, float, float]]
    operations: list[tuple[str, float]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def read_trace(path: Path) -> list[dict[str, Any]]:
    """The complete events of a trace that `torch.profiler` exported. Times are in microseconds."""
    events = json.loads(path.read_text())["traceEvents"]
    return [event for event in events if event.get("ph") == "X"]


def analyse(events: Iterable[dict[str, Any]], steps: int, most: int = 10) -> Profile:
    """The profile of a trace of so many steps.

    Args:
        most: how many kernels and operations to list.
    """
    times: defaultdict[str, float] = defaultdict(float)
    calls: Counter[str] = Counter()
    operations: Counter[str] = Counter()
    busy, launch_us, waits = [], 0.0, 0
    for event in events:
        kind, name = event.get("cat", ""), event["name"]
        if kind in ON_GPU:
            times[name] += event["dur"]
            calls[name] += 1
            busy.append((event["ts"], event["ts"] + event["dur"]))
        elif kind in RUNTIME:
            if name.startswith(LAUNCH):
                launch_us += event["dur"]
            elif name.startswith(WAIT):
                waits += 1
        elif kind == "cpu_op":
            operations[name] += 1
    longest = sorted(times, key=lambda name: -times[name])[:most]
    return Profile(
        launches=len(busy) / steps,
        launch_ms=launch_us / steps / 1000,
        waits=waits / steps,
        gpu_ms=covered(busy) / steps / 1000,
        kernels=[(name, times[name] / steps / 1000, calls[name] / steps) for name in longest],
        operations=[(name, count / steps) for name, count in operations.most_common(most)],
    )


def covered(intervals: Iterable[tuple[float, float]]) -> float:
    """The total length of intervals (start, end), overlaps counted once."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def short(kernel: str, length: int = 90) -> str:
    """A kernel's name without return type and namespaces, cut to a length."""
    name = kernel.removeprefix("void ").replace("(anonymous namespace)::", "")
    name = name.replace("at::native::", "")
    return name if len(name) <= length else f"{name[: length - 3]}..."
