"""Combined top-1 against training pictures seen: `quick` at 0, 60 and 100 % real and `thorough` at 60 % over three seeds, `paper` at 60 %.

    python -m benchmarks.recipe --data NAME [--out docs/recipe.svg] [--paper-iterations 3000] [--plot-only]
    python -m benchmarks.recipe --data NAME --cost

A run that exists already, one that ships with the project among them, is taken as it is; others are trained into run folders named
recipe-…, with both test sets scored in full at ten marks. Stop it at any time: started again it goes on where it was. Two cores:
about 2 minutes a `quick` run, and half an hour and more for the paper's 3,000 iterations. --cost times a training step with and without
augmentation instead.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

from benchmarks.svg import Series, line_chart
from fruitlab.config.paths import runs_root
from fruitlab.config.run_config import EVALUATION, RunConfig
from fruitlab.data import store
from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.runs import folder
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Index

SEEDS = (0, 1, 2)
RATIOS = (0, 60, 100)
Curve = list[tuple[int, float, float]]  # training pictures seen, nice and real top-1


def plan(data: str, paper_iterations: int) -> dict[str, list[RunConfig]]:
    """What to compare: a name, and the runs of its seeds."""
    watched = {"data": data, "live_every": 1000, "full_evaluations": 10}
    quick = {
        f"quick, {ratio} % real": [
            configure("mixed", preset="quick", ratio=ratio, seed=seed, **watched) for seed in SEEDS
        ]
        for ratio in RATIOS
    }
    return quick | {
        "thorough, 60 % real": [
            configure("mixed", preset="thorough", ratio=60, seed=seed, **watched) for seed in SEEDS
        ],
        "paper, 60 % real": [
            configure("mixed", preset="paper", ratio=60, iterations=paper_iterations, **watched)
        ],
    }


def run_of(config: RunConfig) -> Run:
    """The finished run that is trained alike, of several the one with the most full scores; else the folder of one of ours, there or not.

    Where the data is not on this machine (--plot-only), runs on whatever goes by its name.
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
    return Run(
        runs_root()
        / f"recipe-{config.preset.replace('@', '-')}-{config.ratio}-seed{config.seed}-{config.experiment()}"
    )


def same_training(one: RunConfig, other: RunConfig) -> bool:
    """Whether two configurations give the same weights, whatever is evaluated meanwhile."""
    apart = ("preset", *EVALUATION)
    return one.experiment(without=apart) == other.experiment(without=apart)


def train(config: RunConfig) -> None:
    """Starts the run, or goes on with it; does nothing if it is finished."""
    from fruitlab.worker.process import work  # brings torch, which --plot-only does without

    run = run_of(config)
    if not run.folder.exists():
        folder.create({"device": "auto", "data": None}, config=config, run_id=run.id)
    if run.status() != "finished":
        work(run, say=lambda line: print(f"{run.id}: {line}", file=sys.stderr, flush=True))


def curve(run: Run) -> Curve:
    """The full scores so far."""
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
    """Pictures seen; mean, least and most of the seeds' combined top-1, wherever all seeds have a score."""
    scores = [
        {seen: accuracy.combined(nice, real) for seen, nice, real in points} for points in curves
    ]
    rows = []
    for seen in sorted(set.intersection(*map(set, scores))):
        values = [each[seen] for each in scores]
        rows.append((seen, statistics.mean(values), min(values), max(values)))
    return rows


def table(results: dict[str, list[Curve]]) -> str:
    """The last full score of each recipe, as Markdown."""
    lines = [
        "| recipe | seeds | pictures | nice | real | combined | least - most |",
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
            lines.append(
                f"| {name} | {len(curves)} | {seen:,} | {nice:.3f} | {real:.3f} | **{mean:.3f}** | {least:.3f} - {most:.3f} |"
            )
    return "\n".join(lines)


def cost(repeats: int = 15) -> str:
    """Milliseconds of `quick`'s training step and of its augmentation, in turn on noise; the least of each."""
    import torch

    from fruitlab.models.model import to_float
    from fruitlab.training import devices
    from fruitlab.training.augmentation import augment
    from fruitlab.training.loop import step
    from fruitlab.training.runtime import prepare
    from fruitlab.training.state import State

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

    x, real, changing, stepping = to_float(images), labels.sum(), [], []
    for stream in range(repeats):
        changing.append(timed(lambda: augment(x, config, stream)))
        stepping.append(timed(lambda: step(config, phase, state, x, labels, real, False)))
    return (
        f"augmentation {min(changing):.1f} ms, the rest of a step {min(stepping):.1f} ms, a batch of {config.batch_size}: "
        f"{min(changing) / (min(changing) + min(stepping)):.1%} of the whole"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recipe", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", help="a name from `python -m fruitlab data list`")
    parser.add_argument(
        "--out", type=Path, default=Path("docs/recipe.svg"), help="where the plot goes"
    )
    parser.add_argument(
        "--paper-iterations",
        type=int,
        default=3000,
        help="cuts the paper's run short, on its own schedule",
    )
    parser.add_argument(
        "--plot-only", action="store_true", help="train nothing; plot what is there"
    )
    parser.add_argument(
        "--cost", action="store_true", help="what augmentation costs, and nothing else"
    )
    options = parser.parse_args()
    if options.cost:
        print(cost())
        return 0
    if not options.data:
        parser.error("give --data NAME: python -m fruitlab data list shows the names.")
    results: dict[str, list[Curve]] = {}
    for name, configs in plan(options.data, options.paper_iterations).items():
        for config in configs if not options.plot_only else ():
            train(config)
        results[name] = [curve(run_of(config)) for config in configs]
        chart = [
            Series(label, over_seeds(curves)) for label, curves in results.items() if all(curves)
        ]
        options.out.write_text(
            line_chart(chart, x="training pictures seen", y="combined top-1, full test sets"),
            encoding="utf-8",
        )
    print(table(results))
    print(f"Plot: {options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
