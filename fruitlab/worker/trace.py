"""What happens between two evaluations: the loss of every iteration, and progress every second."""

import time
from collections.abc import Iterator

import torch
from torch import Tensor

from fruitlab.runs import steps
from fruitlab.runs.folder import Run
from fruitlab.training.state import State

EVERY = 1.0  # seconds between two writes
CAPACITY = 8192  # iterations that fit on the device; when it is full, it is read at once


class Trace:
    """Writes the loss, learning rate and momentum of every iteration to the run's folder.

    Losses and rates are collected on the device. Once a second, they are copied without waiting for
    the device: a GPU goes on with the iterations that it has been given, and what it has copied is
    written a second later. `flush` waits, where an evaluation waits for the device anyway.
    """

    def __init__(self, run: Run, state: State) -> None:
        self.run, self.state = run, state
        self.on_device = torch.empty(CAPACITY, 2, device=state.device)
        self.momentum: list[float] = []  # of the iterations on the device and those being copied
        self.filled = 0  # rows of `on_device` that hold an iteration
        self.copied: tuple[Tensor, torch.cuda.Event] | None = None  # on its way to the host
        self.first = state.iteration + 1  # the earliest iteration that is not written yet
        self.since = time.time()
        self.written = time.monotonic()

    def add(self) -> None:
        """Take the iteration that has just ended; once a second, write what is there."""
        counters = self.state.counters
        torch.stack((counters["loss"], counters["rate"]), out=self.on_device[self.filled])
        self.momentum.append(self.state.momentum)
        self.filled += 1
        if self.filled == CAPACITY:
            self.flush()
        elif time.monotonic() - self.written >= EVERY:
            self.written = time.monotonic()
            self._write(self._ready())
            self.progress()

    def flush(self) -> None:
        """Write every iteration so far."""
        for rows in list(self._all()):
            self._write(rows)

    def progress(self) -> None:
        """Write how far the run is."""
        self.run.doing(
            "training",
            since=self.since,
            iteration=self.state.iteration,
            pictures=self.state.pictures,
            seconds=round(self.state.seconds, 3),
        )

    def _all(self) -> Iterator[Tensor]:
        if self.copied is not None:
            rows, copy = self.copied
            copy.synchronize()
            self.copied = None
            yield rows
        yield self.on_device[: self.filled].cpu()
        self.filled = 0

    def _ready(self) -> Tensor:
        """What can be had without waiting; starts to copy the rest."""
        rows = self.on_device[: self.filled]
        if rows.device.type != "cuda":
            self.filled = 0
            return rows.cpu()
        ready = rows[:0].cpu()
        if self.copied is not None and self.copied[1].query():
            ready, self.copied = self.copied[0], None
        if self.copied is None and self.filled:
            host = torch.empty(rows.shape, pin_memory=True)
            host.copy_(rows, non_blocking=True)  # before the next iteration writes there
            copy = torch.cuda.Event()
            copy.record()
            self.copied, self.filled = (host, copy), 0
        return ready

    def _write(self, rows: Tensor) -> None:
        count = len(rows)
        if count:
            loss, rate = rows.T.tolist()
            momentum, self.momentum = self.momentum[:count], self.momentum[count:]
            steps.append(self.run, self.first, loss, rate, momentum)
            self.first += count
