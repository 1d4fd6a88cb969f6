"""Predictions for pages and demo, from one process that they share: whoever asks needs no torch and waits for nobody's import.

The process (predictor_process.py) starts when first asked, holds up to 32 networks, ends itself after ten quiet minutes, is
started again when asked again or when it dies, and ends with this one, since it reads its requests from us. A message in
either direction is two lengths, JSON, and bytes: nothing that could be told to run code.
"""

import atexit
import json
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fruitlab.config.errors import RunError
from fruitlab.config.paths import PROJECT, child_environment
from fruitlab.data.pictures import SIZE, BadPicture
from fruitlab.inference.heatmap import Explanation
from fruitlab.runs.folder import find

SECONDS = 60  # to wait for an answer; the first includes importing torch, on a machine that may be training
MAX_BYTES = 64 * 2**20  # of a photo's file: four times what telephones write
LENGTHS = struct.Struct("!II")

Photo = (
    bytes | Path | np.ndarray
)  # a picture file, its bytes, or uint8 [100, 100, 3] as `pictures.read` returns it


class PredictorError(Exception):
    """No answer; the text says why, and what to do."""


@dataclass(frozen=True)
class Answers:
    """What several networks say of one photo."""

    seen: np.ndarray  # uint8 [100, 100, 3]: the photo as the networks saw it
    top: dict[str, list[dict[str, Any]]]  # run id: [{category, probability}], the likeliest first
    errors: dict[str, str]  # run id: why that network could not be asked


def top3(run_id: str, photo: Photo) -> list[dict[str, Any]]:
    """[{category, probability}] of the three likeliest, the likeliest first.

    Raises:
        BadPicture: the photo cannot be used. RunError: the run's network cannot. PredictorError: no answer came.
    """
    return _of_one(run_id, top3_many([run_id], photo))


def top3_many(run_ids: Sequence[str], photo: Photo) -> Answers:
    """The same of several networks, which see the photo read once. Raises BadPicture and PredictorError."""
    answers, seen = _ask(run_ids, photo, explain=False)
    return Answers(
        seen,
        {one["run"]: one["top"] for one in answers if "top" in one},
        {one["run"]: one["error"] for one in answers if "error" in one},
    )


def explain(run_id: str, photo: Photo) -> Explanation:
    """`top3` with the photo as the network saw it and where it looked. Raises as `top3` does."""
    (answer,), seen = _ask([run_id], photo, explain=True)
    if "error" in answer:
        raise RunError(answer["error"])
    return Explanation(answer["top"], seen, np.array(answer["relevance"], dtype=np.float32))


def start() -> None:
    """Starts the process if there is none, and returns at once: called while a person is still choosing a photo."""
    _running()


def stop() -> None:
    """Ends the process, if there is one."""
    global _process
    with _starting:
        if _process is not None:
            _process.end()
            _process = None


def _of_one(run_id: str, answers: Answers) -> list[dict[str, Any]]:
    if run_id in answers.errors:
        raise RunError(answers.errors[run_id])
    return answers.top[run_id]


def _ask(
    run_ids: Sequence[str], photo: Photo, *, explain: bool
) -> tuple[list[dict[str, Any]], np.ndarray]:
    body = _content(photo)
    known, unknown = [], []
    for run_id in run_ids:
        try:
            known.append([run_id, str(find(run_id).folder.resolve())])
        except RunError as error:
            unknown.append({"run": run_id, "error": str(error)})
    request = {"runs": known, "explain": explain, "pixels": isinstance(photo, np.ndarray)}
    for attempt in (
        1,
        2,
    ):  # asking again changes nothing, so a process that died is asked again once
        try:
            header, seen = _running().ask(request, body)
            break
        except _Died:
            if attempt == 2:
                raise PredictorError(
                    "The process that makes predictions ended twice without an answer. Is there enough memory? "
                    "Its last words are in the terminal that the server runs in."
                ) from None
    if "error" in header:
        raise BadPicture(header["error"])
    return header["answers"] + unknown, np.frombuffer(seen, np.uint8).reshape(SIZE, SIZE, 3)


def _content(photo: Photo) -> bytes:
    if isinstance(photo, np.ndarray):
        return np.ascontiguousarray(photo, dtype=np.uint8).tobytes()
    try:
        size = len(photo) if isinstance(photo, bytes) else photo.stat().st_size
        if size > MAX_BYTES:
            raise BadPicture(
                f"the file is too large: {size / 2**20:,.0f} MB, up to {MAX_BYTES / 2**20:.0f} MB are read: save it smaller"
            )
        return photo if isinstance(photo, bytes) else photo.read_bytes()
    except OSError as error:
        raise BadPicture(f"it cannot be read ({error.strerror})") from None


# -- the process


class _Died(Exception):
    """The process ended before it answered."""


class _Process:
    """One process; any number of threads may ask it at once. It answers in order."""

    def __init__(self) -> None:
        # A session of its own: Ctrl-C in the terminal is for the server, whose end closes the pipe, which ends this one.
        # One thread, as a photo is too small to share out, and somebody may be training.
        self.child = subprocess.Popen(
            [sys.executable, "-m", "fruitlab.inference.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT,
            env=child_environment(OMP_NUM_THREADS="1"),
            start_new_session=True,
        )
        self.waiting: dict[int, Future] = {}
        self.writing, self.number, self.heard = threading.Lock(), 0, time.monotonic()
        threading.Thread(target=self._listen, name="predictions", daemon=True).start()

    def alive(self) -> bool:
        return self.child.poll() is None

    def ask(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        answer: Future = Future()
        began = time.monotonic()
        try:
            with self.writing:
                self.number += 1
                number = self.number
                self.waiting[number] = answer
                send(self.child.stdin, request | {"id": number}, body)
        except OSError:
            raise _Died from None
        if not self.alive():
            self._give_up()  # the listener may have given up before this request was noted
        try:
            return answer.result(timeout=SECONDS)
        except TooLate:
            self.waiting.pop(number, None)
            if self.heard < began:
                self.child.kill()  # it hangs: the next one asks a new one
            raise PredictorError(
                f"No answer within {SECONDS} seconds: this machine is very busy, or short of memory. Try again."
            ) from None

    def _listen(self) -> None:
        while (message := receive(self.child.stdout)) is not None:
            header, body = message
            self.heard = time.monotonic()
            if answer := self.waiting.pop(header.pop("id"), None):
                answer.set_result((header, body))
        self.child.wait()
        self._give_up()

    def _give_up(self) -> None:
        for number in list(self.waiting):
            if answer := self.waiting.pop(number, None):
                answer.set_exception(_Died())

    def end(self) -> None:
        self.child.kill()  # it holds nothing that could be lost
        try:
            # A large process takes seconds to be taken down by a busy machine, which Ctrl-C at the server need not wait for.
            self.child.wait(0.1)
        except subprocess.TimeoutExpired:
            pass


_process: _Process | None = None
_starting = threading.Lock()
atexit.register(stop)


def _running() -> _Process:
    global _process
    with _starting:
        if _process is None or not _process.alive():
            _process = _Process()
        return _process


# -- messages, for both sides


def send(pipe: BinaryIO, header: dict[str, Any], body: bytes) -> None:
    """One message. Raises OSError where nobody reads any more."""
    head = json.dumps(header).encode()
    pipe.write(LENGTHS.pack(len(head), len(body)) + head)
    pipe.write(body)
    pipe.flush()


def receive(pipe: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message; None where the other side ended, in the middle of one or not."""
    lengths = pipe.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head_length, body_length = LENGTHS.unpack(lengths)
    head, body = pipe.read(head_length), pipe.read(body_length)
    if len(head) < head_length or len(body) < body_length:
        return None
    return json.loads(head), body
