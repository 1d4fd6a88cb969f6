"""What Ray Tune calls while a study trains: which run comes next, what to stop, what arrived."""

import secrets
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from fruitlab.config.errors import RunError
from fruitlab.studies.ray_mirror import Mirror
from fruitlab.worker.messages import explain

if TYPE_CHECKING:
    from fruitlab.studies.ray_engine import RayEngine

MOST_LOSSES = 5  # workers that one run may lose; those preempted with notice do not count


class ReadyRuns(Searcher):
    """Gives Tune the runs that can start, one at a time."""

    def __init__(self, engine: "RayEngine") -> None:
        super().__init__()
        self.engine = engine

    def suggest(self, trial_id: str) -> Any:
        """The next run, as `RayEngine.next` returns it."""
        return self.engine.next()

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Nothing to do: `Reports` takes note."""

    def save_to_dir(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to save: the run folders hold the state of the study."""


class StopRequests(FIFOScheduler):
    """Starts runs in order; stops those with a `stop` file in their folder, and all on Ctrl-C."""

    def __init__(self, engine: "RayEngine") -> None:
        super().__init__()
        self.engine = engine

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Stop what has been asked to stop, then choose as usual."""
        for each in list(tune_controller.get_live_trials()):
            mirror = self.engine.mirror_of(each)
            if mirror is not None and (
                mirror.problem or mirror.asked_to_stop or self.engine.ending()
            ):
                tune_controller.stop_trial(each)
        return super().choose_trial_to_run(tune_controller)


class Reports(tune.Callback):
    """Passes what the workers send to the mirrors. A folder that cannot be written ends its run."""

    def __init__(self, engine: "RayEngine") -> None:
        self.engine = engine

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Write a report to its run's folder."""
        if (mirror := self.engine.mirror_of(trial)) and "report" in result:
            with _errors_end_the_run(mirror):
                mirror.take(result["report"])

    def on_checkpoint(
        self, iteration: int, trials: list[Trial], trial: Trial, checkpoint: Any, **info: Any
    ) -> None:
        """Copy the files of a checkpoint to its run's folder."""
        if mirror := self.engine.mirror_of(trial):
            with _errors_end_the_run(mirror):
                mirror.keep(Path(checkpoint.path))

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """Name the worker that Tune starts in place of a lost one."""
        if mirror := self.engine.mirror_of(trial):
            with _errors_end_the_run(mirror):
                at = mirror.lost()
                mirror.worker = worker_name()
                trial.set_config(trial.config | {"worker": mirror.worker})
                self.engine.say(
                    f"{mirror.run.id}: its worker on {mirror.node} was lost. It continues on "
                    f"another one from iteration {at:,}."
                )

    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """End a run that has lost too many workers."""
        lines = str(trial.get_error() or "").strip().splitlines()
        why = textwrap.shorten(lines[-1], 160, placeholder=" …") if lines else "unknown"
        run = run_id(trial)
        self.engine.ended(
            trial,
            f"{run} lost its worker {MOST_LOSSES + 1} times; Ray's last error: {why} Resume it: "
            f"python -m fruitlab resume {run}",
        )

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """End a run whose trial has finished or was stopped."""
        self.engine.ended(trial)


def run_id(trial: Trial) -> str:
    """The id of the run that a trial trains."""
    return trial.config["run"]


def worker_name() -> str:
    """A name for a new worker, to distinguish its reports from those of the worker it replaces."""
    return secrets.token_hex(8)


@contextmanager
def _errors_end_the_run(mirror: Mirror) -> Iterator[None]:
    try:
        yield
    except (OSError, RunError) as error:
        mirror.problem = explain(error, mirror.run)
