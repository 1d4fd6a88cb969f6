"""Seconds from a command to its result: one run, and the paper's study.

    python -m benchmarks.gpu.time_to_result [--out DIR] [--device cuda] [--quick] [--seconds S]

The study has 29 runs: eleven ratios, and nine splits with updated and frozen running statistics. A
study that does not finish within its share of the time is stopped, and its total is extrapolated
from the pictures that it had trained on by then.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.gpu.lab import CommandFailed, Lab, lab
from benchmarks.gpu.part import Part, options, part, time_limit
from fruitlab.methods.phase import labels
from fruitlab.runs.folder import Run

STUDY = ("study", "paper", "--running-statistics", "updated", "frozen")


@dataclass(frozen=True)
class Sizes:
    """What is trained.

    Attributes:
        common: options of every command.
        studies: preset, runs at once, whether under MPS, and largest share of the time that is
            left when it begins.
    """

    data: str
    common: tuple[str, ...]
    studies: tuple[tuple[str, int, bool, float], ...]


FULL = Sizes(
    "synthetic:60",
    (),
    (
        ("thorough", 12, True, 0.75),
        ("thorough", 8, False, 0.4),
        ("thorough", 4, False, 0.5),
        ("thorough", 1, False, 1),
    ),
)
QUICK = Sizes(
    "synthetic:5",
    ("--iterations", "4", "--set", "width=0.25"),
    (("quick", 2, False, 0.5), ("quick", 1, False, 0.9)),
)
SHORTEST = 15  # seconds below which a study is not worth starting
SECONDS = time_limit(220) - 20  # what stopping a study may take
QUICK_SECONDS = 80


def main() -> None:
    asked = options(
        __doc__.splitlines()[0],
        seconds={"type": float, "help": "for all studies and runs together"},
    )
    sizes = QUICK if asked.quick else FULL
    seconds = asked.seconds or (min(SECONDS, QUICK_SECONDS) if asked.quick else SECONDS)
    with part("time_to_result", "Time to result", asked.out) as result:
        until = time.monotonic() + seconds
        with lab() as here:
            here.run("data", "show", sizes.data)  # drawn once, which is no part of a run
            single_runs(result, here, sizes, asked.device)
        rows = []
        for preset, at_once, shared, share in sizes.studies:
            limit = share * (until - time.monotonic())
            if limit < SHORTEST:
                result.note(f"No time was left for `{preset}`, {at_once} at once.")
                continue
            try:
                with mps(shared) as environment:
                    row = study(sizes, preset, at_once, asked.device, limit, environment)
                row |= {"mps": bool(environment)}
            except CommandFailed as error:
                result.fail(str(error))
                continue
            rows.append(row)
            result.results["studies"] = rows
            result.save()
        result.note(f"`fruitlab {' '.join(STUDY)} --preset ... --at-once ...`:")
        columns = {
            "preset": "preset",
            "at_once": "at once",
            "mps": "under MPS",
            "finished": "finished runs",
            "runs": "of",
            "total": "total, s",
            "extrapolated": "total is extrapolated",
            "pictures_per_second": "pictures/s",
        }
        result.table(list(columns.values()), [[row[key] for key in columns] for row in rows])


def single_runs(result: Part, here: Lab, sizes: Sizes, device: str) -> None:
    """Time one run of each preset, and what its parts take."""
    rows = []
    for preset in ("quick", "thorough"):
        arguments = ("train", "mixed", "--ratio", "60", "--preset", preset, "--data", sizes.data)
        started = time.monotonic()
        found = here.run(*arguments, "--device", device, *sizes.common)
        seconds = time.monotonic() - started
        speed = found["images_seen"] / found["seconds"]
        combined = found["combined"]["top1"]
        rows.append([preset, seconds, found["seconds"], found["images_seen"], speed, combined])
    head = ["preset", "command to result, s", "training and evaluation, s", "pictures"]
    head += ["pictures/s while training", "combined top-1"]
    result.note(f"`fruitlab train mixed --ratio 60 --data {sizes.data} --preset ...`:")
    result.table(head, rows)
    result.results["single runs"] = [dict(zip(head, row, strict=True)) for row in rows]
    result.save()


@contextlib.contextmanager
def mps(wanted: bool) -> Iterator[dict[str, str]]:
    """NVIDIA's Multi-Process Service, under which kernels of several processes run at once.

    Yields:
        The environment for its clients; empty where it is not installed, or not wanted.
    """
    if not wanted or not shutil.which("nvidia-cuda-mps-control"):
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="fruitlab-mps-", ignore_cleanup_errors=True) as folder:
        places = {"CUDA_MPS_PIPE_DIRECTORY": folder, "CUDA_MPS_LOG_DIRECTORY": folder}
        control = ["nvidia-cuda-mps-control"]
        subprocess.run([*control, "-d"], env=os.environ | places, check=True, timeout=20)
        try:
            yield places
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(control, env=os.environ | places, input=b"quit\n", timeout=20)


def study(
    sizes: Sizes,
    preset: str,
    at_once: int,
    device: str,
    limit: float,
    environment: Mapping[str, str],
) -> dict[str, Any]:
    """Run the study for at most `limit` seconds, with that environment.

    Returns:
        runs, finished: how many it has, and how many have finished. total: seconds for all of
        them. extrapolated: whether the total is. pictures_per_second: that were trained on.
    """
    arguments = (*STUDY, "--preset", preset, "--data", sizes.data, *sizes.common)
    arguments += ("--device", device, "--at-once", str(at_once))
    with lab(slots=at_once) as here:
        planned = here.run(*arguments, "--dry-run")
        started = time.monotonic()
        command = here.start(*arguments, **environment)
        command.wait_until(lambda: time.monotonic() - started > limit, every=0.1)
        complete = not command.running
        seconds = time.monotonic() - started
        command.end(patience=15)
        if complete:
            command.finish()
        runs = [Run(file.parent) for file in here.folder.glob("*/metrics.jsonl")]
        pictures = sum(trained_pictures(run) for run in runs)
        if not pictures:
            raise CommandFailed(f"{preset}, {at_once} at once: no training in {limit:.0f} s")
        share = pictures / planned["cost"]["pictures"]
        return {
            "preset": preset,
            "at_once": at_once,
            "runs": planned["runs"],
            "finished": sum(run.status() == "finished" for run in runs),
            "total": seconds if complete else seconds / share,
            "extrapolated": not complete,
            "pictures_per_second": pictures / seconds,
        }


def trained_pictures(run: Run) -> int:
    """The pictures that a run trained on itself, without an initial training that it took over."""
    points, first = run.metrics(), labels(run.config().phases())[0]
    if not points:
        return 0
    taken_over = 0
    if run.header().get("initial_training_of"):
        own = [point for point in points if point["phase"] != first]
        taken_over = sum(own[0]["seen"].values()) if own else 0
    return sum(points[-1]["seen"].values()) - taken_over


if __name__ == "__main__":
    main()
