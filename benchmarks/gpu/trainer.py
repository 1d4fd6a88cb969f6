"""The runs that the equality part compares, each trained in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from safetensors import safe_open

from benchmarks.gpu.lab import Command, CommandFailed, Lab
from fruitlab.config.paths import PROJECT
from fruitlab.runs.folder import Run


@dataclass(frozen=True)
class Sizes:
    """How long the runs are.

    Attributes:
        common: options of every run.
        presets: of the runs that are compared with a CPU.
        compared, repeated: iterations of the runs that are compared with a CPU, and repeated.
        final: options of the runs whose final losses are compared.
    """

    data: str
    common: tuple[str, ...]
    presets: tuple[str, ...]
    compared: int
    repeated: int
    final: tuple[str, ...]


# The default penalty makes runs as short as these diverge.
CHANGED = {"ewc": ("--set", "strength=1")}
FULL = Sizes("synthetic:20", (), ("quick", "paper"), 6, 90, ())
QUICK = Sizes("synthetic:5", ("--set", "width=0.25"), ("quick",), 4, 24, ("--iterations", "24"))


class Trainer:
    """Trains runs on `device`, several at once. Every method returns at once, with a future.

    Args:
        precisions: in which methods are checked whose results depend on it.
    """

    def __init__(
        self,
        here: Lab,
        pool: ThreadPoolExecutor,
        sizes: Sizes,
        device: str,
        precisions: Sequence[str],
    ) -> None:
        self.here, self.pool, self.sizes, self.device = here, pool, sizes, device
        self.precisions = precisions

    def compared(self, method: str, preset: str, device: str, **environment: str) -> Future[Run]:
        """A few iterations in float32, every one of them evaluated."""
        iterations = str(self.sizes.compared)
        arguments = ("--preset", preset, "--iterations", iterations, "--precision", "float32")
        watched = ("--set", "live_every=1", "--set", "live_pictures=64")
        return self._submit(method, *arguments, *watched, "--device", device, **environment)

    def exact(self, run: Future[Run]) -> Future[Run]:
        """The same training in float64 on the CPU."""
        return self.pool.submit(self._exact, run)

    def final(self, method: str, precision: str) -> Future[Run]:
        """A run of the preset `quick` in that precision."""
        chosen = ("--precision", precision, "--device", self.device)
        return self._submit(method, *chosen, *self.sizes.final)

    def repeated(self, method: str, precision: str) -> Future[Run]:
        """A run that has to be the same every time."""
        return self._submit(method, *self._repeated(precision))

    def interrupted(self, method: str, precision: str) -> Future[tuple[Run, list[int]]]:
        """The run of `repeated`, killed in its second and in its last third.

        Returns:
            The finished run, and the iterations that it was resumed from.
        """
        return self.pool.submit(self._interrupted, method, precision)

    def _exact(self, run: Future[Run]) -> Run:
        known = run.result()
        folder = self.here.folder / f"{known.id}-exact"
        command = [sys.executable, "-m", "benchmarks.gpu.exact", known.folder, folder]
        ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
        if ended.returncode:
            raise CommandFailed(f"{known.id} in float64: {ended.stderr.strip().splitlines()[-1]}")
        return Run(folder)

    def _repeated(self, precision: str) -> tuple[str, ...]:
        iterations = str(self.sizes.repeated)
        arguments = ("--iterations", iterations, "--precision", precision, "--device", self.device)
        return (*arguments, "--set", "full_evaluations=9")  # each of which saves the state

    def _interrupted(self, method: str, precision: str) -> tuple[Run, list[int]]:
        run = self.here.run_folder(f"{method}-killed-{precision}")
        arguments = (*self._common(method), *self._repeated(precision), "--run", run.id)
        command = self.here.start(*arguments)
        kept = []
        for third in (1, 2):
            if not kill_after(command, run, self.sizes.repeated * third // 3):
                break
            kept.append(saved_iteration(run))
            command = self.here.start("resume", run.id)
        command.finish()
        return run, kept

    def _submit(self, method: str, *arguments: str, **environment: str) -> Future[Run]:
        return self.pool.submit(self._train, *self._common(method), *arguments, **environment)

    def _common(self, method: str) -> tuple[str, ...]:
        data = ("--data", self.sizes.data)
        return ("train", method, *data, *self.sizes.common, *CHANGED.get(method, ()))

    def _train(self, *arguments: str, **environment: str) -> Run:
        return self.here.run_folder(self.here.run(*arguments, **environment)["run"])


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
