"""Training, evaluation, prediction, export and listings: what these commands do.

Each takes the parsed options and an output, and returns exit status, result and text. Only commands
that need torch import it, inside the function: the others should start quickly.
"""

import re
from argparse import Namespace
from pathlib import Path
from typing import Any

from fruitlab.cli import listings, report
from fruitlab.cli import options as parsing
from fruitlab.cli.options import Outcome, WrongUse
from fruitlab.cli.output import Output
from fruitlab.config.errors import DataError
from fruitlab.data import store
from fruitlab.methods import reference, registry
from fruitlab.models import table1
from fruitlab.runs import catalog, queue
from fruitlab.runs.folder import Run


def train(options: Namespace, output: Output) -> Outcome:
    """`train`: create a run and train it."""
    config = parsing.config(options)
    queue.check_device(options.device)
    data = store.load(config.data, say=output.say, progress=output.progress)
    split = data.split(config.split_seed, config.validation)
    pictures = report.training_pictures(config, data, split)
    run = catalog.create(
        {"device": options.device, "precision": options.precision, "data": None},
        config=config,
        run_id=options.run_id,
    )
    output.say(
        f"{run.id}: {pictures}. Stop it with Ctrl-C; resume it with `python -m fruitlab resume "
        f"{run.id}`."
    )
    return work_on(run, None, output)


def resume(options: Namespace, output: Output) -> Outcome:
    """`resume`: continue a run that was stopped or interrupted."""
    run = catalog.find(options.run_id)
    if run.shipped:
        raise WrongUse(f"{run.id} ships with FruitLab and is finished: it cannot be resumed.")
    if run.status() == "finished":
        raise WrongUse(
            f"{run.id} is finished: it cannot be resumed. To train longer, start a new run with "
            "more --iterations."
        )
    if options.device is not None:
        queue.check_device(options.device)
    return work_on(run, options.device, output)


def work_on(run: Run, device: str | None, output: Output) -> Outcome:
    """Train a run, on another device than its own if one is named, and report how it ended."""
    from fruitlab.worker.process import work

    summary = work(run, device=device, say=output.say)
    config = run.config()
    result = {"run": run.id, "status": summary["status"], "data": config.data} | summary
    status = 0 if summary["status"] == "finished" else 130
    return status, result, report.trained(result, config)


def evaluate(options: Namespace, output: Output) -> Outcome:
    """`evaluate`: score a run's network on both test sets."""
    run = catalog.find(options.run_id)
    from fruitlab.training.runtime import prepare

    prepare()
    from fruitlab.inference.evaluate import evaluate as score
    from fruitlab.training import devices

    result = score(
        run,
        data=options.data,
        device=devices.resolve(options.device),
        say=output.say,
        mirror=options.mirror,
        progress=output.progress,
    )
    return 0, result, report.scores(result)


def predict(options: Namespace, output: Output) -> Outcome:
    """`predict`: the three likeliest categories of each photo."""
    from fruitlab.inference.predict import Predictor

    predictor = Predictor(catalog.find(options.run_id), mirror=options.mirror)
    results: list[dict[str, Any]] = []
    for photo in options.photos:
        try:
            results.append({"photo": photo, "top": predictor.top3(Path(photo))})
        except DataError as error:
            results.append({"photo": photo, "error": str(error)})
            output.say(f"{photo}: {error}")
    failed = any("error" in result for result in results)
    return (1 if failed else 0), results, report.predictions(results) or None


def interpolate(options: Namespace, output: Output) -> Outcome:
    """`interpolate`: score the networks between two runs."""
    for name in (options.first, options.second):
        catalog.find(name.partition(":")[0])
    from fruitlab.training.runtime import prepare

    prepare()
    from fruitlab.inference.interpolate import interpolate as score
    from fruitlab.training import devices

    result = score(
        options.first,
        options.second,
        groups=options.groups.split(",") if options.groups else None,
        device=devices.resolve(options.device),
        say=output.say,
        progress=output.progress,
    )
    return 0, result, report.between(result)


def play_file(options: Namespace, output: Output) -> Outcome:
    """`play-file`: write the file that the Forgetting page plays."""
    from fruitlab.play.file import NAME, check

    run = catalog.find(options.run_id)
    check(run)
    if run.shipped and not options.out:
        raise WrongUse(f"{run.id} ships with FruitLab: name another file with --out FILE.")
    from fruitlab.training.runtime import prepare

    prepare()
    from fruitlab.play.make import make

    out = Path(options.out) if options.out else run.folder / NAME
    result = make(run, out, say=output.say)
    lost, pictures = result["lost"], sum(result["pictures"].values())
    text = (
        f"{result['file']}: {result['bytes'] / 1e6:.2f} MB, {pictures:,} pictures, "
        f"{result['steps']:,} iterations. Storing features as bytes changes an accuracy by "
        f"{lost['mean']:.1f} points on average, {lost['most']:.1f} at most."
    )
    if not options.out:
        text += " The Forgetting page shows it now."
    return 0, result, text


def runs(options: Namespace, output: Output) -> Outcome:
    """`runs`: list all runs with their status and scores."""

    def order(run: Run) -> tuple[bool, list[int | str]]:
        # Numbers in names by value: mixed-20 before mixed-100.
        parts = re.split(r"(\d+)", run.id)
        return not run.shipped, [int(part) if part.isdecimal() else part for part in parts]

    rows = [listings.run_row(run) for run in sorted(catalog.all_runs(), key=order)]
    return 0, rows, listings.run_table(rows)


def methods(options: Namespace, output: Output) -> Outcome:
    """`methods`: list the training methods with their settings."""
    result = [
        {
            "name": method.name,
            "title": method.title,
            "description": method.description,
            "settings": {name: s.default for name, s in method.own_settings().items()},
        }
        for method in registry.methods().values()
    ]
    if options.markdown:
        return 0, result, reference.markdown()
    return 0, result, listings.methods(result)


def network(options: Namespace, output: Output) -> Outcome:
    """`network`: Table 1 of the paper."""
    table = table1.rows()
    return 0, table, listings.network(table)


def release(options: Namespace, output: Output) -> Outcome:
    """`release`: copy finished studies to checkpoints/shipped."""
    from fruitlab.studies.release import release as copy_runs

    studies, missing = copy_runs(options.data, preset=options.preset, seeds=options.seeds)
    for name in missing:
        output.say(f"Not finished yet: {name}")
    text = "\n".join(
        f"{one['study']}: {one['released']:,} of {one['runs']:,} runs, {one['bytes'] / 1e6:.1f} MB."
        for one in studies
    )
    return 0, {"studies": studies, "missing": missing}, text
