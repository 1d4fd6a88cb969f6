"""The runs that the equality part compares.

Most are trained one after the other in a few processes that import torch once: starting a process
takes longer than a short run. Runs that are to be killed have a process of their own.
"""

import json
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import safe_open

from benchmarks.gpu.lab import Command, Lab
from fruitlab.runs.folder import Run

Settings = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How long the runs are.

    Attributes:
        common: settings of every run.
        presets: of the runs that are compared with a CPU.
        compared, repeated: iterations of the runs that are compared with a CPU, and repeated.
        final: settings of the runs whose final losses are compared.
    """

    data: str
    presets: tuple[str, ...]
    compared: int
    repeated: int
    common: Settings = field(default_factory=dict)
    final: Settings = field(default_factory=dict)


# The default penalty makes runs as short as these diverge.
CHANGED = {"ewc": {"strength": 1}}
FULL = Sizes("synthetic:20", ("quick", "paper"), 6, 90)
QUICK = Sizes("synthetic:5", ("quick",), 4, 24, {"width": 0.25}, {"iterations": 24})


class Trainer:
    """Trains runs on `device`, several at once. Every method returns at once, with a future.

    A future raises RunError or CommandFailed if the training fails.

    Args:
        at_once: how many runs train at a time, in as many processes; as many are killed and
            resumed beside them.
        precisions: in which methods are checked whose results depend on it.
    """

    def __init__(
        self, here: Lab, at_once: int, sizes: Sizes, device: str, precisions: Sequence[str]
    ) -> None:
        self.here, self.sizes, self.device, self.precisions = here, sizes, device, precisions
        self.threads = ThreadPoolExecutor(at_once)
        self.processes = ProcessPoolExecutor(
            at_once,
            multiprocessing.get_context("spawn"),
            initializer=_prepare,
            initargs=(str(here.folder), str(2 * at_once)),
        )

    def close(self) -> None:
        """Begin nothing more."""
        for pool in (self.threads, self.processes):
            pool.shutdown(wait=False, cancel_futures=True)

    def compared(self, method: str, preset: str, device: str, *, tf32: bool = True) -> Future[Run]:
        """A few iterations in float32, every one of them evaluated."""
        return self._submit(method, self._compared(preset), "float32", device=device, tf32=tf32)

    def exact(self, method: str, preset: str) -> Future[Run]:
        """The same training in float64 on the CPU."""
        settings = self._settings(method, self._compared(preset))
        folder = self.here.folder / f"exact-{method}-{preset}"
        return self.processes.submit(_exact, method, settings, folder)

    def _compared(self, preset: str) -> Settings:
        watched = {"live_every": 1, "live_pictures": 64}
        return {"preset": preset, "iterations": self.sizes.compared} | watched

    def final(self, method: str, precision: str) -> Future[Run]:
        """A run of the preset `quick` in that precision."""
        return self._submit(method, self.sizes.final, precision)

    def repeated(self, method: str, precision: str) -> Future[Run]:
        """A run that has to be the same every time."""
        return self._submit(method, self._repeated, precision)

    @property
    def _repeated(self) -> Settings:
        return {"iterations": self.sizes.repeated, "full_evaluations": 9}  # each saves the state

    def interrupted(self, method: str, precision: str) -> Future[tuple[Run, list[int]]]:
        """The run of `repeated`, killed in its second and in its last third.

        Returns:
            The finished run, and the iterations that it was resumed from.
        """
        return self.threads.submit(self._interrupted, method, precision)

    def _interrupted(self, method: str, precision: str) -> tuple[Run, list[int]]:
        run = self.here.run_folder(f"{method}-killed-{precision}")
        settings = self._settings(method, self._repeated)
        named = [f"--{name}={settings.pop(name)}" for name in ("data", "preset")]
        changes = [f"--set={name}={value}" for name, value in settings.items()]
        chosen = ("--precision", precision, "--device", self.device, "--run", run.id)
        command = self.here.start("train", method, *named, *changes, *chosen)
        kept = []
        for third in (1, 2):
            if not kill_after(command, run, self.sizes.repeated * third // 3):
                break
            kept.append(saved_iteration(run))
            command = self.here.start("resume", run.id)
        command.finish()
        return run, kept

    def _submit(
        self,
        method: str,
        changes: Settings,
        precision: str,
        *,
        device: str | None = None,
        tf32: bool = True,
    ) -> Future[Run]:
        header = {"device": device or self.device, "precision": precision, "data": None}
        return self.processes.submit(_train, method, self._settings(method, changes), header, tf32)

    def _settings(self, method: str, changes: Settings) -> Settings:
        common = {"data": self.sizes.data} | self.sizes.common
        return {"preset": "quick"} | common | CHANGED.get(method, {}) | changes


def _prepare(folder: str, slots: str) -> None:
    """Make a process of the pool like that of a run."""
    os.environ |= {"FRUITLAB_CHECKPOINTS": folder, "FRUITLAB_SLOTS": slots}
    from fruitlab.training.runtime import prepare

    prepare()


def _train(method: str, settings: Settings, header: dict[str, Any], tf32: bool) -> Run:
    import torch

    from fruitlab.methods.registry import configure
    from fruitlab.runs import catalog
    from fruitlab.worker.process import work

    run = catalog.create(header, config=configure(method, **settings))
    torch.backends.cudnn.allow_tf32 = tf32
    work(run, device=header["device"], say=lambda line: None)
    return run


def _exact(method: str, settings: Settings, folder: Path) -> Run:
    from benchmarks.gpu.exact import train_exactly
    from fruitlab.methods.registry import configure

    return train_exactly(configure(method, **settings), folder)


def kill_after(command: Command, run: Run, iteration: int) -> bool:
    """Kill a training process once it has saved its state at or after that iteration.

    Returns:
        False if the process ended before that.
    """
    state, seen = run.folder / "state.safetensors", [0]

    def saved() -> bool:
        try:
            written = state.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        if written == seen[0]:
            return False
        seen[0] = written
        return saved_iteration(run) >= iteration

    if not command.wait_until(saved, every=0.002):
        return False
    command.process.kill()
    command.process.wait()
    return run.status() == "interrupted"


def saved_iteration(run: Run) -> int:
    """The iteration of a run's saved state; -1 if there is none."""
    try:
        with safe_open(run.folder / "state.safetensors", framework="numpy") as file:
            return int(json.loads(file.metadata()["fruitlab"])["numbers"]["iteration"])
    except FileNotFoundError:
        return -1
