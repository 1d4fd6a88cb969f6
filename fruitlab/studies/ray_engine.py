"""A study on a Ray cluster: every run a trial of Ray Tune, every run folder written here.

What is ready to start, in what order and from whose snapshot is `study.Engine`'s to say, as for processes on this machine. Tune gives a run
to a machine with room for it, and to another one from its last checkpoint when the first is lost. `mirror.Mirror` holds each
run's lock and writes its folder, so that a study whose driver was killed goes on from there, on a cluster or without one.
"""

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
from fruitlab.config.run_config import RunConfig
from fruitlab.data.domains import TwoDomains
from fruitlab.runs.folder import Run
from fruitlab.studies import ray_cluster
from fruitlab.studies.engine import Engine
from fruitlab.studies.progress import Progress
from fruitlab.studies.ray_mirror import Mirror
from fruitlab.studies.ray_trial import trial
from fruitlab.worker.messages import explain
from fruitlab.worker.stop import StopRequest

MOST_LOSSES = (
    5  # workers that one run may lose; machines that are taken away with notice do not count
)
LOOK_EVERY = 2.0  # seconds between two looks through the runs for one that is ready, when none of ours has ended


@dataclass(kw_only=True)
class RayEngine(Engine):
    """Runs what a study is missing on a Ray cluster, as many at a time as it has room for.

    Attributes:
        data: the study's, which every worker is given.
        address: host:port of the cluster's head, *auto* for the one this machine is part of, or *local* to start one for the study.
        storage: a folder that all machines reach; None is one under the root of the runs.
        cpus, gpus: what a run takes; gpus None is ray_cluster.GPU_SHARE where the cluster has some, else 0.
    """

    data: TwoDomains
    address: str
    storage: Path | None = None
    cpus: int = 1
    gpus: float | None = None
    ending: StopRequest = field(default_factory=StopRequest)
    rest_until: float = 0.0

    def run(self) -> Progress:
        """Until nothing is left to do.

        Raises:
            RunError: no such cluster, or none that could ever run this; the storage cannot be written; the cluster is lost.
            KeyboardInterrupt: it was asked to end, and the runs at work are stopped in order.
        """
        with (
            ray_cluster.storage(
                self.storage or runs_root() / ".ray", self.study.name
            ) as self.folder,
            ray_cluster.connected(self.address),
        ):
            self.gpus = ray_cluster.share(self.cpus, self.gpus)
            try:
                with self.ending.listening():
                    self._tune()
            finally:
                for run, mirror in self.working.values():
                    mirror.leave()
        if self.ending():
            raise KeyboardInterrupt
        now, _ = self._look()
        self._tidy(now)
        return now

    def _tune(self) -> None:
        task = tune.with_resources(
            tune.with_parameters(trial, data=_in_memory(self.data)),
            {"cpu": self.cpus, "gpu": self.gpus},
        )
        try:
            tune.run(
                task,
                name=self.folder.name,
                storage_path=str(self.folder.parent),
                search_alg=Ready(self),
                scheduler=Stops(self),
                num_samples=-1,
                callbacks=[Folders(self)],
                max_failures=MOST_LOSSES,
                checkpoint_config=tune.CheckpointConfig(num_to_keep=1),
                verbose=0,
                raise_on_failed_trial=False,
                trial_name_creator=_run_id,
                trial_dirname_creator=_run_id,
            )
        except (TuneError, ray.exceptions.RayError) as error:
            raise RunError(
                f"The Ray cluster failed: {str(error).strip().splitlines()[-1]}. What the runs had is kept: give the command again."
            ) from error

    def next(self) -> dict[str, Any] | str | None:
        """The next trial's config (`ray_trial.trial`), None while nothing is ready, or Searcher.FINISHED."""
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
                    run, _ = self.working[config]
                    return {
                        "run": run.id,
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

    def of(self, trial: Trial) -> Mirror | None:
        """The mirror of a trial's run, until it has ended."""
        return next(
            (mirror for run, mirror in self.working.values() if run.id == _run_id(trial)), None
        )

    def over(self, trial: Trial, problem: str | None = None) -> None:
        """The trial has come to its end, or been stopped, or cannot go on."""
        config: RunConfig
        for config, (run, mirror) in list(self.working.items()):
            if run.id == _run_id(trial):
                mirror.problem = mirror.problem or problem
                mirror.end()
                self._ended(config, run)
                shutil.rmtree(self._begin(run), ignore_errors=True)
                self.rest_until = 0.0


class Ready(Searcher):
    """Tells Tune what to run next, as the engine finds it ready."""

    def __init__(self, engine: RayEngine) -> None:
        super().__init__()
        self.engine = engine

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        return self.engine.next()

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        pass  # `Folders` has taken note

    def save_to_dir(self, *where: Any) -> None:
        pass  # how far a study is, the run folders say


class Stops(FIFOScheduler):
    """In the order in which they are ready; a file `stop` in a run's folder, or Ctrl-C for all, ends them where they are."""

    def __init__(self, engine: RayEngine) -> None:
        super().__init__()
        self.engine = engine

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        for each in list(tune_controller.get_live_trials()):
            mirror = self.engine.of(each)
            if mirror is not None and (
                mirror.problem or mirror.asked_to_stop or self.engine.ending()
            ):
                tune_controller.stop_trial(each)
        return super().choose_trial_to_run(tune_controller)


class Folders(tune.Callback):
    """Hands what the workers send to the mirrors of their runs. A folder that cannot be written ends its own run, not the study."""

    def __init__(self, engine: RayEngine) -> None:
        self.engine = engine

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        if mirror := self.engine.of(trial):
            mirror.worker = (
                trial.temporary_state.ray_actor._actor_id.hex()
            )  # as the worker knows itself

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        if (mirror := self.engine.of(trial)) and "report" in result:
            with _failing(mirror):
                mirror.take(result["report"])

    def on_checkpoint(
        self, iteration: int, trials: list[Trial], trial: Trial, checkpoint: Any, **info: Any
    ) -> None:
        if mirror := self.engine.of(trial):
            with _failing(mirror):
                mirror.keep(Path(checkpoint.path))

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        if mirror := self.engine.of(trial):
            with _failing(mirror):
                self.engine.say(
                    f"{mirror.run.id}: its worker on {mirror.node} was lost. It goes on elsewhere from iteration {mirror.lost():,}."
                )

    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        lines = str(trial.get_error() or "").strip().splitlines()
        why = textwrap.shorten(lines[-1], 160, placeholder=" …") if lines else "nothing"
        self.engine.over(
            trial,
            f"{_run_id(trial)} lost its worker {MOST_LOSSES + 1} times; the last that Ray had to say was: {why} "
            f"What it had is kept. Go on: python -m fruitlab resume {_run_id(trial)}",
        )

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self.engine.over(trial)


def _run_id(trial: Trial) -> str:
    return trial.config["run"]


@contextmanager
def _failing(mirror: Mirror) -> Iterator[None]:
    try:
        yield
    except (OSError, RunError) as error:
        mirror.problem = explain(error, mirror.run)


def _in_memory(data: TwoDomains) -> TwoDomains:
    """As plain arrays: what is mapped from a file here is not there on another machine."""
    return replace(
        data,
        nice=replace(data.nice, images=np.asarray(data.nice.images)),
        real=replace(data.real, images=np.asarray(data.real.images)),
    )
