"""What a run will cost before it starts, and how far one has come: pure functions of numbers, without torch."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fruitlab.config.run_config import RunConfig
from fruitlab.runs.index import Entry

# Pictures a second in training at width 1, all costs in it, where no run has been measured yet: two cores of a common server.
UNMEASURED = 300.0
SCORING = 1 / 3  # cost of a picture that is only scored: forward, without backward and update
TEST_SHARE = 0.4  # of each category (paper 4.3)
RECENT = 5  # runs whose median says how fast this machine is now


@dataclass(frozen=True)
class Cost:
    """Pictures trained on; and the work of all that runs through the convolutions, in pictures trained on."""

    pictures: int
    work: float


def cost(config: RunConfig, nice: int, real: int, *, first: int = 0) -> Cost:
    """What a run takes on data with so many pictures in each domain (training and test together), from its `first` phase on."""
    tests = round(TEST_SHARE * nice) + round(TEST_SHARE * real)
    train_nice, train_real = nice - round(TEST_SHARE * nice), real - round(TEST_SHARE * real)
    live = min(config.live_pictures, round(TEST_SHARE * nice)) + min(
        config.live_pictures, round(TEST_SHARE * real)
    )
    pictures = work = 0.0
    for phase in config.phases()[first:]:
        chosen = max(
            1, round(phase.pools[0].nice * train_nice) + round(phase.pools[0].real * train_real)
        )
        batches = min(chosen, 20 if config.batch_size == 0 else -(-chosen // config.batch_size))
        seen = phase.iterations * chosen / batches
        pictures += seen
        if (
            phase.inputs == "features"
        ):  # the convolutions stand still: each picture runs through them once
            work += SCORING * (chosen + tests)
        else:
            marks = config.full_evaluations * phase.iterations / config.iterations
            work += seen + SCORING * (live * phase.iterations / config.live_every + tests * marks)
    return Cost(round(pictures), work)


def speed(entry: Entry) -> float | None:
    """Pictures a second that a run was trained at, scored ones counted for what they cost; None if it says too little."""
    through = entry.column("phase") == 0  # the first phase always trains all layers on pictures
    if through.sum() < 2:
        return None
    seconds, seen = (
        entry.column("seconds")[through],
        (entry.column("seen_nice") + entry.column("seen_real"))[through],
    )
    scored = (entry.column("nice_pictures") + entry.column("real_pictures"))[through][1:].sum()
    passed = seconds[-1] - seconds[0]
    return float((seen[-1] - seen[0] + SCORING * scored) / passed) if passed > 0 else None


def measured(entries: Iterable[Entry], width: float) -> float | None:
    """The median speed of this machine's last runs with networks of that width; None if there are none."""
    speeds: list[float] = []
    for entry in entries:
        if (
            len(speeds) < RECENT
            and not entry.run.shipped
            and entry.config is not None
            and entry.config.width == width
        ):
            found = speed(entry)
            speeds += [found] if found else []
    return statistics.median(speeds) if speeds else None


def unmeasured(width: float) -> float:
    """The guess for a width: half the width is a little over half the work, as small layers are less well used."""
    return UNMEASURED / max(0.1, width) ** 1.2


def seconds_left(entry: Entry, *, window: int = 8) -> float | None:
    """By the pace of the last points of the phase it is in; a later phase may be faster or slower. None before there is a pace."""
    if entry.config is None or entry.points < 2:
        return None
    phase = entry.column("phase")
    here = np.flatnonzero(phase == phase[-1])[-window:]
    iteration, seconds = entry.column("iteration")[here], entry.column("seconds")[here]
    done, passed = iteration[-1] - iteration[0], seconds[-1] - seconds[0]
    return float(passed / done * (entry.config.iterations - iteration[-1])) if done > 0 else None


def pictures_a_second(entry: Entry, *, window: int = 8) -> float | None:
    """Training pictures a second over the last points, scoring included."""
    if entry.points < 2:
        return None
    first = max(0, entry.points - window)
    seen, seconds = entry.column("seen_nice") + entry.column("seen_real"), entry.column("seconds")
    passed = seconds[-1] - seconds[first]
    return float((seen[-1] - seen[first]) / passed) if passed > 0 else None
