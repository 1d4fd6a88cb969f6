"""The prediction client: pages and demo use networks without importing torch.

All of them share one prediction server (server.py), a child process that starts with the first
request. It holds up to 32 networks, ends after ten idle minutes, is started again when needed, and
ends with this process, because it reads its requests from a pipe (messages.py).
"""

import atexit
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fruitlab.config.errors import RunError
from fruitlab.config.files import read_bounded
from fruitlab.config.paths import PROJECT, child_environment
from fruitlab.data import decoding
from fruitlab.data.pictures import BadPicture
from fruitlab.inference.heatmap import Explanation
from fruitlab.inference.load import Load, Overloaded
from fruitlab.inference.messages import receive, send
from fruitlab.runs.catalog import find
from fruitlab.runs.folder import Run

SECONDS = 60  # to wait for an answer; the first one includes importing torch on a busy machine
MAX_BYTES = 64_000_000  # size limit of a photo's file: four times what phones write

# A picture file, its bytes, or uint8 [100, 100, 3] as `pictures.read` returns it.
Photo = bytes | Path | np.ndarray


class PredictorError(Exception):
    """The prediction server gave no answer. The message says why and what to do."""


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
    return _of_one(run_id, top3_many([run_id], photo))


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


def _of_one(run_id: str, answers: Answers) -> list[dict[str, Any]]:
    if run_id in answers.errors:
        raise RunError(answers.errors[run_id])
    return answers.top[run_id]


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
        except _Died:
            pass
    raise PredictorError(
        "The prediction server ended twice without an answer. Is there enough memory? "
        "Its last messages are in the terminal that FruitLab runs in."
    )


class _Died(Exception):
    """The server ended before it answered."""


class _Process:
    """A running server. Any number of threads may ask it at once."""

    def __init__(self) -> None:
        # In a session of its own, so that Ctrl-C ends only this process; that closes the pipe, and
        # the server ends. One thread: a photo is too small to split, and a run may be training.
        self.child = subprocess.Popen(
            [sys.executable, "-m", "fruitlab.inference.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT,
            env=child_environment(OMP_NUM_THREADS="1"),
            start_new_session=True,
        )
        assert self.child.stdin is not None  # both are pipes
        assert self.child.stdout is not None
        self.requests, self.answers = self.child.stdin, self.child.stdout
        # The answer that each request waits for, and when it was asked.
        self.waiting: dict[int, tuple[Future[tuple[dict[str, Any], bytes]], float]] = {}
        self.writing, self.number, self.heard = threading.Lock(), 0, time.monotonic()
        threading.Thread(target=self._listen, name="predictions", daemon=True).start()

    def alive(self) -> bool:
        return self.child.poll() is None

    def hangs(self) -> bool:
        """Whether somebody has waited for long, and nobody got an answer since."""
        began = min((asked for _, asked in list(self.waiting.values())), default=time.monotonic())
        return time.monotonic() - max(began, self.heard) > SECONDS

    def ask(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        answer: Future[tuple[dict[str, Any], bytes]] = Future()
        began = time.monotonic()
        try:
            with self.writing:
                self.number += 1
                number = self.number
                self.waiting[number] = answer, began
                send(self.requests, request | {"id": number}, body)
        except OSError:
            self.end()  # so that the next request does not find it ending
            raise _Died from None
        if not self.alive():
            self._give_up()  # the listener may have given up before this request was registered
        try:
            return answer.result(timeout=SECONDS)
        except TooLate:
            self.waiting.pop(number, None)
            if self.heard < began:
                self.child.kill()  # it hangs; the next request starts a new one
            raise PredictorError(
                f"No answer within {SECONDS} seconds: this machine is very busy or short of "
                "memory. Try again."
            ) from None

    def _listen(self) -> None:
        while (message := receive(self.answers)) is not None:
            header, body = message
            self.heard = time.monotonic()
            if asked := self.waiting.pop(header.pop("id"), None):
                asked[0].set_result((header, body))
        self.child.wait()
        self._give_up()

    def _give_up(self) -> None:
        for number in list(self.waiting):
            if asked := self.waiting.pop(number, None):
                asked[0].set_exception(_Died())

    def end(self) -> None:
        self.child.kill()  # it holds nothing that could be lost
        # A busy machine may need seconds to end a large process; Ctrl-C must not wait for that.
        with suppress(subprocess.TimeoutExpired):
            self.child.wait(0.1)


_process: _Process | None = None
_load = Load()
_starting = threading.Lock()
atexit.register(stop)


def _running() -> _Process:
    global _process
    with _starting:
        if _process is None or not _process.alive():
            _process = _Process()
        return _process
