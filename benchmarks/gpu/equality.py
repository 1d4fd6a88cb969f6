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

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.gpu.lab import CommandFailed, lab
from benchmarks.gpu.part import Part, options, part
from benchmarks.gpu.trainer import FULL, QUICK, Trainer
from fruitlab.methods.registry import methods
from fruitlab.runs.folder import Run

# How far a run may be from the CPU's: in its losses, and in all its weights and running statistics
# as norm(difference) / norm(weights). Rounding errors grow from step to step, in some presets a
# thousand times as fast as in others, so every preset has its own measure: how far the CPU's
# float32 is from float64, in the method where that is farthest. Two float32 runs round differently
# and may be apart by twice as much, and by luck by twice that; or by a few last bits.
FACTOR, LAST_BITS = 4, 1e-5
NO_TF32 = {"NVIDIA_TF32_OVERRIDE": "0"}
PRECISIONS = ("bfloat16", "float32")  # the default first
PAPER = ("mixed", "iterative")

Report = Callable[[Part], None]


def against_cpu(trainer: Trainer, names: Sequence[str]) -> Report:
    """Check the first iterations of every method against those of a CPU."""
    kinds = {"float32": NO_TF32} | ({} if trainer.device == "cpu" else {"TF32": {}})
    pairs = combinations(names, trainer.sizes.presets)
    cpu = {pair: trainer.compared(*pair, "cpu") for pair in pairs}
    exact = {pair: trainer.exact(run) for pair, run in cpu.items()}
    runs = {
        (*pair, kind): trainer.compared(*pair, trainer.device, **environment)
        for pair in pairs
        for kind, environment in kinds.items()
        if kind == "float32" or pair[0] in PAPER
    }

    def report(result: Part) -> None:
        rows = []
        apart = {pair: differences(cpu[pair].result(), exact[pair].result()) for pair in pairs}
        for (name, preset, kind), run in runs.items():
            found = differences(run.result(), cpu[name, preset].result())
            allowed = {
                key: FACTOR * max(apart[pair][key] for pair in pairs if pair[1] == preset)
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

    return report


def repeated(trainer: Trainer, names: Sequence[str]) -> Report:
    """Check that runs are reproducible bit for bit, interrupted or not."""
    kinds = combinations(names, trainer.precisions)
    interrupted = {kind: trainer.interrupted(*kind) for kind in kinds}
    twice = {kind: [trainer.repeated(*kind) for _ in range(2)] for kind in kinds}

    def report(result: Part) -> None:
        rows = []
        for kind in kinds:
            try:
                once, again = (run.result() for run in twice[kind])
                resumed, kept = interrupted[kind].result()
            except CommandFailed as error:
                result.fail(f"{' in '.join(kind)}: {error}")
                continue
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

    return report


def precisions(trainer: Trainer, names: Sequence[str]) -> Report:
    """List what precision changes in the results of whole runs."""
    kinds = combinations(names, trainer.precisions)
    runs = {kind: trainer.final(*kind) for kind in kinds}

    def report(result: Part) -> None:
        rows = []
        for kind, future in runs.items():
            try:
                run = future.result()
            except CommandFailed as error:
                result.fail(f"{' in '.join(kind)}: {error}")
                continue
            last, summary = run.metrics()[-1], run.summary() or {}
            accuracies = [summary[name]["top1"] for name in ("nice", "real", "combined")]
            rows.append([*kind, last["iteration"], last["loss"], *accuracies])
        head = ["method", "precision", "iterations", "final loss", "nice", "real", "combined"]
        result.note(f"Preset `quick` on {trainer.device}; top-1 accuracies on the test sets:")
        result.table(head, rows)
        result.results["precision"] = [dict(zip(head, row, strict=True)) for row in rows]

    return report


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


# All runs wait in one queue, in this order.
CHECKS = {"against-cpu": against_cpu, "repeated": repeated, "precisions": precisions}


def main() -> None:
    asked = options(
        __doc__.splitlines()[0],
        methods={"nargs": "+", "default": list(methods()), "help": "default: all"},
        checks={"nargs": "+", "default": list(CHECKS), "choices": CHECKS, "help": "default: all"},
        precisions={"nargs": "+", "default": PRECISIONS, "choices": PRECISIONS},
        at_once={"type": int, "default": None, "help": "runs at a time (default: 12; on a CPU 2)"},
    )
    at_once = asked.at_once or (2 if asked.device == "cpu" else 12)
    with (
        part("equality", "Equality", asked.out) as result,
        ThreadPoolExecutor(at_once) as pool,
        lab(slots=at_once) as here,
    ):
        sizes = QUICK if asked.quick else FULL
        here.run("data", "show", sizes.data)  # drawn once, before the runs all ask for it
        trainer = Trainer(here, pool, sizes, asked.device, asked.precisions)
        chosen = [check for name, check in CHECKS.items() if name in asked.checks]
        reports = [check(trainer, asked.methods) for check in chosen]
        for report in reports:
            try:
                report(result)
            except CommandFailed as error:
                result.fail(str(error))
            result.save()
        said = sorted({line.strip() for line in here.said() if "deterministic" in line})
        result.results["warnings about determinism"] = said
        if said:
            result.note("PyTorch warned: " + " ".join(f"`{line[:200]}`" for line in said))


if __name__ == "__main__":
    main()
