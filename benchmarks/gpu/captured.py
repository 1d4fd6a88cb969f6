"""Captured training steps: whether they compute the same bits as steps started from Python.

    python -m benchmarks.gpu.captured [--out DIR] [--device cuda] [--quick]

Every check prints its result at once, and its traceback if it fails; the others go on. On a CPU,
which captures nothing, the step is done again instead.
"""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.gpu.part import Part, TimeUp, options, part
from benchmarks.gpu.step import FULL, QUICK, Bench, pytorch
from benchmarks.gpu.trace import short
from benchmarks.ours import Contender  # before torch, as it prepares the process

import torch  # isort: skip
from torch import Tensor  # isort: skip

from fruitlab.config.run_config import RunConfig
from fruitlab.data import store
from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure
from fruitlab.training import devices
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.loop import train
from fruitlab.training.scoring import score
from fruitlab.training.state import State
from fruitlab.training.steps import Direct, capture_on

Capture = Callable[[torch.device], Any]


def captured_or_again(device: torch.device) -> Any:
    """CUDA graphs, or the same step done again."""
    return capture_on(device) or Direct()


# `from Python` is how a CPU trains, with numbers as arguments; `in place` reads what changes from
# tensors, as a captured step has to. Filled with NaN, memory that is read too early would show.
WAYS: dict[str, Capture] = {
    "from Python": lambda device: None,
    "in place": lambda device: Direct(),
    "in place, new memory filled": lambda device: Direct(),
    "captured": captured_or_again,
}


def say(text: str) -> None:
    """Print at once, whatever happens next."""
    print(text, flush=True)


@contextmanager
def check(result: Part, name: str) -> Iterator[None]:
    """A check whose failure does not stop the others."""
    started = time.monotonic()
    try:
        yield
    except TimeUp:
        raise
    except Exception as error:
        traceback.print_exc()
        result.fail(f"{name}: {type(error).__name__}: {error}")
    say(f"[{name}: {time.monotonic() - started:.1f} s]")


def tensors(state: State) -> dict[str, Tensor]:
    """All that training changes."""
    return state.network.state_dict() | {
        f"{kind}.{name}": tensor
        for kind, group in (("velocity", state.velocity), ("counter", state.counters))
        for name, tensor in group.items()
    }


def difference(one: dict[str, Tensor], other: dict[str, Tensor]) -> str:
    """Say how far two states are apart: "same bits", or where they differ most."""
    apart = {
        name: (one[name].double() - other[name].double()).abs().max().item()
        for name in other
        if not torch.equal(one[name], other[name])
    }
    if not apart:
        return "same bits"
    worst = max(apart, key=apart.__getitem__)
    return f"{len(apart)} of {len(other)} tensors differ, {worst} by {apart[worst]:.3g}"


def speeds(result: Part, bench: Bench, steps: int) -> None:
    """Compare and time the ways on random pictures."""
    rows: list[list[Any]] = []
    for preset in ("paper", "quick"):
        for precision in ("float32",) if bench.device == "cpu" else ("bfloat16", "float32"):
            before: dict[str, Tensor] = {}
            for way, capture in WAYS.items():
                with check(result, f"{preset}, {precision}, {way}"):
                    made, _ = bench.contender(preset, precision=precision, capture=capture)
                    filled = way.endswith("filled")
                    with pytorch(fill=filled):
                        for _ in range(steps):
                            made.issue()
                        made.finish()
                        found = {name: x.clone() for name, x in tensors(made.state).items()}
                        wall, issued = bench.measure(made)
                    apart = difference(found, before) if before else None
                    rows.append(
                        [preset, precision, way, wall, issued, apart, made.state.not_captured]
                    )
                    say(" | ".join(map(str, rows[-1])))
                    if (filled or way == "captured") and apart != "same bits":
                        result.fail(f"{preset}, {precision}, {way}: {apart}")
                    if made.state.not_captured:
                        result.fail(f"{preset}, {precision}: {made.state.not_captured}")
                    before = found
                    if way == "captured" and bench.device != "cpu":
                        profiled(bench, made)
    head = ["preset", "precision", "step", "ms", "until issued, ms", "against the one above"]
    result.table([*head, "not captured"], rows)
    result.results["speeds"] = [dict(zip(head, row, strict=False)) for row in rows]


def profiled(bench: Bench, made: Contender) -> None:
    """Print where the GPU's time goes."""
    found = bench.record(made)
    say(f"  GPU busy {found.gpu_ms:.2f} ms, {found.launches:.0f} kernels, {found.waits} waits")
    for name, ms, calls in found.kernels:
        say(f"  {ms:8.3f} ms {calls:7.1f} x {short(name)}")


RUNS = {
    "mixed": ("mixed", {"ratio": 60, "augment_until": 0.6}),
    "plateau, no augmentation": ("mixed", {"plateau": 8, "preset": "paper", "batch_size": 50}),
    "rising norm_momentum": ("mixed", {"norm_rise": 20}),
    "iterative, updated": ("iterative", {"running_statistics": "updated"}),
    "iterative, frozen": ("iterative", {"running_statistics": "frozen"}),
}


def runs(result: Part, device: torch.device, iterations: int) -> None:
    """Compare whole runs: captured, in place, and captured but saved and loaded on the way."""
    data = DeviceDataset.of(store.load("synthetic:8", say=say), RunConfig(), device)
    for name, (method, changes) in RUNS.items():
        with check(result, name):
            settings = {"preset": "quick", "iterations": iterations, "live_every": 7} | changes
            config = configure(method, **settings)
            captured, seconds, reason = trained(config, data, captured_or_again)
            direct, slower, _ = trained(config, data, WAYS["in place"])
            half = [
                trained(config, data, captured_or_again, stop=stop)[0]
                for stop in (iterations // 3, iterations * 3 // 5)
            ]
            said = [difference(other, captured) for other in (direct, *half)]
            say(f"{name} | {seconds:.2f} s | in place {slower:.2f} s | {said} | {reason}")
            if reason:
                result.fail(f"{name}: not captured: {reason}")
            for what, apart in zip(("in place", "resumed", "resumed"), said, strict=True):
                if apart != "same bits":
                    result.fail(f"{name}: captured against {what}: {apart}")


def trained(
    config: Method, data: DeviceDataset, capture: Capture, *, stop: int | None = None
) -> tuple[dict[str, Tensor], float, str | None]:
    """Train; returns all tensors, the seconds, and why the step was not captured.

    Args:
        stop: save the state after that many iterations and go on in a new run.
    """
    started = time.monotonic()

    def fresh() -> State:
        device = data.images.device
        precision = devices.precision(device, "paper")
        return State(config, categories=len(data.categories), device=device, precision=precision)

    state = fresh()
    for _ in train(config, data, state, capture=capture):
        if stop is not None and state.iteration == stop:
            saved, state = state.save(), fresh()
            state.load(*saved)
            for _ in train(config, data, state, capture=capture):
                pass
            break
    state.counters["real_pictures"].item()  # waits for the device
    return tensors(state), time.monotonic() - started, state.not_captured


def fallback(result: Part, device: torch.device, iterations: int) -> None:
    """Check that a step which cannot be captured is taken from Python, and computes the same."""
    data = DeviceDataset.of(store.load("synthetic:8", say=say), RunConfig(), device)
    config = configure("mixed", preset="quick", iterations=iterations, live_every=7)

    class Reading(type(config)):  # type: ignore[misc]
        """Its loss is read by the host, which no captured step can do."""

        def phases(self) -> list:
            def extra(network, batch, logits, memory) -> Tensor:
                return logits.square().mean() * (0.01 if logits.sum().item() else 0.0)

            return [replace(phase, extra_loss=extra) for phase in super().phases()]

    reading = Reading(**config.model_dump())
    with check(result, "a loss that is read on the way"):
        captured, _, reason = trained(reading, data, captured_or_again)
        direct, _, _ = trained(reading, data, WAYS["in place"])
        apart = difference(captured, direct)
        say(f"loss that is read: {apart}; not captured: {reason}")
        if device.type == "cuda" and not reason:
            result.fail("the fallback gives no reason")
        if apart != "same bits":
            result.fail(f"fallback against in place: {apart}")
    with check(result, "captured again after that"):
        captured, _, reason = trained(config, data, captured_or_again)
        say(f"after a fallback: not captured: {reason}")
        if reason:
            result.fail(f"after a fallback: {reason}")


def evaluations(result: Part, device: torch.device, name: str) -> None:
    """Time an evaluation."""
    data = DeviceDataset.of(store.load(name, say=say), RunConfig(), device)
    config = configure("mixed", preset="quick")
    state = State(config, categories=len(data.categories), device=device)
    for title, count in (("subset of 256 each", 256), ("whole test sets", 10**6)):
        with check(result, f"evaluation, {title}"):
            index = {name: data.test_subset(name, count) for name in ("nice", "real")}
            for _ in range(2):
                score(state.network, data, index)
            started = time.perf_counter()
            for _ in range(5):
                score(state.network, data, index)
            ms = (time.perf_counter() - started) * 200
            say(f"evaluation | {title}, {[len(part) for part in index.values()]} | {ms:.1f} ms")


def main() -> None:
    asked = options(__doc__.splitlines()[0])
    device = devices.resolve(asked.device)
    devices.repeatable(device, None)
    with part("captured", "Captured steps", asked.out) as result, TemporaryDirectory() as name:
        say(f"torch {torch.__version__}, {device}")
        bench = Bench(Path(name), asked.device, QUICK if asked.quick else FULL)
        iterations = 16 if asked.quick else 60
        speeds(result, bench, steps=4 if asked.quick else 30)
        result.save()
        runs(result, device, iterations)
        fallback(result, device, iterations)
        evaluations(result, device, "synthetic:8" if asked.quick else "synthetic:60")
        if device.type == "cuda":
            say(
                f"memory: {torch.cuda.max_memory_allocated() / 1e6:.0f} MB at most, "
                f"{torch.cuda.max_memory_reserved() / 1e6:.0f} MB reserved"
            )
        say("failures: " + ("; ".join(result.failures) or "none"))


if __name__ == "__main__":
    main()
