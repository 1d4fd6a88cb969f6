"""Trains the runs of a study on a Ray cluster: each run is a trial of Ray Tune.

What starts, in which order and from which snapshot is decided by `engine.Engine`, as on one
machine. Tune finds a machine with free resources for each run, and another one, from the last
checkpoint, if the first is lost. A `Mirror` holds each run's lock and writes its folder on this
machine, so a study whose driver was killed can be continued, on a cluster or without one.
"""

import secrets
import shutil
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray import tune
from ray.tune.error import TuneError
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from fruitlab.config.errors import RunError
from fruitlab.config.paths import runs_root
from fruitlab.data.domains import TwoDomains
from fruitlab.runs.folder import Run
from fruitlab.studies import ray_cluster
from fruitlab.studies.engine import Engine
from fruitlab.studies.progress import Progress
from fruitlab.studies.ray_mirror import Mirror
from fruitlab.studies.ray_trial import trial
from fruitlab.worker.messages import explain
from fruitlab.worker.stop import StopRequest

MOST_LOSSES = 5  # workers that one run may lose; those preempted with notice do not count
LOOK_EVERY = 2.0  # seconds between two searches for a run that can start, while none ends


@dataclass(kw_only=True)
class RayEngine(Engine):
    """Trains the missing runs of a study on a Ray cluster, as many at once as it has room for.

    Attributes:
        data: the study's data; every worker gets a copy.
        address: host:port of the cluster's head, *auto* for the cluster that this machine belongs
            to, or *local* to start one on this machine.
        storage: a folder that all machines share; None is .ray below the runs root.
        cpus: per run.
        gpus: per run; None is `ray_cluster.GPU_SHARE` if the cluster has GPUs, else 0.
    """

    data: TwoDomains
    address: str
    storage: Path | None = None
    cpus: int = 1
    gpus: float | None = None
    ending: StopRequest = field(default_factory=StopRequest)
    rest_until: float = 0.0

    def run(self) -> Progress:
        """Trains until every run has finished or failed.

        Raises:
            RunError: the cluster does not exist, is too small or was lost, or the storage cannot
                be written.
            KeyboardInterrupt: on Ctrl-C or SIGTERM, once the active runs have stopped.
        """
        storage = ray_cluster.storage(self.storage or runs_root() / ".ray", self.study.name)
        with storage as self.folder, ray_cluster.connected(self.address):
            self.gpus = ray_cluster.share(self.cpus, self.gpus)
            try:
                with self.ending.listening():
                    self._tune()
            finally:
                for _, mirror in self.working.values():
                    mirror.leave()
        if self.ending():
            raise KeyboardInterrupt
        now, _ = self._look()
        self._tidy(now)
        return now

    def _tune(self) -> None:
        task = tune.with_resources(
            tune.with_parameters(trial, data=_in_memory(self.data)),
            {"cpu": self.cpus, "gpu": self.gpus or 0},
        )
        try:
            tune.run(
                task,
                name=self.folder.name,
                storage_path=str(self.folder.parent),
                search_alg=ReadyRuns(self),
                scheduler=StopRequests(self),
                num_samples=-1,
                callbacks=[Reports(self)],
                max_failures=MOST_LOSSES,
                checkpoint_config=tune.CheckpointConfig(num_to_keep=1),
                verbose=0,
                raise_on_failed_trial=False,
                trial_name_creator=_run_id,
                trial_dirname_creator=_run_id,
            )
        except (TuneError, ray.exceptions.RayError) as error:
            why = str(error).strip().splitlines()[-1]
            raise RunError(
                f"The Ray cluster failed: {why}. The runs are kept: give the same command again."
            ) from error

    def next(self) -> dict[str, Any] | str | None:
        """The next config for `ray_trial.trial`, None if no run can start, Searcher.FINISHED."""
        if self.ending():
            return Searcher.FINISHED
        if time.monotonic() < self.rest_until:
            return None
        now, left = self._look()
        if not left:
            return Searcher.FINISHED
        for config in left:
            if self._ready(config, now):
                self._start(config, now)
                if config in self.working:
                    run, mirror = self.working[config]
                    mirror.worker = _worker_name()
                    return {
                        "run": run.id,
                        "worker": mirror.worker,
                        "begin": str(self._begin(run)),
                        "device": "cuda" if self.gpus else "cpu",
                        "threads": self.cpus,
                    }
        self.rest_until = time.monotonic() + LOOK_EVERY
        return None

    def _begin(self, run: Run) -> Path:
        return self.folder / "begin" / run.id

    def _launch(self, run: Run) -> Mirror:
        mirror = Mirror(run)
        mirror.open(self._begin(run))
        return mirror

    def mirror_of(self, trial: Trial) -> Mirror | None:
        """The mirror of a trial's run, until it has ended."""
        mirrors = (mirror for run, mirror in self.working.values() if run.id == _run_id(trial))
        return next(mirrors, None)

    def ended(self, trial: Trial, problem: str | None = None) -> None:
        """A trial has finished, was stopped, or cannot continue because of the problem."""
        for config, (run, mirror) in list(self.working.items()):
            if run.id == _run_id(trial):
                mirror.problem = mirror.problem or problem
                mirror.end()
                self._ended(config, run)
                shutil.rmtree(self._begin(run), ignore_errors=True)
                self.rest_until = 0.0


class ReadyRuns(Searcher):
    """Gives Tune the runs that can start, one at a time."""

    def __init__(self, engine: RayEngine) -> None:
        super().__init__()
        self.engine = engine

    def suggest(self, trial_id: str) -> Any:
        return self.engine.next()

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        pass  # `Reports` takes care of it.

    def save_to_dir(self, *args: Any, **kwargs: Any) -> None:
        pass  # The run folders hold the state of the study.


class StopRequests(FIFOScheduler):
    """Starts runs in order; stops those with a `stop` file in their folder, and all on Ctrl-C."""

    def __init__(self, engine: RayEngine) -> None:
        super().__init__()
        self.engine = engine

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        for each in list(tune_controller.get_live_trials()):
            mirror = self.engine.mirror_of(each)
            if mirror is not None and (
                mirror.problem or mirror.asked_to_stop or self.engine.ending()
            ):
                tune_controller.stop_trial(each)
        return super().choose_trial_to_run(tune_controller)


class Reports(tune.Callback):
    """Passes what the workers send to the mirrors. A folder that cannot be written ends its run."""

    def __init__(self, engine: RayEngine) -> None:
        self.engine = engine

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        if (mirror := self.engine.mirror_of(trial)) and "report" in result:
            with _errors_end_the_run(mirror):
                mirror.take(result["report"])

    def on_checkpoint(
        self, iteration: int, trials: list[Trial], trial: Trial, checkpoint: Any, **info: Any
    ) -> None:
        if mirror := self.engine.mirror_of(trial):
            with _errors_end_the_run(mirror):
                mirror.keep(Path(checkpoint.path))

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        # Its worker was lost; Tune will start another one with this config.
        if mirror := self.engine.mirror_of(trial):
            with _errors_end_the_run(mirror):
                at = mirror.lost()
                mirror.worker = _worker_name()
                trial.set_config(trial.config | {"worker": mirror.worker})
                self.engine.say(
                    f"{mirror.run.id}: its worker on {mirror.node} was lost. It continues on "
                    f"another one from iteration {at:,}."
                )

    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        lines = str(trial.get_error() or "").strip().splitlines()
        why = textwrap.shorten(lines[-1], 160, placeholder=" …") if lines else "unknown"
        run = _run_id(trial)
        self.engine.ended(
            trial,
            f"{run} lost its worker {MOST_LOSSES + 1} times; Ray's last error: {why} Resume it: "
            f"python -m fruitlab resume {run}",
        )

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self.engine.ended(trial)


def _run_id(trial: Trial) -> str:
    return trial.config["run"]


def _worker_name() -> str:
    """A name for a new worker, which tells its reports from those of the worker it replaces."""
    return secrets.token_hex(8)


@contextmanager
def _errors_end_the_run(mirror: Mirror) -> Iterator[None]:
    try:
        yield
    except (OSError, RunError) as error:
        mirror.problem = explain(error, mirror.run)


def _in_memory(data: TwoDomains) -> TwoDomains:
    """A copy with plain arrays: memory-mapped files do not exist on the other machines."""
    return replace(
        data,
        nice=replace(data.nice, images=np.asarray(data.nice.images)),
        real=replace(data.real, images=np.asarray(data.real.images)),
    )
