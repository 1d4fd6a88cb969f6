"""The prediction server: `python -m fruitlab.inference.server` reads requests and writes answers.

client.py starts it and talks to it through its stdin and stdout (messages.py).
"""

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

from fruitlab.config.errors import ConfigError, DataError, RunError
from fruitlab.data.pictures import SIZE
from fruitlab.features.extraction import Extractor
from fruitlab.inference.messages import receive, send
from fruitlab.inference.predict import Predictor
from fruitlab.runs.folder import Run

NETWORKS = 32  # held at once, about 3 MB each: three times the mixing slider's eleven stops
IDLE_SECONDS = 600  # without a request before the server ends: torch alone takes 200 MB


class Networks:
    """The networks used last. One whose file has changed is loaded again: its run still trains."""

    def __init__(self) -> None:
        self.held: OrderedDict[str, tuple[int, Predictor]] = OrderedDict()
        self.extractor: tuple[tuple[str, int], Extractor] | None = None

    def backbone(self, network: str, size: int) -> Extractor:
        """A pretrained backbone; one is kept. Raises ConfigError as `Extractor` does."""
        if self.extractor is None or self.extractor[0] != (network, size):
            self.extractor = (network, size), Extractor(network, size or None)
        return self.extractor[1]

    def of(self, folder: str) -> Predictor:
        """The network of a run folder. Raises RunError as `predict.load_network` does."""
        run = Run(Path(folder))
        written = _written(run)
        if folder not in self.held or self.held[folder][0] != written:
            self.held[folder] = written, Predictor(run)
        self.held.move_to_end(folder)
        while len(self.held) > NETWORKS:
            self.held.popitem(last=False)
        return self.held[folder][1]


def _written(run: Run) -> int:
    for name in ("weights", "state"):  # in the order of `predict.load_network`
        try:
            return (run.folder / f"{name}.safetensors").stat().st_mtime_ns
        except OSError:
            pass
    return 0


def feature_map(
    networks: Networks, request: dict[str, Any], photo: bytes
) -> tuple[dict[str, Any], bytes]:
    """What a backbone makes of a photo's pixels: {shape} and float32 bytes, or {error} and nothing.

    A pretrained backbone gives its feature map, that of a run its features.
    """
    seen = np.frombuffer(photo, np.uint8).reshape(SIZE, SIZE, 3)
    try:
        if "run" in request:
            found = networks.of(request["run"]).features(seen[None])[0]
        else:
            found = networks.backbone(*request["backbone"]).feature_map(seen)
    except (ConfigError, RunError) as error:
        return {"error": str(error)}, b""
    return {"shape": found.shape}, found.tobytes()


def answer(networks: Networks, request: dict[str, Any], photo: bytes) -> dict[str, Any]:
    """Answer a request about one photo.

    Args:
        photo: its pixels, uint8 [100, 100, 3].

    Returns:
        {answers: [{run, top[, relevance]} or {run, error}]}.
    """
    seen = np.frombuffer(photo, np.uint8).reshape(SIZE, SIZE, 3)
    answers = []
    for run_id, folder in request["runs"]:
        try:
            predictor = networks.of(folder)
            if request["explain"]:
                explanation = predictor.explain(seen)
                where = explanation.relevance
                result = {
                    "top": explanation.top,
                    "relevance": None if where is None else where.tolist(),
                }
            else:
                result = {"top": predictor.top3(seen)}
        except (RunError, DataError) as error:
            result = {"error": str(error)}
        except Exception as error:  # a folder of other origin must not spoil the other answers
            traceback.print_exc()
            result = {
                "error": f"{run_id}: its network cannot be used here "
                f"({type(error).__name__}: {error})."
            }
        answers.append({"run": run_id} | result)
    return {"answers": answers}


def main() -> None:
    """Answer requests until the client has ended or sent none for a long time."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a library prints must not get among the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    torch.set_num_threads(1)
    networks, last = Networks(), [time.monotonic()]

    def end_when_idle() -> None:
        while (left := IDLE_SECONDS - (time.monotonic() - last[0])) > 0:
            time.sleep(left)
        os._exit(0)

    threading.Thread(target=end_when_idle, daemon=True).start()
    while (message := receive(sys.stdin.buffer)) is not None:
        last[0] = time.monotonic()
        request, photo = message
        header, body = (
            feature_map(networks, request, photo)
            if "backbone" in request or "run" in request
            else (answer(networks, request, photo), b"")
        )
        try:
            send(answers, {"id": request["id"]} | header, body)
        except OSError:
            break  # the client has ended


if __name__ == "__main__":
    main()
