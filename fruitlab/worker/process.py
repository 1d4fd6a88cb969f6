"""A run's process: training's generator into a run folder. `python -m fruitlab.worker.process RUN` outlives who started it.

The run's lock is held from the first moment to the last. What is written, and when: the log line of an evaluation, then
the state that follows it; so a killed run loses no more than the iterations since its last evaluation.
"""

import platform
import signal
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from filelock import Timeout

from fruitlab.config.errors import Busy, DataError, RunError
from fruitlab.config.files import write_json
from fruitlab.config.progress import Progress, Say
from fruitlab.data import store
from fruitlab.data.domains import TwoDomains
from fruitlab.metrics import accuracy
from fruitlab.runs import queue
from fruitlab.runs.folder import Run, find
from fruitlab.worker import messages

if TYPE_CHECKING:  # torch is imported when its turn has come
    import torch

    from fruitlab.worker.recorder import Recorder


class Stopped(Exception):
    """The run was asked to stop."""


class StopRequest:
    """Ctrl-C, SIGTERM or a file named `stop` in the run's folder, if it is for one run: end in order, after the iteration at hand."""

    def __init__(self, run: Run | None = None) -> None:
        self.file, self.signalled = run.folder / "stop" if run else None, False

    def __call__(self) -> bool:
        return self.signalled or (self.file is not None and self.file.exists())

    def raise_if_asked(self) -> None:
        if self():
            raise Stopped

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)
        self.raise_if_asked()

    @contextmanager
    def listening(self):
        """Takes SIGINT and SIGTERM as requests; the second one ends the process as usual."""

        def take(number: int, frame: Any) -> None:
            self.signalled = True
            for each, handler in before.items():
                signal.signal(each, handler)

        before = {}
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                before[number] = signal.signal(number, take)
        except ValueError:
            pass  # not the main thread: whoever runs us there has the `stop` file
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def work(run: Run, *, device: str | None = None, say: Say) -> dict[str, Any]:
    """Starts or goes on with a run until it is finished or stopped; returns its summary.

    Args:
        device: where to train; None is where it trained before.
    Raises:
        Busy: another process is at it. RunError: it failed, and the summary says why; what it had is kept.
    """
    lock = run.lock()
    try:
        lock.acquire(timeout=5)
    except Timeout:
        raise Busy(
            f"{run.id} is being trained by another process. Wait for it, or stop it there first."
        ) from None
    except OSError as error:
        raise RunError(
            f"{run.folder} cannot be written to: {error.strerror}. Check its permissions."
        ) from None
    stop = StopRequest(run)
    try:
        with stop.listening():
            try:
                for name in ("summary.json", "stop"):
                    (run.folder / name).unlink(missing_ok=True)
                summary = _train(run, device, say, stop)
            except Stopped:
                summary = {"status": "stopped"} | accuracy.last_scores(run.metrics())
                finish(run, summary)
            except Exception as error:
                sentence = messages.explain(error, run)
                try:
                    finish(
                        run,
                        {"status": "failed", "error": sentence}
                        | accuracy.last_scores(run.metrics()),
                    )
                except OSError:
                    pass  # the disk that failed us cannot take the summary either: the run shows as interrupted
                raise RunError(sentence) from error
    finally:
        lock.release()
    return summary


def _train(run: Run, device: str | None, say: Say, stop: StopRequest) -> dict[str, Any]:
    header, config = run.header(), run.config()
    turn = queue.wait_for_turn(run, device or header["device"], say=say, wait=stop.wait)
    try:
        run.doing("loading torch")
        from fruitlab.training.process import prepare

        prepare()
        from fruitlab.training import devices

        where = devices.resolve(device or header["device"])
        # Another thread count has other last bits, so a resumed run takes the one it began with.
        threads = devices.repeatable(
            where, (header.get("threads") or queue.threads()) if where.type == "cpu" else None
        )
        stop.raise_if_asked()

        run.doing("reading the data")
        data = read_data(run, config.data, say, progress=Reading(run, stop))
        stop.raise_if_asked()
        summary = train_into(
            run,
            data,
            where=where,
            device=device or header["device"],
            threads=threads,
            say=say,
            stop=stop,
        )
        finish(run, summary)
        return summary
    finally:
        turn.release()


def train_into(
    run: Run,
    data: TwoDomains,
    *,
    where: "torch.device",
    device: str,
    threads: int,
    say: Say,
    stop: Callable[[], bool],
    noted: Callable[["Recorder", dict[str, Any]], None] = lambda recorder, point: None,
) -> dict[str, Any]:
    """Trains a run from where it is to its end and writes its folder, all but the summary, which it returns.

    Args:
        device: what it was asked to train on, and `where` that is.
        stop: asked after every iteration. noted: called after every evaluation, with its line of the log.
    Raises:
        Stopped: it was asked to stop, and its state is saved. What training raises, and DataError and RunError as `State` and `Run` do.
    """
    from fruitlab.methods import phases
    from fruitlab.training import devices
    from fruitlab.training.device_dataset import Resident
    from fruitlab.training.loop import train
    from fruitlab.training.state import State
    from fruitlab.worker.recorder import Recorder, describe

    header, config = run.header(), run.config()
    precision = devices.precision_of(header, where)
    resident = Resident.of(data, config.split_seed, where)
    if stop():
        raise Stopped
    sets = {
        p.name: resident.training_set(nice=p.nice, real=p.real, seed=config.seed)
        for p in phases(config)
    }
    run.write_header(
        header
        | {
            "device": device,
            "trained_on": str(where),
            "threads": threads,
            "computed_in": str(precision).removeprefix("torch."),
            "data": describe(data, config, resident, sets),
            "versions": {name: version(name) for name in ("torch", "numpy")}
            | {"python": platform.python_version()},
        }
    )

    state = State(config, categories=len(data.categories), device=where, precision=precision)
    recorder = Recorder(run, config, state, data.categories)
    if recorder.resume():
        say(f"Going on at iteration {state.iteration:,} of {config.iterations:,}.")
    run.doing("training")
    started, first, snapshots = time.monotonic(), state.iteration, set(header.get("snapshots", ()))
    for evaluation in train(config, resident, state):
        if evaluation is not None:
            point = recorder.note(evaluation)
            say(messages.progress(point, config.iterations, time.monotonic() - started, first))
            noted(recorder, point)
        elif state.phase == 0 and state.iteration in snapshots:
            recorder.snapshot()
        if stop():
            recorder.keep()
            raise Stopped
    run.doing("writing the results")
    return recorder.results(data, resident)


class Reading:
    """Tells those who watch how far the data is read or drawn, once a second; raises Stopped when the run is asked to stop."""

    def __init__(self, run: Run, stop: StopRequest) -> None:
        self.run, self.stop, self.since, self.told = run, stop, time.time(), time.monotonic()

    def __call__(self, what: str, done: int, of: int) -> None:
        self.stop.raise_if_asked()
        if time.monotonic() - self.told >= 1:
            self.told = time.monotonic()
            self.run.doing("reading the data", step=what, done=done, of=of, since=self.since)


def read_data(run: Run, name: str, say: Say, progress: Progress | None = None) -> TwoDomains:
    """The run's data. Raises DataError if it is gone, or no longer what the run started with."""
    data = store.load(name, say=say, progress=progress)
    known = run.header().get("data")
    if known and known["fingerprint"] != data.fingerprint:
        raise DataError(
            f"The data {name!r} is not what it was when {run.id} started (fingerprint {data.fingerprint}, then {known['fingerprint']}): "
            "test pictures would have been trained on. Bring the old pictures back, or start a new run."
        )
    return data


def finish(run: Run, summary: dict[str, Any]) -> None:
    """Writes down how a run ended. The state goes only then, and only when it has finished: until that it can be resumed. Raises OSError."""
    write_json(run.folder / "summary.json", summary)
    for name in ("activity.json", "stop"):
        (run.folder / name).unlink(missing_ok=True)
    if summary["status"] == "finished":
        (run.folder / "state.safetensors").unlink(missing_ok=True)


def main() -> int:
    try:
        work(find(sys.argv[1]), say=lambda line: print(line, file=sys.stderr, flush=True))
    except (RunError, IndexError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
