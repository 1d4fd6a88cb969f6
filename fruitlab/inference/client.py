"""The prediction client: pages and demo use networks without importing torch.

All of them share one prediction server (server.py), a child process that starts with the first
request. It holds up to 32 networks, ends after ten idle minutes, is started again when needed, and
ends with this process, because it reads its requests from a pipe (messages.py).
"""

import atexit
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fruitlab.config.errors import RunError
from fruitlab.config.files import read_bounded
from fruitlab.data import decoding
from fruitlab.data.pictures import BadPicture
from fruitlab.inference.heatmap import Explanation
from fruitlab.inference.load import Load, Overloaded
from fruitlab.inference.process import Died, PredictorError, Process
from fruitlab.runs.catalog import find
from fruitlab.runs.folder import Run

MAX_BYTES = 64_000_000  # size limit of a photo's file: four times what phones write

# A picture file, its bytes, or uint8 [100, 100, 3] as `pictures.read` returns it.
Photo = bytes | Path | np.ndarray


class Busy(PredictorError):
    """Too many others are asking. The message says when to try again."""


@dataclass(frozen=True)
class State:
    """How the prediction server is.

    Attributes:
        pid: its process ID; None while it does not run, which is until somebody asks.
        hangs: whether it has not answered for a minute although somebody waits.
        waiting: questions that wait for an answer.
        counts: questions by outcome: answered, failed, refused.
        seconds: from question to answer, summed over those answered.
    """

    pid: int | None
    hangs: bool
    waiting: int
    counts: dict[str, int]
    seconds: float


@dataclass(frozen=True)
class Answers:
    """The answers of several networks to one photo.

    Attributes:
        seen: uint8 [100, 100, 3], the photo as the networks were given it.
        top: by run id, [{category, probability}], the likeliest first.
        errors: by run id, why that network gave no answer.
    """

    seen: np.ndarray
    top: dict[str, list[dict[str, Any]]]
    errors: dict[str, str]


def top3(run_id: str, photo: Photo) -> list[dict[str, Any]]:
    """[{category, probability}] of the three likeliest categories, the likeliest first.

    Raises:
        BadPicture: the photo cannot be used. RunError: the run's network cannot be used.
        PredictorError: no answer came.
    """
    answers = top3_many([run_id], photo)
    if run_id in answers.errors:
        raise RunError(answers.errors[run_id])
    return answers.top[run_id]


def top3_many(run_ids: Sequence[str], photo: Photo, *, frame: bool = False) -> Answers:
    """The same for several networks; the photo is read once. Raises BadPicture, PredictorError.

    `frame` is as for `explain`.
    """
    answers, seen = _ask(run_ids, photo, explain=False, frame=frame)
    return Answers(
        seen,
        {answer["run"]: answer["top"] for answer in answers if "top" in answer},
        {answer["run"]: answer["error"] for answer in answers if "error" in answer},
    )


def explain(run_id: str, photo: Photo, *, frame: bool = False) -> Explanation:
    """`top3`, the photo as the network was given it, and where it looked. Raises as `top3` does.

    Args:
        frame: the photo is one of a webcam's, and others come first.
    """
    (answer,), seen = _ask([run_id], photo, explain=True, frame=frame)
    if "error" in answer:
        raise RunError(answer["error"])
    where = answer["relevance"]  # None for a network without a feature map
    return Explanation(
        answer["top"], seen, None if where is None else np.array(where, dtype=np.float32)
    )


def feature_map(network: str, size: int, photo: Photo) -> tuple[np.ndarray, np.ndarray]:
    """A photo as the networks are given it, and what a pretrained backbone makes of it.

    Args:
        network: name of the backbone's network.
        size: side of its input in pixels; 0 is the network's own.

    Returns:
        uint8 [100, 100, 3]; and the last feature map, float32 [features, height, width].

    Raises:
        BadPicture: the photo cannot be used.
        PredictorError: no answer came, or the backbone cannot be used; the message says why.
    """
    return _array({"backbone": [network, size]}, photo)


def features(run: Run, photo: Photo) -> tuple[np.ndarray, np.ndarray]:
    """A photo as the networks are given it, and the features of a run's backbone, float32 [size].

    Raises as `feature_map` does.
    """
    return _array({"run": str(run.folder.resolve())}, photo)


def read_photo(photo: Photo) -> np.ndarray:
    """The photo as the networks are given it, uint8 [100, 100, 3].

    It is decoded before the server sees it, so the server can neither be stopped nor kept busy by
    a photo. Raises BadPicture.
    """
    if isinstance(photo, np.ndarray):
        return np.ascontiguousarray(photo, dtype=np.uint8)
    try:
        content = photo if isinstance(photo, bytes) else read_bounded(photo, MAX_BYTES)
    except OSError as error:
        raise BadPicture(f"it cannot be read ({error.strerror})") from None
    if len(content) > MAX_BYTES:
        raise BadPicture(f"too large: more than {MAX_BYTES / 1e6:.0f} MB; save it smaller")
    return decoding.read(content)


def overloaded() -> int | None:
    """The seconds until it makes sense to ask again; None if there is room now."""
    return _load.overloaded()


def crowded() -> bool:
    """Whether so many ask at the moment that answers come before everything else."""
    return _load.crowded()


def state() -> State:
    """How the prediction server is."""
    process = _process if _process is not None and _process.alive() else None
    return State(
        pid=process.child.pid if process else None,
        hangs=process.hangs() if process else False,
        waiting=_load.waiting,
        counts=dict(_load.counts),
        seconds=_load.seconds,
    )


def start() -> None:
    """Start the server without waiting for it, for example while a person chooses a photo."""
    _running()


def stop() -> None:
    """End the server, if it runs."""
    global _process
    with _starting:
        if _process is not None:
            _process.end()
            _process = None


@contextmanager
def _asking(*, frame: bool = False) -> Iterator[None]:
    try:
        with _load.question(frame=frame):
            yield
    except Overloaded as error:
        raise Busy(str(error)) from None


def _ask(
    run_ids: Sequence[str], photo: Photo, *, explain: bool, frame: bool = False
) -> tuple[list[dict[str, Any]], np.ndarray]:
    with _asking(frame=frame):
        pixels = read_photo(photo)
        known, unknown = [], []
        for run_id in run_ids:
            try:
                known.append([run_id, str(find(run_id).folder.resolve())])
            except RunError as error:
                unknown.append({"run": run_id, "error": str(error)})
        header, _ = _request({"runs": known, "explain": explain, "frame": frame}, pixels)
    return header["answers"] + unknown, pixels


def _array(request: dict[str, Any], photo: Photo) -> tuple[np.ndarray, np.ndarray]:
    """The photo's pixels, and the array that the server computes of them."""
    with _asking():
        pixels = read_photo(photo)
        header, body = _request(request, pixels)
    if "error" in header:
        raise PredictorError(header["error"])
    return pixels, np.frombuffer(body, np.float32).reshape(header["shape"])


def _request(request: dict[str, Any], pixels: np.ndarray) -> tuple[dict[str, Any], bytes]:
    """The server's answer to a request about a picture, as header and body."""
    for _ in (1, 2):  # requests change nothing, so one that a server died of can be repeated
        try:
            return _running().ask(request, pixels.tobytes())
        except Died:
            pass
    raise PredictorError(
        "The prediction server ended twice without an answer. Is there enough memory? "
        "Its last messages are in the terminal that FruitLab runs in."
    )


_process: Process | None = None
_load = Load()
_starting = threading.Lock()
atexit.register(stop)


def _running() -> Process:
    global _process
    with _starting:
        if _process is None or not _process.alive():
            _process = Process()
        return _process
