"""Where the time of a training step goes: kernels, launches and variants.

    python -m benchmarks.gpu.step [--out DIR] [--device cuda] [--quick]

Where the GPU is busy for much less than a step takes, the step waits for the CPU, which starts the
kernels. A larger batch then costs almost nothing more.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.part import Part, options, part
from benchmarks.gpu.trace import Profile, analyse, read_trace, short
from benchmarks.ours import Contender  # before torch, as it prepares the process

import torch  # isort: skip
from torch.profiler import ProfilerActivity, profile  # isort: skip

CATEGORIES = 26  # of the drawn pictures
PRESETS = ("paper", "quick")


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        batch: of `paper`, which on data of the usual size has several hundred.
        steps: that are timed. batches: of `quick`, besides its own.
    """

    pictures: int
    batch: int
    steps: int
    batches: tuple[int, ...]


FULL, QUICK = Sizes(2048, 256, 60, (64, 256, 1024)), Sizes(64, 32, 2, (16, 32))


class Bench:
    """Contenders on random pictures: what is in a picture does not change the time."""

    def __init__(self, folder: Path, device: str, sizes: Sizes) -> None:
        self.folder, self.device, self.sizes = folder, device, sizes
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (sizes.pictures, 100, 100, 3), dtype=np.uint8)
        np.save(folder / "images.npy", images)
        np.save(folder / "labels.npy", np.arange(sizes.pictures) % CATEGORIES)

    def contender(self, preset: str, **changes: Any) -> tuple[Contender, int]:
        """A contender after its first step, and its batch size."""
        made = Contender(self.folder, self.sizes.batch, self.device, preset=preset, **changes)
        return made, made.step()

    def measure(self, contender: Contender) -> tuple[float, float]:
        """Milliseconds per step: until the GPU has done it, and until the CPU has issued it."""
        steps = self.sizes.steps
        for _ in range(max(1, steps // 6)):
            contender.issue()
        contender.finish()
        started = time.perf_counter()
        for _ in range(steps):
            contender.issue()
        issued = time.perf_counter()
        contender.finish()
        done = time.perf_counter()
        return 1000 * (done - started) / steps, 1000 * (issued - started) / steps

    def record(self, contender: Contender) -> Profile:
        """Profile some steps."""
        steps = max(2, self.sizes.steps // 12)
        activities = [ProfilerActivity.CPU]
        if contender.device.type == "cuda":
            activities.append(ProfilerActivity.CUDA)
        with profile(activities=activities) as profiler:
            for _ in range(steps):
                contender.issue()
            contender.finish()
        path = self.folder / "trace.json"
        profiler.export_chrome_trace(str(path))
        return analyse(read_trace(path), steps)


def profiled(result: Part, bench: Bench, preset: str) -> None:
    """Measure and profile the steps of a preset as it trains."""
    contender, batch = bench.contender(preset)
    wall, issued = bench.measure(contender)
    found = bench.record(contender)
    busy = found.gpu_ms / wall if found.gpu_ms else None
    precision = str(contender.state.precision).removeprefix("torch.")
    rows = {
        "images/s": 1000 * batch / wall,
        "ms per step": wall,
        "of these, until the CPU has issued the step": issued,
        "of these, the GPU is busy": found.gpu_ms or None,
        "GPU busy": busy and f"{busy:.0%}",
        "kernels and copies": round(found.launches) or None,
        "CPU time of starting them, under the profiler, ms": found.launch_ms or None,
        "waits of the CPU for the GPU": found.waits,
    }
    result.note(f"### `{preset}`, {batch} pictures, {precision}")
    result.table(["", "per step"], list(rows.items()))
    if busy is not None:
        result.note(f"The GPU is busy {busy:.0%} of the time: {verdict(busy, issued / wall)}.")
        kernels = [[f"`{short(name)}`", ms, calls] for name, ms, calls in found.kernels]
        result.table(["kernel", "ms per step", "calls per step"], kernels)
    operations = [[f"`{name}`", calls] for name, calls in found.operations]
    result.table(["PyTorch operation", "calls per step"], operations)
    measured = {"batch": batch, "precision": precision, "gpu_busy": busy}
    result.results[preset] = measured | rows | found.as_dict()
    result.save()


def verdict(busy: float, issuing: float) -> str:
    """What limits a step.

    Args:
        busy: fraction of the step in which the GPU is busy.
        issuing: fraction of the step that the CPU takes to issue it.
    """
    if busy >= 0.8:
        return "its kernels are the limit"
    if issuing >= 0.8:
        return "starting kernels from the CPU is the limit"
    return "neither its kernels nor starting them fills the step"


def settings(result: Part, bench: Bench) -> None:
    """Measure a step with other precisions and settings of PyTorch."""
    eager = {"capture": lambda device: None}
    kinds: list[tuple[str, dict[str, Any], dict[str, bool]]] = [("as trained", {}, {})]
    if bench.device != "cpu":
        kinds += [
            ("without deterministic algorithms", {}, {"deterministic": False}),
            ("float32, convolutions in TF32", {"precision": "float32"}, {}),
            ("float32, without TF32", {"precision": "float32"}, {"tf32": False}),
            ("not captured", eager, {}),
            ("not captured, new memory filled", eager, {"fill": True}),
        ]
    rows = []
    for preset in PRESETS:
        for title, changes, switches in kinds:
            contender, batch = bench.contender(preset, **changes)
            with pytorch(**switches):
                wall, issued = bench.measure(contender)
            rows.append([preset, title, batch, wall, issued, 1000 * batch / wall])
    head = ["preset", "setting", "pictures", "ms per step", "until issued", "images/s"]
    result.note("### Precision and settings of PyTorch")
    result.table(head, rows)
    result.results["settings"] = [dict(zip(head, row, strict=True)) for row in rows]
    result.save()


@contextmanager
def pytorch(*, tf32: bool = True, fill: bool = False, deterministic: bool = True) -> Iterator[None]:
    """Settings of PyTorch, put back at the end."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.backends.cudnn.allow_tf32 = tf32
    torch.utils.deterministic.fill_uninitialized_memory = fill
    torch.use_deterministic_algorithms(before and deterministic, warn_only=True)
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = True
        torch.utils.deterministic.fill_uninitialized_memory = False
        torch.use_deterministic_algorithms(before, warn_only=True)


def by_batch(result: Part, bench: Bench) -> None:
    """Measure a step of `quick` with batches of several sizes."""
    rows = []
    for size in bench.sizes.batches:
        contender, batch = bench.contender(f"quick:{size}")
        wall, issued = bench.measure(contender)
        rows.append([batch, wall, issued, 1000 * batch / wall])
    head = ["pictures", "ms per step", "until issued", "images/s"]
    result.note("### `quick` with other batch sizes")
    result.table(head, rows)
    result.results["batch sizes"] = [dict(zip(head, row, strict=True)) for row in rows]


def main() -> None:
    asked = options(__doc__.splitlines()[0])
    with (
        part("step", "A training step", asked.out) as result,
        tempfile.TemporaryDirectory() as name,
    ):
        bench = Bench(Path(name), asked.device, QUICK if asked.quick else FULL)
        for preset in PRESETS:
            profiled(result, bench, preset)
        settings(result, bench)
        by_batch(result, bench)


if __name__ == "__main__":
    main()
