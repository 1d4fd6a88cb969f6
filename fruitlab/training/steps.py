"""The iterations of a phase. On a CUDA device they are captured once and replayed.

A step starts 1,000 to 1,500 small kernels. Python takes three to eight times as long to start them
as a GPU to run them (docs/gpu.md), so they are captured as a CUDA graph, which starts all of them
at once. A graph repeats the same operations with the same numbers at the same places in
memory. What changes is therefore written to tensors that stay in place: which pictures, the key of
their augmentation, the rates. What changes the operations (the size of the batch, whether it is
augmented, the size of its pictures) gets a graph of its own.

The first iteration of a kind runs without a graph, which prepares libraries and caches. Graph or
not, the kernels are the same, and so are the bits: a run may be resumed anywhere.
"""

import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.phase import Phase
from fruitlab.training.batches import Batches, Choice
from fruitlab.training.state import State
from fruitlab.training.step import Rates, compute, finish, scheduled

Work = Callable[[], None]


class Capture(Protocol):
    """Captures work that takes no arguments, to be replayed."""

    def prepare(self, work: Work) -> None:
        """Do the work once, such that it can be captured next."""

    def capture(self, work: Work) -> Work:
        """What replays the work, which is not done now. Raises RuntimeError if it cannot be."""


class CudaGraphs:
    """Captures CUDA graphs that share their memory. They must be replayed one at a time."""

    def __init__(self) -> None:
        self.pool = torch.cuda.graph_pool_handle()
        self.stream = torch.cuda.Stream()

    def prepare(self, work: Work) -> None:
        """Do the work on the stream that captures, so that cuBLAS gets its memory there."""
        here = torch.cuda.current_stream()
        self.stream.wait_stream(here)
        with torch.cuda.stream(self.stream):
            work()
        here.wait_stream(self.stream)

    def capture(self, work: Work) -> Work:
        """See `Capture`."""
        graph, here = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        capturing = torch.cuda.graph(
            graph, pool=self.pool, stream=self.stream, capture_error_mode="thread_local"
        )
        with warnings.catch_warnings():
            # Such as of work on another GPU than the current one. It would do nothing.
            warnings.filterwarnings("error", message=".*CUDA Graph is empty")
            # The outer context puts `here` back after an error.
            with torch.cuda.stream(here), capturing:
                work()
        return graph.replay


class Direct:
    """Replays work by doing it again."""

    def prepare(self, work: Work) -> None:
        """See `Capture`."""
        work()

    def capture(self, work: Work) -> Work:
        """See `Capture`."""
        return work


def capture_on(device: torch.device) -> Capture | None:
    """How steps are captured on this device; None where they are not."""
    return CudaGraphs() if device.type == "cuda" else None


@dataclass
class Kind:
    """A step of one kind: the places that it reads its pictures from, and what replays it."""

    places: Tensor
    work: Work
    prepared: bool = False
    replay: Work | None = None


class Steps:
    """The iterations of one phase, in any order. Make a new one for every phase.

    Args:
        capture: None starts every operation from Python.
    """

    def __init__(
        self,
        config: RunConfig,
        phase: Phase,
        state: State,
        batches: Batches,
        capture: Capture | None,
    ) -> None:
        self.config, self.phase, self.state, self.batches = config, phase, state, batches
        self.capture = capture
        self.kinds: dict[Hashable, Kind] = {}
        if capture is not None:
            rate, momentum, norm_momentum = torch.zeros(3, device=state.device).unbind()
            # A constant remains a number, which saves kernels.
            constant = config.norm_rise == 0
            self.rates = Rates(rate, momentum, config.norm_momentum if constant else norm_momentum)
            self.streams: dict[str, Tensor] = {}

    def __call__(self, iteration: int) -> None:
        """Do that iteration of the phase, at the rates of the state's clock."""
        config, state = self.config, self.state
        choice, rates = self.batches.choose(iteration), scheduled(config, self.phase, state)
        if self.capture is None:
            compute(config, self.phase, state, self.batches.gather(choice), rates)
        else:
            self._write(choice, rates)
            self._replay(self.capture, self._kind(choice))
        finish(config, state, len(choice.places), last_of_epoch=choice.last_of_epoch)

    def _kind(self, choice: Choice) -> Kind:
        """The step that fits the choice, with its pictures in place."""
        last = choice.last_of_epoch and self.phase.extra_loss is not None  # which may ask for it
        key = (len(choice.places), *choice.streams, last, choice.half_size)
        if key not in self.kinds:
            places = torch.empty_like(choice.places)
            streams = {name: self.streams[name] for name in choice.streams}
            kept = Choice(places, streams, last, choice.half_size)
            config, phase, state, rates = self.config, self.phase, self.state, self.rates
            gather = self.batches.gather

            def work() -> None:  # without `self`: a cycle would keep the graphs' memory
                compute(config, phase, state, gather(kept), rates)

            self.kinds[key] = Kind(places, work)
        found = self.kinds[key]
        found.places.copy_(choice.places)
        return found

    def _write(self, choice: Choice, rates: Rates) -> None:
        """Put what changes from step to step where captured steps read it."""
        for name, value in vars(self.rates).items():
            if isinstance(value, Tensor):
                value.fill_(getattr(rates, name))
        for name, stream in choice.streams.items():
            if name not in self.streams:
                self.streams[name] = torch.empty((), dtype=torch.int64, device=self.state.device)
            self.streams[name].fill_(stream)

    def _replay(self, capture: Capture, found: Kind) -> None:
        if not found.prepared:
            capture.prepare(found.work)
            found.prepared = True
            return
        if found.replay is None:
            try:
                found.replay = capture.capture(found.work)
            except (RuntimeError, UserWarning) as error:
                self._give_up(error)
                found.replay = found.work
        found.replay()

    def _give_up(self, error: Exception) -> None:
        """Go on without capturing: nothing has been computed, but gradients may be half made."""
        first = error.__context__ or error  # what went wrong, before the capture broke off
        self.state.not_captured = (str(first).strip() or repr(first)).splitlines()[0]
        self.capture = Direct()
        for parameter in self.state.trained.values():
            parameter.grad = None
