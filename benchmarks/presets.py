"""Compares presets: combined top-1 against the number of training pictures seen.

    python -m benchmarks.presets --data NAME [--out docs/presets.svg] [--plot-only]
    python -m benchmarks.presets --cost

`quick` at 0, 60 and 100% real and `thorough` at 60% run with three seeds, `paper` at 60% with
one. Existing runs with the same training are used, including shipped ones. The others are trained
in run folders named preset-..., with ten full evaluations. The command can be stopped and started
again at any time. On two cores, a `quick` run takes about a minute, the paper's 3,000 iterations
half an hour or more. --cost measures instead how much of a training step is augmentation.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

from benchmarks.chart import Series, line_chart, save
from fruitlab.config.paths import runs_root
from fruitlab.config.run_config import EVALUATION, RunConfig
from fruitlab.data import store
from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Index

SEEDS = (0, 1, 2)
RATIOS = (0, 60, 100)
Curve = list[tuple[int, float, float]]  # training pictures seen, nice and real top-1


def plan(data: str, paper_iterations: int) -> dict[str, list[RunConfig]]:
    """The curves to compare: their names, and the configurations of their seeds."""
    common = {"data": data, "live_every": 1000, "full_evaluations": 10}
    quick = {
        f"quick, {ratio}% real": [
            configure("mixed", preset="quick", ratio=ratio, seed=seed, **common) for seed in SEEDS
        ]
        for ratio in RATIOS
    }
    return quick | {
        "thorough, 60% real": [
            configure("mixed", preset="thorough", ratio=60, seed=seed, **common) for seed in SEEDS
        ],
        "paper, 60% real": [
            configure("mixed", preset="paper", ratio=60, iterations=paper_iterations, **common)
        ],
    }


def run_of(config: RunConfig) -> Run:
    """The finished run with the same training, and with the most full evaluations.

    If there is none, the run that this benchmark trains, whose folder may not exist yet. If the
    dataset is not on this machine (--plot-only), only its name is compared.
    """
    pictures = next(
        (one["fingerprint"] for one in store.available() if one["name"] == config.data), None
    )
    alike = [
        entry
        for entry in Index().entries()
        if entry.status == "finished"
        and entry.config is not None
        and same_training(entry.config, config)
        and (pictures is None or entry.data.get("fingerprint") == pictures)
    ]
    if alike:
        return max(alike, key=lambda entry: int(entry.column("full").sum())).run
    preset = config.preset.replace("@", "-")
    name = f"preset-{preset}-{config.ratio}-seed{config.seed}-{config.experiment()}"
    return Run(runs_root() / name)


def same_training(one: RunConfig, other: RunConfig) -> bool:
    """Whether two configurations give the same weights. They may be evaluated differently."""
    ignored = ("preset", *EVALUATION)
    return one.experiment(without=ignored) == other.experiment(without=ignored)


def train(config: RunConfig) -> None:
    """Train the run to its end, unless it is finished."""
    from fruitlab.worker.process import work  # imports torch, which --plot-only does not need

    run = run_of(config)
    if not run.folder.exists():
        catalog.create({"device": "auto", "data": None}, config=config, run_id=run.id)
    if run.status() != "finished":
        work(run, say=lambda line: print(f"{run.id}: {line}", file=sys.stderr, flush=True))


def curve(run: Run) -> Curve:
    """The evaluations on the full test sets."""
    return [
        (
            sum(point["seen"].values()),
            point["nice"][1] / point["nice"][0],
            point["real"][1] / point["real"][0],
        )
        for point in run.metrics()
        if point["full"]
    ]


def over_seeds(curves: list[Curve]) -> list[tuple[int, float, float, float]]:
    """(pictures seen, mean, lowest, highest combined top-1) where all seeds have a score."""
    scores = [
        {seen: accuracy.combined(nice, real) for seen, nice, real in points} for points in curves
    ]
    rows = []
    for seen in sorted(set.intersection(*map(set, scores))):
        values = [each[seen] for each in scores]
        rows.append((seen, statistics.mean(values), min(values), max(values)))
    return rows


def table(results: dict[str, list[Curve]]) -> str:
    """The last scores of each curve as a Markdown table."""
    lines = [
        "| preset | seeds | pictures | nice | real | combined | range |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, curves in results.items():
        if all(curves):
            seen, mean, least, most = over_seeds(curves)[-1]
            nice, real = (
                statistics.mean(
                    point[column] for points in curves for point in points if point[0] == seen
                )
                for column in (1, 2)
            )
            cells = (
                name,
                str(len(curves)),
                f"{seen:,}",
                f"{nice:.3f}",
                f"{real:.3f}",
                f"**{mean:.3f}**",
                f"{least:.3f} - {most:.3f}",
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def cost(repeats: int = 15) -> str:
    """Measure a training step of `quick` and its augmentation on noise, the minimum of each."""
    import torch

    from fruitlab.methods.phase import Batch
    from fruitlab.models.model import to_float
    from fruitlab.training import devices
    from fruitlab.training.augmentation import augment
    from fruitlab.training.runtime import prepare
    from fruitlab.training.state import State
    from fruitlab.training.step import step

    prepare()
    config, device = configure("mixed", preset="quick"), devices.resolve("auto")
    state, phase = State(config, categories=26, device=device), config.phases()[0]
    state.trains(phase)
    images = torch.randint(
        0, 256, (config.batch_size, 100, 100, 3), dtype=torch.uint8, device=device
    )
    labels = torch.randint(0, 26, (config.batch_size,), device=device)

    def timed(work) -> float:
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return 1000 * (time.perf_counter() - started)

    x = to_float(images)
    batch = Batch(x, labels, torch.arange(len(labels)), labels.sum(), last_of_epoch=False)
    changing, stepping = [], []
    for stream in range(repeats):
        changing.append(timed(lambda stream=stream: augment(x, config, stream)))
        stepping.append(timed(lambda: step(config, phase, state, batch)))
    share = min(changing) / (min(changing) + min(stepping))
    return (
        f"augmentation {min(changing):.1f} ms, rest of the step {min(stepping):.1f} ms, batches of "
        f"{config.batch_size}: {share:.1%} of the time"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.presets", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", help="A dataset from `python -m fruitlab data list`.")
    parser.add_argument(
        "--out", type=Path, default=Path("docs/presets.svg"), help="The file for the chart."
    )
    parser.add_argument(
        "--paper-iterations",
        type=int,
        default=3000,
        help="Iterations of the paper preset's run (default: 3000).",
    )
    parser.add_argument("--plot-only", action="store_true", help="Plot existing runs only.")
    parser.add_argument(
        "--cost", action="store_true", help="Measure only the cost of augmentation."
    )
    options = parser.parse_args()
    if options.cost:
        print(cost())
        return 0
    if not options.data:
        parser.error("Give --data NAME; `python -m fruitlab data list` shows the names.")
    results: dict[str, list[Curve]] = {}
    for name, configs in plan(options.data, options.paper_iterations).items():
        for config in configs if not options.plot_only else ():
            train(config)
        results[name] = [curve(run_of(config)) for config in configs]
        chart = [
            Series(label, over_seeds(curves)) for label, curves in results.items() if all(curves)
        ]
        save(
            line_chart(chart, x="training pictures seen", y="combined top-1, full test sets"),
            options.out,
        )
    print(table(results))
    print(f"Chart: {options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
