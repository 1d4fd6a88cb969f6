"""The prediction server: `python -m fruitlab.inference.server` reads requests and writes answers.

client.py starts it and talks to it through its stdin and stdout (messages.py).
"""

import os
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
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
BATCH = 32  # pictures at once; more are no faster each
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


def answer(
    networks: Networks, request: dict[str, Any], photos: Sequence[bytes]
) -> list[dict[str, Any]]:
    """Answer a request about photos.

    Args:
        photos: the pixels of each, uint8 [100, 100, 3].

    Returns:
        {answers: [{run, top[, relevance]} or {run, error}]} of each photo.
    """
    seen = np.stack([np.frombuffer(one, np.uint8).reshape(SIZE, SIZE, 3) for one in photos])
    answers: list[list[dict[str, Any]]] = [[] for _ in photos]
    for run_id, folder in request["runs"]:
        try:
            predictor = networks.of(folder)
            if request["explain"]:
                results = [explained(predictor, one) for one in seen]
            else:
                results = [{"top": top} for top in predictor.top3_many(seen)]
        except (RunError, DataError) as error:
            results = [{"error": str(error)}] * len(photos)
        except Exception as error:  # a folder of other origin must not spoil the other answers
            traceback.print_exc()
            why = f"{run_id}: its network cannot be used here ({type(error).__name__}: {error})."
            results = [{"error": why}] * len(photos)
        for of_photo, result in zip(answers, results, strict=True):
            of_photo.append({"run": run_id} | result)
    return [{"answers": of_photo} for of_photo in answers]


def explained(predictor: Predictor, seen: np.ndarray) -> dict[str, Any]:
    """{top, relevance} of a picture, uint8 [100, 100, 3]."""
    explanation = predictor.explain(seen)
    where = explanation.relevance
    return {"top": explanation.top, "relevance": None if where is None else where.tolist()}


Message = tuple[dict[str, Any], bytes]


def next_batch(
    arrived: "SimpleQueue[Message | None]", waiting: list[Message]
) -> list[Message] | None:
    """The requests to answer next; None once the client has ended.

    The oldest comes first, but frames of webcams come after everything else. Those that ask the
    same networks for their answers to other photos come with it.

    Args:
        arrived: requests that were read, then None.
        waiting: those that were taken from there before; the batch is removed from it.
    """
    while not waiting or not arrived.empty():
        message = arrived.get()
        if message is None:
            return None
        waiting.append(message)
    first, _ = min(waiting, key=lambda message: message[0].get("frame", False))
    batch = [message for message in waiting if _alike(message[0], first)][:BATCH]
    taken = {request["id"] for request, _ in batch}
    waiting[:] = [message for message in waiting if message[0]["id"] not in taken]
    return batch


def _alike(one: dict[str, Any], first: dict[str, Any]) -> bool:
    """Whether two requests, which may be the same, can be answered together."""
    ask = ("runs", "explain", "frame")
    together = "runs" in first and not first["explain"]
    return one["id"] == first["id"] or (
        together and all(one.get(name) == first[name] for name in ask)
    )


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
    arrived: SimpleQueue[Message | None] = SimpleQueue()
    waiting: list[Message] = []
    threading.Thread(target=_read, args=(arrived,), daemon=True).start()
    while (batch := next_batch(arrived, waiting)) is not None:
        last[0] = time.monotonic()
        request, photo = batch[0]
        if "backbone" in request or "run" in request:
            results = [feature_map(networks, request, photo)]
        else:
            results = [(one, b"") for one in answer(networks, request, [x for _, x in batch])]
        try:
            for (asked, _), (header, body) in zip(batch, results, strict=True):
                send(answers, {"id": asked["id"]} | header, body)
        except OSError:
            break  # the client has ended


def _read(arrived: "SimpleQueue[Message | None]") -> None:
    """Reads requests while others are answered, so that they can be answered together."""
    while (message := receive(sys.stdin.buffer)) is not None:
        arrived.put(message)
    arrived.put(None)


if __name__ == "__main__":
    main()
