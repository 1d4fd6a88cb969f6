"""The process behind predictor.py: `python -m fruitlab.inference.server` answers on stdout what it is asked on stdin."""

import os
import sys
import threading
import time
import traceback
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fruitlab.config.errors import DataError, RunError
from fruitlab.data import pictures
from fruitlab.data.pictures import SIZE, BadPicture
from fruitlab.inference.client import receive, send
from fruitlab.inference.predict import Predictor
from fruitlab.runs.folder import Run

NETWORKS = 32  # held at once: three times the mixing slider's eleven stops; 3 MB each
QUIET_SECONDS = 600  # after so long without a question the process ends: torch alone holds 200 MB


class Networks:
    """The networks asked for last, each as it is on disk now: a run may go on training."""

    def __init__(self) -> None:
        self.held: OrderedDict[str, tuple[int, Predictor]] = OrderedDict()

    def of(self, folder: str) -> Predictor:
        """Raises RunError."""
        run = Run(Path(folder))
        written = _written(run)
        if folder not in self.held or self.held[folder][0] != written:
            self.held[folder] = written, Predictor(run)
        self.held.move_to_end(folder)
        while len(self.held) > NETWORKS:
            self.held.popitem(last=False)
        return self.held[folder][1]


def _written(run: Run) -> int:
    for name in ("weights", "state"):  # the order in which predict.load_network looks
        try:
            return (run.folder / f"{name}.safetensors").stat().st_mtime_ns
        except OSError:
            pass
    return 0


def answer(
    networks: Networks, request: dict[str, Any], photo: bytes
) -> tuple[dict[str, Any], bytes]:
    """{answers: [{run, top[, relevance]} or {run, error}]} and the picture seen, as bytes; or {error} about the picture."""
    try:
        seen = (
            np.frombuffer(photo, np.uint8).reshape(SIZE, SIZE, 3)
            if request["pixels"]
            else pictures.read(photo)
        )
    except BadPicture as error:
        return {"error": str(error)}, b""
    answers = []
    for run_id, folder in request["runs"]:
        try:
            predictor = networks.of(folder)
            if request["explain"]:
                explanation = predictor.explain(seen)
                said = {"top": explanation.top, "relevance": explanation.relevance.tolist()}
            else:
                said = {"top": predictor.top3(seen)}
        except (RunError, DataError) as error:
            said = {"error": str(error)}
        except (
            Exception
        ) as error:  # a folder that something else wrote: the others are answered all the same
            traceback.print_exc()
            said = {
                "error": f"{run_id}: its network cannot be used here ({type(error).__name__}: {error})."
            }
        answers.append({"run": run_id} | said)
    return {"answers": answers}, seen.tobytes()


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(
        sys.stderr.fileno(), sys.stdout.fileno()
    )  # whatever a library prints must not get among the answers
    torch.set_num_threads(1)
    networks, last = Networks(), [time.monotonic()]

    def end_when_quiet() -> None:
        while (left := QUIET_SECONDS - (time.monotonic() - last[0])) > 0:
            time.sleep(left)
        os._exit(0)

    threading.Thread(target=end_when_quiet, daemon=True).start()
    while (message := receive(sys.stdin.buffer)) is not None:
        last[0] = time.monotonic()
        request, photo = message
        header, seen = answer(networks, request, photo)
        try:
            send(answers, {"id": request["id"]} | header, seen)
        except OSError:
            break  # the server is gone


if __name__ == "__main__":
    main()
