"""The prediction server as a child process, which any number of threads ask at once."""

import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from typing import Any

from fruitlab.config.paths import PROJECT, child_environment
from fruitlab.inference.messages import receive, send

SECONDS = 60  # to wait for an answer; the first one includes importing torch on a busy machine


class PredictorError(Exception):
    """The prediction server gave no answer. The message says why and what to do."""


class Died(Exception):
    """The server ended before it answered."""


class Process:
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
        """Whether it runs."""
        return self.child.poll() is None

    def hangs(self) -> bool:
        """Whether somebody has waited for long, and nobody got an answer since."""
        began = min((asked for _, asked in list(self.waiting.values())), default=time.monotonic())
        return time.monotonic() - max(began, self.heard) > SECONDS

    def ask(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """The answer to a request. Raises Died, or PredictorError if it takes too long."""
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
            raise Died from None
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
                asked[0].set_exception(Died())

    def end(self) -> None:
        """End it, whatever it does."""
        self.child.kill()  # it holds nothing that could be lost
        # A busy machine may need seconds to end a large process; Ctrl-C must not wait for that.
        with suppress(subprocess.TimeoutExpired):
            self.child.wait(0.1)
