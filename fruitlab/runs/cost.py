"""What a run costs: estimated before it starts, measured while it trains. No torch."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fruitlab.methods.base import Method
from fruitlab.methods.batching import mean_batch
from fruitlab.methods.phase import Phase
from fruitlab.models import weights
from fruitlab.runs.entry import Entry

# Training pictures per second of the paper's network at width 1, everything included, until a run
# has been measured here; and its multiplications per picture. From two cores of a common server.
UNMEASURED = 300.0
MULTIPLY_ADDS = 35.8e6
# Half the width takes a little over half the time, as small layers use the processor less well.
WIDTH_EXPONENT = 1.2
SCORING = 1 / 3  # work for a picture that is only scored: no backward pass, no update
# Work for a training picture of half the side: measured as 0.35 with one thread, 0.53 with two.
HALF_SIZE = 0.45
DRAWN = 70.0  # built-in pictures drawn per second, on a core that others use, too
TEST_SHARE = 0.4  # of each category (paper 4.3)
RECENT = 5  # runs whose median speed counts


@dataclass(frozen=True)
class Estimate:
    """What one or more runs take on this machine.

    Attributes:
        pictures: training pictures seen.
        work: all pictures that pass through the network, in training pictures: one that is only
            scored counts for less.
        seconds: one run after the other.
        measured: whether the speed was measured on earlier runs here; otherwise it is a guess.
    """

    pictures: int
    work: float
    seconds: float
    measured: bool

    @property
    def speed(self) -> float:
        """Training pictures per second."""
        return self.work / self.seconds

    @property
    def basis(self) -> str:
        """Where the speed comes from, in words."""
        if self.measured:
            return "measured on earlier runs here"
        return "a guess until a run has been measured here"


def estimate(
    config: Method, nice: int, real: int, entries: Iterable[Entry], *, first_phase: int = 0
) -> Estimate:
    """What a run will take on this machine.

    Args:
        config: of the run.
        nice, real: pictures of each domain in the data, training and test pictures together.
        entries: all runs, newest first; the speed is measured on earlier ones.
        first_phase: number of phases that are done already.
    """
    pictures, work = workload(config, nice, real, first_phase=first_phase)
    speed = measured_speed(entries, config)
    seconds = work / (speed or guessed_speed(config))
    return Estimate(pictures, work, seconds, measured=speed is not None)


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Several runs one after the other; measured only if each of them is."""
    found = list(estimates)
    return Estimate(
        pictures=sum(one.pictures for one in found),
        work=sum(one.work for one in found),
        seconds=sum(one.seconds for one in found),
        measured=all(one.measured for one in found),
    )


def workload(config: Method, nice: int, real: int, *, first_phase: int = 0) -> tuple[int, float]:
    """Training pictures seen and work of a run, as `Estimate.pictures` and `Estimate.work`."""
    train_nice, train_real = round((1 - TEST_SHARE) * nice), round((1 - TEST_SHARE) * real)
    test_nice, test_real = nice - train_nice, real - train_real
    if config.validation:  # a part of the training pictures takes the place of the test pictures
        share = config.validation / 100
        test_nice, test_real = round(share * train_nice), round(share * train_real)
        train_nice, train_real = train_nice - test_nice, train_real - test_real
    tests = test_nice + test_real
    live = min(config.live_pictures, test_nice) + min(config.live_pictures, test_real)
    pictures = work = 0.0
    for phase in config.phases()[first_phase:]:
        # An upper bound for a pool that keeps some pictures of each category only.
        chosen, *further = (
            max(1, round(pool.nice * train_nice) + round(pool.real * train_real))
            for pool in phase.pools
        )
        share = sum(pool.batch_share or 0.0 for pool in phase.pools[1:])
        batch = _mean_batch(chosen, config.batch_size, share)
        seen = phase.iterations * batch
        pictures += seen
        if phase.inputs == "features":
            # The convolutions are frozen, so each picture passes through them once.
            work += SCORING * (chosen + sum(further) + tests)
        else:
            evaluations = config.full_evaluations * phase.iterations / config.iterations
            live_points = phase.iterations / config.live_every
            work += batch * _full_size(phase, phase.iterations)
            work += SCORING * (live * live_points + tests * evaluations)
    return round(pictures), work


def _full_size(phase: Phase, iteration: int) -> float:
    """The work of a phase's first iterations, in iterations on pictures of full size."""
    return iteration - (1 - HALF_SIZE) * min(iteration, phase.half_size)


def work_until(config: Method, iteration: int) -> float:
    """The work of a run's first iterations, in iterations on pictures of full size."""
    work, left = 0.0, iteration
    for phase in config.phases():
        done = min(left, phase.iterations)
        work, left = work + _full_size(phase, done), left - done
    return work


def _mean_batch(pictures: int, batch_size: int, share: float) -> float:
    """Mean number of pictures in a batch of which further pools fill that share."""
    if batch_size:
        extra = round(share * batch_size)
        return mean_batch(pictures, max(1, batch_size - extra)) + extra
    return mean_batch(pictures, 0) / (1 - share) if share < 1 else 0.0


def run_speed(entry: Entry) -> float | None:
    """Training pictures per second of a run, with scored ones counted for their work.

    None if the run has too few evaluations.
    """
    first_phase = entry.column("phase") == 0  # trains all layers on pictures, whatever the method
    if first_phase.sum() < 2:
        return None
    seconds = entry.column("seconds")[first_phase]
    seen = (entry.column("seen_nice") + entry.column("seen_real"))[first_phase]
    tests = (entry.column("nice_pictures") + entry.column("real_pictures"))[first_phase]
    iteration = entry.column("iteration")[first_phase]
    elapsed, steps = seconds[-1] - seconds[0], iteration[-1] - iteration[0]
    if not (elapsed > 0 and steps > 0):
        return None
    done = work_until(entry.known_config, iteration[-1])
    share = (done - work_until(entry.known_config, iteration[0])) / steps
    work = share * (seen[-1] - seen[0]) + SCORING * tests[1:].sum()
    return float(work / elapsed)


def measured_speed(entries: Iterable[Entry], config: Method) -> float | None:
    """Median speed of the most recent runs on this machine that trained the same network."""
    speeds: list[float] = []
    for entry in entries:
        if len(speeds) == RECENT:
            break
        if not entry.run.shipped and entry.config and _same_network(entry.config, config):
            speed = run_speed(entry)
            speeds += [speed] if speed else []
    return statistics.median(speeds) if speeds else None


def _same_network(one: Method, other: Method) -> bool:
    """Whether one run says how fast all layers of another run's network are trained."""
    alike = ("network", "width", "input_size")
    return one.trained_layers == "all" and all(getattr(one, n) == getattr(other, n) for n in alike)


def guessed_speed(config: Method) -> float:
    """Training pictures per second that the network may reach on a common machine."""
    if found := weights.find(config.network):
        enlarged = (config.input_size or found.input_size) / found.input_size
        return UNMEASURED * MULTIPLY_ADDS / (found.multiply_adds * enlarged**2)
    return UNMEASURED / max(0.1, config.width) ** WIDTH_EXPONENT


def drawing_seconds(pictures: int) -> float:
    """Seconds that drawing so many built-in pictures may take. That happens once."""
    return pictures / DRAWN


def seconds_left(entry: Entry, *, window: int = 8) -> float | None:
    """Seconds until a run ends, at the pace of the last evaluations of its phase.

    A later phase may be faster or slower. None before the pace is known.
    """
    if entry.config is None or not entry.points:
        return None
    phase = entry.column("phase")
    recent = np.flatnonzero(phase == phase[-1])[-window:]
    now = entry.now
    iteration = _with_now(entry.column("iteration")[recent], now and now.iteration)
    seconds = _with_now(entry.column("seconds")[recent], now and now.seconds)
    first, last, whole = (
        work_until(entry.config, round(i))
        for i in (iteration[0], iteration[-1], entry.config.iterations)
    )
    elapsed = seconds[-1] - seconds[0]
    return float(elapsed / (last - first) * (whole - last)) if last > first else None


def pictures_per_second(entry: Entry, *, window: int = 8) -> float | None:
    """Training pictures per second over the last evaluations, scoring included."""
    if not entry.points:
        return None
    now = entry.now
    seen = entry.column("seen_nice") + entry.column("seen_real")
    seen = _with_now(seen[-window:], now and now.pictures)
    seconds = _with_now(entry.column("seconds")[-window:], now and now.seconds)
    elapsed = seconds[-1] - seconds[0]
    return float((seen[-1] - seen[0]) / elapsed) if elapsed > 0 else None


def _with_now(values: np.ndarray, now: float | None) -> np.ndarray:
    """The values at evaluations and the present one, if that is later."""
    return values if now is None or now <= values[-1] else np.append(values, now)
