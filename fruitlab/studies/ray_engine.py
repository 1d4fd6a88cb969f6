"""Trains the runs of a study on a Ray cluster: each run is a trial of Ray Tune.

What starts, in which order and from which snapshot is decided by `engine.Engine`, as on one
machine. Tune finds a machine with free resources for each run, and another one, from the last
checkpoint, if the first is lost. A `Mirror` holds each run's lock and writes its folder on this
machine, so a study whose driver was killed can be continued, on a cluster or without one.
"""

import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray import tune
from ray.tune.error import TuneError
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from fruitlab.config.errors import RunError
from fruitlab.config.paths import runs_root
from fruitlab.data.domains import TwoDomains
from fruitlab.runs.folder import Run
from fruitlab.studies import ray_cluster
from fruitlab.studies.engine import Engine
from fruitlab.studies.progress import Progress
from fruitlab.studies.ray_callbacks import (
    MOST_LOSSES,
    ReadyRuns,
    Reports,
    StopRequests,
    run_id,
    worker_name,
)
from fruitlab.studies.ray_mirror import Mirror
from fruitlab.studies.ray_trial import trial
from fruitlab.worker.stop import StopRequest

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
        """Train until every run has finished or failed.

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
                trial_name_creator=run_id,
                trial_dirname_creator=run_id,
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
                    mirror.worker = worker_name()
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
        mirrors = (mirror for run, mirror in self.working.values() if run.id == run_id(trial))
        return next(mirrors, None)

    def ended(self, trial: Trial, problem: str | None = None) -> None:
        """A trial has finished, was stopped, or cannot continue because of the problem."""
        for config, (run, mirror) in list(self.working.items()):
            if run.id == run_id(trial):
                mirror.problem = mirror.problem or problem
                mirror.end()
                self._ended(config, run)
                shutil.rmtree(self._begin(run), ignore_errors=True)
                self.rest_until = 0.0


def _in_memory(data: TwoDomains) -> TwoDomains:
    """A copy with plain arrays: memory-mapped files do not exist on the other machines."""
    return replace(
        data,
        nice=replace(data.nice, images=np.asarray(data.nice.images)),
        real=replace(data.real, images=np.asarray(data.real.images)),
    )
