"""The worker process of a run: `python -m fruitlab.worker.process RUN`.

It outlives the page or command that started it, and holds the run's lock from beginning to end. At
every evaluation it writes a line of the log, then the state after it, so a killed run loses no more
than the iterations since its last evaluation.
"""

import sys
from contextlib import suppress
from threading import Thread
from typing import Any

from filelock import Timeout

from fruitlab.config.errors import Busy, RunError
from fruitlab.config.files import delete_temporary
from fruitlab.config.progress import Say
from fruitlab.metrics import accuracy
from fruitlab.runs import queue
from fruitlab.runs.catalog import find
from fruitlab.runs.folder import Run
from fruitlab.worker import messages
from fruitlab.worker.reading import WorkProgress, read_data
from fruitlab.worker.stop import Stopped, StopRequest


def work(run: Run, *, device: str | None = None, say: Say) -> dict[str, Any]:
    """Start or resume a run and train until it is finished or stopped.

    Args:
        device: where to train; None for the device it was trained on before.

    Returns:
        The run's summary.

    Raises:
        Busy: another process is training the run.
        RunError: it failed. The summary says why, and everything up to the last state is kept.
    """
    lock = run.lock()
    try:
        lock.acquire(timeout=5)
    except Timeout:
        raise Busy(
            f"Another process is training {run.id}. Wait for it to end, or stop it first."
        ) from None
    except OSError as error:
        raise RunError(
            f"Cannot write to {run.folder}: {error.strerror}. Check its permissions."
        ) from None
    stop = StopRequest(run)
    try:
        with stop.listening():
            return _work(run, device, say, stop)
    finally:
        lock.release()


def _work(run: Run, device: str | None, say: Say, stop: StopRequest) -> dict[str, Any]:
    try:
        for name in ("summary.json", "stop"):
            (run.folder / name).unlink(missing_ok=True)
        delete_temporary(run.folder)
        summary = _train(run, device, say, stop)
    except Stopped:
        summary = {"status": "stopped"} | accuracy.last_scores(run.metrics())
        run.finish(summary)
    except Exception as error:
        message = messages.explain(error, run)
        failed = {"status": "failed", "error": message}
        with suppress(OSError):  # the disk is full or gone: the run will show as interrupted
            run.finish(failed | accuracy.last_scores(run.metrics()))
        raise RunError(message) from error
    return summary


def _train(run: Run, device: str | None, say: Say, stop: StopRequest) -> dict[str, Any]:
    header, config = run.header(), run.config()
    device = device or header["device"]
    turn = queue.wait_for_turn(run, device, say=say, wait=stop.wait)
    try:
        # torch takes seconds and memory to import, so a waiting run has not imported it.
        run.doing("loading torch")
        from fruitlab.training.runtime import prepare

        prepare()
        from fruitlab.models.kernels.execution import fused_execution
        from fruitlab.training import devices
        from fruitlab.worker.train import train_into

        resolved = devices.resolve(device)
        # The last bits depend on the thread count, so a resumed run keeps its first one.
        threads = header.get("threads") or queue.threads() if resolved.type == "cpu" else None
        threads = devices.repeatable(resolved, threads)
        stop.raise_if_asked()

        if resolved.type == "cpu":
            # Compiles for some seconds in the first run on a machine, while the data is read.
            Thread(target=fused_execution).start()
        run.doing("reading the data")
        data = read_data(
            run, config.data, say, progress=WorkProgress(run, stop, "reading the data")
        )
        stop.raise_if_asked()
        summary = train_into(
            run,
            data,
            where=resolved,
            device=device,
            threads=threads,
            say=say,
            stop=stop,
            progress=WorkProgress(run, stop, "computing features"),
        )
        run.finish(summary)
        return summary
    finally:
        turn.release()


def main() -> int:
    """Train the run that the first argument names; returns the exit status."""
    try:
        work(find(sys.argv[1]), say=lambda line: print(line, file=sys.stderr, flush=True))
    except (RunError, IndexError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
