"""Whether a GPU computes what it should, for every registered training method.

    python -m benchmarks.gpu.equality [--out DIR] [--device cuda] [--quick]
                                      [--methods NAME ...] [--checks NAME ...]
                                      [--precisions NAME ...]

- In float32, the losses and weights of a few iterations are those of a CPU up to rounding, whose
  size is that of the CPU's own float32 against float64.
- Two runs agree bit for bit, and so does a third one that is killed twice and resumed.
- Final losses and accuracies in float32 and bfloat16 are listed side by side.

The paper's two methods are checked with both presets and in both precisions, the others with the
preset `quick` and in the precision that they train in by default.

NVIDIA GPUs since Ampere round the inputs of float32 convolutions to TF32, which has 10 bits of
mantissa. The comparison with the CPU therefore switches TF32 off, and lists what TF32 changes.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Any

import numpy as np

from benchmarks.gpu.lab import CommandFailed, lab
from benchmarks.gpu.part import Part, options, part, time_limit
from benchmarks.gpu.trainer import FULL, QUICK, Trainer
from fruitlab.config.errors import RunError
from fruitlab.methods.registry import methods
from fruitlab.runs.folder import Run

# How far a run may be from the CPU's: in its losses, and in all its weights and running statistics
# as norm(difference) / norm(weights). Rounding errors grow from step to step, in some presets a
# thousand times as fast as in others, so every preset has its own measure: how far the CPU's
# float32 is from float64, in the method where that is farthest. Two float32 runs round differently
# and may be apart by twice as much, and by luck by twice that; or by a few last bits.
FACTOR, LAST_BITS = 4, 1e-5
PRECISIONS = ("bfloat16", "float32")  # the default first
PAPER = ("mixed", "iterative")
SECONDS = time_limit(3600) - 15  # what writing the results may take

Key = tuple[str, ...]
Futures = dict[Key, Future[Any]]
Report = Callable[[Part, Mapping[Key, Any]], None]  # gets the results of the runs that have ended


def against_cpu(trainer: Trainer, names: Sequence[str]) -> tuple[Futures, Report]:
    """Check the first iterations of every method against those of a CPU."""
    pairs = combinations(names, trainer.sizes.presets)
    runs: Futures = {}
    for pair in pairs:
        runs[(*pair, "cpu")] = trainer.compared(*pair, "cpu")
        runs[(*pair, "exact")] = trainer.exact(*pair)
        runs[(*pair, "float32")] = trainer.compared(*pair, trainer.device, tf32=False)
        if pair[0] in PAPER and trainer.device != "cpu":
            runs[(*pair, "TF32")] = trainer.compared(*pair, trainer.device)

    def report(result: Part, ended: Mapping[Key, Any]) -> None:
        apart = {
            pair: differences(ended[(*pair, "cpu")], ended[(*pair, "exact")])
            for pair in pairs
            if (*pair, "cpu") in ended and (*pair, "exact") in ended
        }
        rows = []
        for (name, preset, kind), run in ended.items():
            if kind not in ("float32", "TF32") or (name, preset) not in apart:
                continue
            found = differences(run, ended[name, preset, "cpu"])
            allowed = {
                key: FACTOR * max(apart[pair][key] for pair in apart if pair[1] == preset)
                + LAST_BITS
                for key in found
            }
            within = all(found[key] <= most for key, most in allowed.items())
            row = [name, preset, kind, found["loss"], allowed["loss"]]
            row += [found["weights"], allowed["weights"], within if kind != "TF32" else None]
            rows.append(row)
            if not within and kind != "TF32":
                result.fail(f"{name}, {preset}: the results differ from the CPU's")
        head = ["method", "preset", "convolutions in", "loss, largest difference", "allowed"]
        head += ["weights, relative difference", "allowed for weights", "within tolerance"]
        result.note(
            f"{trainer.sizes.compared} iterations on {trainer.device} against the same on a CPU."
            f" Allowed are {LAST_BITS:g} and {FACTOR} times the largest difference between float32"
            " and float64 on the CPU in that preset. Weights: norm(difference) / norm(weights)."
        )
        result.table(head, rows)
        result.results["against the CPU"] = [dict(zip(head, row, strict=True)) for row in rows]

    return runs, report


def repeated(trainer: Trainer, names: Sequence[str]) -> tuple[Futures, Report]:
    """Check that runs are reproducible bit for bit, interrupted or not."""
    kinds = combinations(names, trainer.precisions)
    runs: Futures = {}
    for kind in kinds:
        runs[(*kind, "interrupted")] = trainer.interrupted(*kind)
        for repetition in ("once", "again"):
            runs[(*kind, repetition)] = trainer.repeated(*kind)

    def report(result: Part, ended: Mapping[Key, Any]) -> None:
        rows = []
        for kind in kinds:
            if any((*kind, which) not in ended for which in ("interrupted", "once", "again")):
                continue
            once, again = ended[(*kind, "once")], ended[(*kind, "again")]
            resumed, kept = ended[(*kind, "interrupted")]
            row = [*kind, bit_equal(once, again), bit_equal(once, resumed)]
            rows.append([*row, ", ".join(map(str, kept)) or None])
            if not row[2]:
                result.fail(f"{' in '.join(kind)}: two runs are not bit-equal")
            if not row[3]:
                result.fail(f"{' in '.join(kind)}: the resumed run is not bit-equal")
            if not kept:
                result.fail(f"{' in '.join(kind)}: the run ended before it could be killed")
        head = ["method", "precision", "two runs bit-equal", "killed and resumed bit-equal"]
        head.append("resumed from iteration")
        result.note(f"Runs of {trainer.sizes.repeated} iterations on {trainer.device}:")
        result.table(head, rows)
        result.results["repeated"] = [dict(zip(head, row, strict=True)) for row in rows]

    return runs, report


def precisions(trainer: Trainer, names: Sequence[str]) -> tuple[Futures, Report]:
    """List what precision changes in the results of whole runs."""
    runs: Futures = {kind: trainer.final(*kind) for kind in combinations(names, trainer.precisions)}

    def report(result: Part, ended: Mapping[Key, Any]) -> None:
        rows = []
        for kind, run in ended.items():
            last, summary = run.metrics()[-1], run.summary() or {}
            accuracies = [summary[name]["top1"] for name in ("nice", "real", "combined")]
            rows.append([*kind, last["iteration"], last["loss"], *accuracies])
        head = ["method", "precision", "iterations", "final loss", "nice", "real", "combined"]
        result.note(f"Preset `quick` on {trainer.device}; top-1 accuracies on the test sets:")
        result.table(head, rows)
        result.results["precision"] = [dict(zip(head, row, strict=True)) for row in rows]

    return runs, report


def combinations(names: Sequence[str], options: Sequence[str]) -> list[tuple[str, str]]:
    """Every method with the first option, and the paper's methods with all of them."""
    return [
        (name, option) for name in names for option in (options if name in PAPER else options[:1])
    ]


def differences(one: Run, other: Run) -> dict[str, float]:
    """How far two runs are apart.

    Returns:
        loss: the largest difference of a loss. weights: norm(difference) / norm(weights) over all
        weights and running statistics.
    """
    # Nothing has been trained since the point before where there is no loss.
    losses = [
        [point["loss"] for point in run.metrics() if point["loss"] is not None]
        for run in (one, other)
    ]
    theirs = weights(other)
    flat = [
        np.concatenate([found[name].ravel().astype(np.float64) for name in theirs])
        for found in (weights(one), theirs)
    ]
    change = flat[0] - flat[1]
    return {
        "loss": float(np.abs(np.subtract(*losses)).max()),
        "weights": float(np.linalg.norm(change) / np.linalg.norm(flat[1])),
    }


def bit_equal(one: Run, other: Run) -> bool:
    """Whether two finished runs agree in weights, predictions and log, apart from the seconds."""

    def log(run: Run) -> list[dict[str, Any]]:
        return [{k: v for k, v in point.items() if k != "seconds"} for point in run.metrics()]

    def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
        return a.keys() == b.keys() and all(a[k].tobytes() == b[k].tobytes() for k in a)

    arrays = same(weights(one), weights(other)) and same(one.predictions(), other.predictions())
    return arrays and log(one) == log(other)


def weights(run: Run) -> dict[str, np.ndarray]:
    """A finished run's weights and running statistics."""
    return run.read_tensors("weights")[0]


def results(result: Part, runs: Futures) -> dict[Key, Any]:
    """What the runs that have ended returned. Records those that failed or have not ended."""
    ended, late = {}, 0
    for key, future in runs.items():
        if not future.done() or future.cancelled():
            late += 1
            continue
        try:
            ended[key] = future.result()
        except (CommandFailed, RunError) as error:
            result.fail(f"{', '.join(key)}: {error}")
    if late:
        result.fail(f"{late} of {len(runs)} runs had not ended when the time was up")
    return ended


# All runs wait in one queue, in this order.
CHECKS = {"against-cpu": against_cpu, "repeated": repeated, "precisions": precisions}


def main() -> None:
    until = time.monotonic() + SECONDS
    asked = options(
        __doc__.splitlines()[0],
        methods={"nargs": "+", "default": list(methods()), "help": "default: all"},
        checks={"nargs": "+", "default": list(CHECKS), "choices": CHECKS, "help": "default: all"},
        precisions={"nargs": "+", "default": PRECISIONS, "choices": PRECISIONS},
        at_once={"type": int, "default": None, "help": "runs at a time (default: 8; on a CPU 1)"},
    )
    at_once = asked.at_once or (1 if asked.device == "cpu" else 8)
    with (
        part("equality", "Equality", asked.out) as result,
        lab(slots=2 * at_once) as here,
    ):
        sizes = QUICK if asked.quick else FULL
        here.run("data", "show", sizes.data)  # drawn once, before the runs all ask for it
        trainer = Trainer(here, at_once, sizes, asked.device, asked.precisions)
        try:
            chosen = [check for name, check in CHECKS.items() if name in asked.checks]
            for runs, report in [check(trainer, asked.methods) for check in chosen]:
                wait(runs.values(), timeout=max(0, until - time.monotonic()))
                report(result, results(result, runs))
                result.save()
        finally:
            trainer.close()
        said = sorted({line.strip() for line in here.said() if "deterministic" in line})
        result.results["warnings about determinism"] = said
        if said:
            result.note("PyTorch warned: " + " ".join(f"`{line[:200]}`" for line in said))


if __name__ == "__main__":
    main()
