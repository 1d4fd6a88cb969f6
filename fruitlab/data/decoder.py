"""The process that decodes pictures: `python -m fruitlab.data.decoder DESCRIPTOR SECONDS`.

decoding.py starts it and talks to it. A request is one picture: a path, or the content of a file.
An answer is its pixels, or the reason why it cannot be used.
"""

import os
import resource
import signal
import socket
import struct
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from PIL import AvifImagePlugin

from fruitlab.data import pictures
from fruitlab.data.pictures import BadPicture

PATH, CONTENT = b"p", b"c"  # first byte of a request
PIXELS, REASON = b"+", b"-"  # first byte of an answer
MEMORY = 400_000_000  # bytes beyond what the process has when it starts
IDLE_SECONDS = 600  # without a request before the process ends: it holds about 45 MB


def restrict() -> None:
    """Give up what decoding does not need: more memory, new files, new processes.

    The limit on memory works on Linux only: macOS accepts it and does not enforce it.
    """
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_NPROC: 0}
    with suppress(OSError), open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
        limits[resource.RLIMIT_AS] = now + MEMORY
    for limit, value in limits.items():
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, (value, value))


def answer(request: bytes, seconds: float) -> bytes:
    """The answer to a request; the system ends this process after `seconds` of processor time."""
    kind, rest = request[:1], request[1:]
    signal.setitimer(signal.ITIMER_PROF, seconds)  # SIGPROF ends a process that does not handle it
    try:
        return PIXELS + pictures.read(Path(os.fsdecode(rest)) if kind == PATH else rest).tobytes()
    except BadPicture as error:
        return REASON + str(error).encode("utf-8", "backslashreplace")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def wait_for_messages(end: socket.socket, seconds: int) -> None:
    """Make reading from a socket fail with OSError after some seconds without a byte."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", seconds, 0))


def main() -> None:
    """Answer requests until the other side has closed the connection or sends nothing for long."""
    number, seconds = int(sys.argv[1]), float(sys.argv[2])
    restrict()
    end = socket.socket(fileno=number)
    wait_for_messages(end, IDLE_SECONDS)
    with Connection(end.detach()) as requests, suppress(EOFError, OSError):
        while True:
            requests.send_bytes(answer(requests.recv_bytes(), seconds))


if __name__ == "__main__":
    main()
