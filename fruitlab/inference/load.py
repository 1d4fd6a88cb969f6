"""How many questions to networks are being answered, and when it is better to come back later.

Waiting without end helps nobody: beyond a bound, a question is refused at once, with the seconds
after which there should be room. Frames of webcams are refused earlier than photos, because the
next frame comes anyway.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 100  # questions at once; the default network answers about 100 a second on one core
MOST_FRAMES = 20  # as soon as so many are asked, frames of webcams are refused
CROWD = 8  # questions at once, from which on answers come before what else could be said of a photo
CALM = 1.0  # seconds after which there is no crowd any more: its answers come in batches
LONGEST = 60  # seconds that a visitor is asked to wait at most
OVERLOADED = "FruitLab is busy. Try again in {} s."


class Overloaded(Exception):
    """Too many questions wait. `seconds` later there should be room."""

    def __init__(self, seconds: int) -> None:
        super().__init__(OVERLOADED.format(seconds))
        self.seconds = seconds


class Load:
    """Counts questions. Safe to use from many threads.

    Attributes:
        waiting: questions that are being answered.
        counts: finished ones by outcome: answered, failed, refused.
        seconds: from question to answer, summed over those answered.
    """

    def __init__(self) -> None:
        self.waiting, self.seconds, self.counts = 0, 0.0, Counter(answered=0, failed=0, refused=0)
        self._pace, self._lock = 0.02, threading.Lock()  # seconds for each waiting question
        self._crowd = -math.inf  # when there was one last

    def overloaded(self, *, frame: bool = False) -> int | None:
        """The seconds until a further question should be asked; None if it can be asked now."""
        if self.waiting < (MOST_FRAMES if frame else MOST):
            return None
        return max(1, min(LONGEST, math.ceil(self.waiting * self._pace)))

    def crowded(self) -> bool:
        """Whether more than `CROWD` questions have waited at once within the last second."""
        return time.monotonic() - self._crowd < CALM

    @contextmanager
    def question(self, *, frame: bool = False) -> Iterator[None]:
        """Take part while a question is answered. Raises Overloaded."""
        with self._lock:
            if seconds := self.overloaded(frame=frame):
                self.counts["refused"] += 1
                raise Overloaded(seconds)
            self.waiting += 1
            began, together = time.monotonic(), self.waiting
            self._note_crowd()
        outcome = "failed"
        try:
            yield
            outcome = "answered"
        finally:
            with self._lock:
                self._note_crowd()
                self.waiting -= 1
                self.counts[outcome] += 1
                if outcome == "answered":
                    took = time.monotonic() - began
                    self.seconds += took
                    self._pace += 0.1 * (took / together - self._pace)

    def _note_crowd(self) -> None:
        if self.waiting > CROWD:
            self._crowd = time.monotonic()
