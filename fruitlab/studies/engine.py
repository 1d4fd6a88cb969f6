"""Trains the runs of a study on this machine (paper section 5).

Every run trains in a process of its own, so nothing is lost when this process is killed: started
again, the study continues. Finished runs are not trained again, and a failed run does not stop the
others. Iterative runs that differ only in their split share their initial training: the longest
one keeps a snapshot at each switch, and the others start from these (`snapshots.branch`).
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.config.files import write_json
from fruitlab.config.progress import Say
from fruitlab.methods.base import Method
from fruitlab.runs import catalog, queue
from fruitlab.runs.captions import method_caption
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Index
from fruitlab.runs.launch import start_worker
from fruitlab.runs.snapshots import branch, snapshot_name
from fruitlab.studies.plans import Study
from fruitlab.studies.progress import Progress, study_progress

LOOK_EVERY = 0.2  # seconds


@dataclass
class Engine:
    """Trains the missing runs of a study, `at_once` at a time.

    Attributes:
        fingerprint: of the study's data.
        say: receives a message for every run that starts or ends.
        working: the active runs, each with what trains it; here its process.
        failed: the configurations that failed or could not be started, with the reason.
    """

    study: Study
    fingerprint: str
    device: str
    say: Say
    at_once: int = 1
    working: dict[Method, tuple[Run, Any]] = field(default_factory=dict)
    failed: dict[Method, str] = field(default_factory=dict)
    index: Index = field(default_factory=lambda: Index(rest=0))

    def run(self) -> Progress:
        """Train until every run has finished or failed.

        Raises:
            RunError: there is no such device.
            KeyboardInterrupt: on Ctrl-C or SIGTERM, once the active runs have stopped.
        """
        queue.check_device(self.device)
        try:
            with _sigterm_interrupts():
                while True:
                    self._settle()
                    # Looking through all runs slows down training, so only if one can start.
                    if len(self.working) < self.at_once:
                        now, left = self._look()
                        if not left:
                            self._tidy(now)
                            return now
                        for config in left:
                            if len(self.working) < self.at_once and self._ready(config, now):
                                self._start(config, now)
                    time.sleep(LOOK_EVERY)
        except KeyboardInterrupt:
            for run, process in self.working.values():
                if process.poll() is None:
                    run.ask_to_stop()
            for _, process in self.working.values():
                process.wait()
            raise

    def _settle(self) -> None:
        """Record which processes have ended."""
        for config, (run, process) in list(self.working.items()):
            if process.poll() is not None:
                self._ended(config, run)

    def _ended(self, config: Method, run: Run) -> None:
        """Record how an active run ended."""
        del self.working[config]
        status, summary = run.status(), run.summary() or {}
        if status == "finished":
            self.say(f"{run.id}: finished, combined {summary['combined']['top1']:.1%}.")
        elif status not in ("running", "waiting"):  # else another process has resumed it
            if status == "stopped":
                why = f"Resume it: python -m fruitlab resume {run.id}"
            else:
                why = f"Its process ended unexpectedly; see {run.folder.name}/worker.log."
            self.failed[config] = summary.get("error") or why
            self.say(f"{run.id}: {status}. {self.failed[config]}")

    def _look(self) -> tuple[Progress, list[Method]]:
        """The state of the study, and what is left to train, in the order in which to start it."""
        now = study_progress(self.study, self.index.entries(), self.fingerprint)
        return now, _in_order([config for config in now.missing if config not in self.failed])

    def _ready(self, config: Method, now: Progress) -> bool:
        """Whether a run can start: it is not active, and need not wait for a snapshot."""
        active = {other: now.found[other].run for other in now.having("running", "waiting")}
        active |= {other: run for other, (run, _) in self.working.items()}
        if config in active:
            return False
        awaited = {
            (other.first_phase_key(), iteration)
            for other, run in active.items()
            for iteration in run.header().get("snapshots", ())
            if not run.has(snapshot_name(iteration))
        }
        return config in now.found or (config.first_phase_key(), _switch(config)) not in awaited

    def _start(self, config: Method, now: Progress) -> None:
        try:
            run = now.found[config].run if config in now.found else self._create(config, now)
            launched = self._launch(run)
        except (RunError, OSError) as error:
            self.failed[config] = str(error)
            self.say(f"{_name(config)} could not be started: {error}")
            return
        self.working[config] = run, launched
        trunk = run.header().get("initial_training_of")
        origin = f", from the initial training of {trunk}" if trunk else ""
        self.say(
            f"{run.id}: {_name(config)}{origin}. {len(now.finished):,} of {len(now.configs):,} "
            "runs finished."
        )

    def _launch(self, run: Run) -> Any:
        """Start a run; returns what trains it, for `working`. Raises RunError or OSError."""
        # With a slot for each, the runs do not wait for each other, and they share the cores.
        return start_worker(run, detached=False, FRUITLAB_SLOTS=str(self.at_once))

    def _create(self, config: Method, now: Progress) -> Run:
        """A new run: from another's snapshot if there is one, else with snapshots for others."""
        alike = []
        if config.first_phase_key():
            alike = [
                other
                for other in now.configs
                if other.first_phase_key() == config.first_phase_key()
            ]
        snapshot = snapshot_name(_switch(config))
        for other in alike:
            if other in now.found and now.found[other].run.has(snapshot):
                run = branch(now.found[other].run, _switch(config), config=config)
                break
        else:
            header: dict[str, Any] = {"device": self.device, "data": None}
            shorter = [
                other
                for other in alike
                if other != config and other not in now.found and _switch(other) <= _switch(config)
            ]
            if shorter:
                header["snapshots"] = sorted({_switch(other) for other in shorter})
            run = catalog.create(header, config=config)
        write_json(run.label_file, {"study": self.study.name})
        return run

    def _tidy(self, now: Progress) -> None:
        """Delete the snapshots: nothing is left that would start from them."""
        for entry in now.found.values():
            if not entry.run.shipped:
                for path in entry.run.folder.glob(f"{snapshot_name('*')}.safetensors"):
                    path.unlink(missing_ok=True)


def _in_order(configs: list[Method]) -> list[Method]:
    """In the study's order; of those that share their initial training, the longest first."""
    places = {config: place for place, config in enumerate(configs)}
    first: dict[str | None, int] = {}
    for config in configs:
        first.setdefault(config.first_phase_key(), places[config])

    def key(config: Method) -> tuple[int, ...]:
        group = config.first_phase_key()
        return (places[config],) if group is None else (first[group], -_switch(config))

    return sorted(configs, key=key)


def _switch(config: Method) -> int:
    return config.phases()[0].iterations


def _name(config: Method) -> str:
    return f"{method_caption(config)}, seed {config.seed}"


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Make SIGTERM raise KeyboardInterrupt, as Ctrl-C does. Does nothing in other threads."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
