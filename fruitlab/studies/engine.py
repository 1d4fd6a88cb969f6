"""Running a study on this machine (paper section 5): finished runs are not run again, and a failed one does not stop the others.

Every run is a process of its own, like any other training, so that killing this one loses nothing: started again, the study goes
on where it was. Iterative runs that differ in the split alone share their initial training: the longest one keeps a snapshot at
each switch, from which the others go on (`branches.branch`).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.config.files import write_json
from fruitlab.config.paths import PROJECT, data_root, runs_root
from fruitlab.config.run_config import RunConfig
from fruitlab.runs import folder, queue
from fruitlab.runs.captions import method_caption
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Index
from fruitlab.runs.snapshots import branch, snapshot_name
from fruitlab.studies.plans import Study
from fruitlab.studies.progress import Progress, study_progress

Say = Callable[[str], None]


@dataclass
class Engine:
    """Runs what a study is missing, so many at a time (`slots.side_by_side`)."""

    study: Study
    fingerprint: str
    device: str
    say: Say
    at_once: int = 1
    working: dict[RunConfig, tuple[Run, Any]] = field(
        default_factory=dict
    )  # each with what is at it: here its process
    failed: dict[RunConfig, str] = field(default_factory=dict)
    index: Index = field(default_factory=lambda: Index(rest=0))

    def run(self) -> Progress:
        """Until nothing is left to do. Raises KeyboardInterrupt when asked to end, with the runs at work stopped in order."""
        queue.check_device(self.device)
        try:
            with _terminating():
                while True:
                    self._settle()
                    if (
                        len(self.working) >= self.at_once
                    ):  # nothing could be started: looking through all runs would cost the training
                        time.sleep(0.2)
                        continue
                    now, left = self._look()
                    if not left:
                        self._tidy(now)
                        return now
                    for config in left:
                        if len(self.working) >= self.at_once:
                            break
                        if self._ready(config, now):
                            self._start(config, now)
                    time.sleep(0.2)
        except KeyboardInterrupt:
            for run, process in self.working.values():
                if process.poll() is None:
                    run.ask_to_stop()
            for _, process in self.working.values():
                process.wait()
            raise

    def _settle(self) -> None:
        """Takes note of the processes that have ended."""
        for config, (run, process) in list(self.working.items()):
            if process.poll() is None:
                continue
            self._ended(config, run)

    def _ended(self, config: RunConfig, run: Run) -> None:
        """Takes note of how a run ended that was at work."""
        del self.working[config]
        status, summary = run.status(), run.summary() or {}
        if status == "finished":
            self.say(f"{run.id}: finished, combined {summary['combined']['top1']:.1%}.")
        elif status not in ("running", "waiting"):  # else another process has taken it up meanwhile
            self.failed[config] = summary.get("error") or (
                f"It was asked to. Go on: python -m fruitlab resume {run.id}"
                if status == "stopped"
                else f"its process ended without a word ({status}). {run.folder.name}/worker.log may say why."
            )
            self.say(f"{run.id}: {status}. {self.failed[config]}")

    def _look(self) -> tuple[Progress, list[RunConfig]]:
        """How the study stands, and what is left of it, in the order in which to start it."""
        now = study_progress(self.study, self.index.entries(), self.fingerprint)
        return now, _in_order([config for config in now.missing if config not in self.failed])

    def _ready(self, config: RunConfig, now: Progress) -> bool:
        """Whether it can start: nobody is at it, and no run at work will hand it its initial training."""
        if config in self.working or config in now.having("running", "waiting"):
            return False
        at_work = {other: run for other, (run, _) in self.working.items()} | {
            other: now.found[other].run for other in now.having("running", "waiting")
        }
        awaited = {
            (other.first_phase_key(), k)
            for other, run in at_work.items()
            for k in run.header().get("snapshots", ())
        }
        return config in now.found or (config.first_phase_key(), _switch(config)) not in awaited

    def _start(self, config: RunConfig, now: Progress) -> None:
        try:
            run = now.found[config].run if config in now.found else self._create(config, now)
            launched = self._launch(run)
        except (RunError, OSError) as error:
            self.failed[config] = str(error)
            self.say(f"{_name(config)} could not be started: {error}")
            return
        self.working[config] = run, launched
        trunk = run.header().get("initial_training_of")
        self.say(
            f"{run.id}: {_name(config)}{f', from the initial training of {trunk}' if trunk else ''}. "
            f"{len(now.finished):,} of {len(now.configs):,} finished."
        )

    def _launch(self, run: Run) -> Any:
        """Starts a run; returns what is at it then. Raises RunError or OSError where that cannot be."""
        with open(run.folder / "worker.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "fruitlab.worker.process", run.id],
                cwd=PROJECT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "FRUITLAB_CHECKPOINTS": str(runs_root().resolve()),
            "FRUITLAB_DATA": str(data_root().resolve()),
            "FRUITLAB_SLOTS": str(self.at_once),
        }  # they wait for each other by it, and share the cores

    def _create(self, config: RunConfig, now: Progress) -> Run:
        alike = (
            [other for other in now.configs if other.first_phase_key() == config.first_phase_key()]
            if config.first_phase_key()
            else []
        )
        for other in alike:
            if other in now.found and now.found[other].run.has(snapshot_name(_switch(config))):
                made = branch(now.found[other].run, _switch(config), config=config)
                break
        else:
            switches = sorted(
                {
                    _switch(other)
                    for other in alike
                    if other != config
                    and other not in now.found
                    and _switch(other) <= _switch(config)
                }
            )
            made = folder.create(
                {"device": self.device, "data": None}
                | ({"snapshots": switches} if switches else {}),
                config=config,
            )
        write_json(made.label_file, {"study": self.study.name})
        return made

    def _tidy(self, now: Progress) -> None:
        """Snapshots have served once nothing is left that would go on from them."""
        for entry in now.found.values():
            if not entry.run.shipped:
                for path in entry.run.folder.glob(f"{snapshot_name('*')}.safetensors"):
                    path.unlink(missing_ok=True)


def _in_order(configs: list[RunConfig]) -> list[RunConfig]:
    """As the study has them, but of those that share their initial training the longest first."""
    places = {config: place for place, config in enumerate(configs)}
    first: dict[str | None, int] = {}
    for config in configs:
        first.setdefault(config.first_phase_key(), places[config])
    return sorted(
        configs,
        key=lambda config: (
            (places[config],)
            if config.first_phase_key() is None
            else (first[config.first_phase_key()], -_switch(config))
        ),
    )


def _switch(config: RunConfig) -> int:
    return config.phases()[0].iterations


def _name(config: RunConfig) -> str:
    return f"{method_caption(config)}, seed {config.seed}"


@contextmanager
def _terminating():
    """SIGTERM ends in order too, as Ctrl-C does."""

    def end(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
