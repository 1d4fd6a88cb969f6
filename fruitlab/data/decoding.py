"""Decodes pictures of unknown origin in child processes with limits on memory and time.

A picture that is made to fill the memory, to take minutes or to exploit a fault of a decoder gets
no further than its process, `decoder`. The processes are kept for the next pictures, up to one for
each core; any number of threads may use them at once.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from fruitlab.config.paths import PROJECT, child_environment
from fruitlab.data import decoder
from fruitlab.data.pictures import SIZE, BadPicture

SECONDS = 5.0  # of processor time for a picture
WORKERS = max(2, os.cpu_count() or 1)
# For a picture, where the processor time does not run: a disk that does not answer.
WAIT_SECONDS = 60


class Stopped(Exception):
    """The decoders were stopped (`stop`) while they were at work."""


def read(source: Path | bytes) -> np.ndarray:
    """``pictures.read`` in a child process.

    Args:
        source: a path, or the content of a file.

    Returns:
        uint8 [100, 100, 3], RGB.

    Raises:
        BadPicture: the picture cannot be used, or takes too much memory or time.
    """
    (result,) = read_many([source])
    if isinstance(result, BadPicture):
        raise result
    return result


def read_many(sources: Sequence[Path | bytes]) -> list[np.ndarray | BadPicture]:
    """The same for several pictures, one after the other in one process.

    Raises:
        Stopped: `stop` was called in the meantime.
    """
    return _decoders.read_many(sources)


def stop() -> None:
    """End the child processes at once. Pictures that are asked for later start new ones."""
    global _decoders
    before, _decoders = _decoders, Decoders()
    before.stop()


class _Decoder:
    """A child process, started again after a picture that it died of."""

    def __init__(self, seconds: float, stopped: threading.Event) -> None:
        self.seconds, self.stopped = seconds, stopped
        self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        decoder.wait_for_messages(ours, WAIT_SECONDS)
        self.connection, number = Connection(ours.detach()), theirs.fileno()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fruitlab.data.decoder", str(number), str(self.seconds)],
                cwd=PROJECT,
                env=child_environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"),
                stdin=subprocess.DEVNULL,
                pass_fds=[number],
                start_new_session=True,  # Ctrl-C in this terminal is not for the decoders
            )

    def read(self, source: Path | bytes) -> np.ndarray | BadPicture:
        request = (
            decoder.CONTENT + source
            if isinstance(source, bytes)
            else decoder.PATH + os.fsencode(source.absolute())
        )
        try:
            self.connection.send_bytes(request)
        except OSError:  # it ended before, after a long time without pictures
            self._restart()
            self.connection.send_bytes(request)
        try:
            answer = self.connection.recv_bytes(maxlength=1_000_000)
        except (EOFError, OSError):
            self._restart()
            return BadPicture(
                f"it takes more than {self.seconds:g} seconds to decode; save it again in a "
                "common format"
            )
        if answer[:1] == decoder.REASON:
            return BadPicture(answer[1:].decode("utf-8", "replace"))
        return np.frombuffer(answer, np.uint8, offset=1).reshape(SIZE, SIZE, 3)

    def _restart(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.wait()
        if self.stopped.is_set():
            raise Stopped
        self._start()


class Decoders:
    """Child processes, of which each is used by one thread at a time.

    Args:
        seconds: of processor time for a picture.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds, self.stopped = seconds, threading.Event()
        self._free = threading.Semaphore(WORKERS)
        self._all: list[_Decoder] = []
        self._idle: list[_Decoder] = []

    def read_many(self, sources: Sequence[Path | bytes]) -> list[np.ndarray | BadPicture]:
        """As the function of that name."""
        with self._lend() as borrowed:
            return [borrowed.read(source) for source in sources]

    @contextmanager
    def _lend(self) -> Iterator[_Decoder]:
        with self._free:
            if self.stopped.is_set():
                raise Stopped
            if self._idle:
                borrowed = self._idle.pop()
            else:
                borrowed = _Decoder(self.seconds, self.stopped)
                self._all.append(borrowed)
            try:
                yield borrowed
            finally:
                self._idle.append(borrowed)

    def stop(self) -> None:
        """End the processes at once; threads that wait for one get Stopped."""
        self.stopped.set()
        for one in self._all:
            one.process.kill()
            one.process.wait()


_decoders = Decoders()
