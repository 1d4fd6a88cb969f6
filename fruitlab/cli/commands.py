"""What each command does: options in; exit status, result and text out. torch is imported by those that need it only."""

import re
from argparse import Namespace
from pathlib import Path
from typing import Any

from fruitlab.cli import options as options_of
from fruitlab.cli import report
from fruitlab.cli.options import Outcome, Say, WrongUse
from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import store
from fruitlab.data.sources import SOURCES
from fruitlab.runs import folder as run_folders
from fruitlab.runs import queue
from fruitlab.runs.folder import Run


def data_list(options: Namespace, say: Say) -> Outcome:
    found = store.available()
    return 0, found, report.data_table(found)


def data_show(options: Namespace, say: Say) -> Outcome:
    data = store.load(options.name, say=say, progress=report.progress_bar(say))
    split = data.split(0)
    result = {
        "name": data.name,
        "kind": data.kind,
        "fingerprint": data.fingerprint,
        "categories": list(data.categories),
        "counts": data.counts(split),
        "left_out": data.left_out,
        "refused": data.refused,
        "warnings": data.small_test_warnings(split),
    }
    return 0, result, report.pair(result)


def data_import(options: Namespace, say: Say) -> Outcome:
    common = {
        "name": options.name,
        "min_images": options.min_images,
        "group": options.group,
        "replace": options.replace,
        "progress": report.progress_bar(say),
        "say": say,
    }
    if options.zip and not (options.nice or options.real):
        from fruitlab.data.uploads import import_zip

        result = import_zip(source=Path(options.zip), **common).as_dict()
    elif options.nice and options.real and not options.zip:
        from fruitlab.data.importing import import_pictures

        result = import_pictures(
            nice=Path(options.nice), real=Path(options.real), **common
        ).as_dict()
    else:
        raise WrongUse("Name two folders, --nice DIR --real DIR, or a zip of both, --zip FILE.")
    return (
        0,
        result,
        report.pair(result)
        + f"\n\nTrain on it: python -m fruitlab train mixed --data {options.name}",
    )


def data_download(options: Namespace, say: Say) -> Outcome:
    from fruitlab.data import sources

    root = data_root()
    path = sources.download(options.source, say=say, cache=sources.downloads(root))
    here = {source.domain: sources.downloaded(name, root) for name, source in SOURCES.items()}
    result: dict[str, Any] = {"source": options.source, "folder": str(path), "imported": None}
    if not all(here.values()):
        other = next(name for name, source in SOURCES.items() if not here[source.domain])
        domain = SOURCES[options.source].domain
        missing = "real" if domain == "nice" else "nice"
        return (
            0,
            result,
            (
                f"{path} holds the {domain} domain. Next: python -m fruitlab data download {other}, or import it with your own {missing} "
                f"pictures: python -m fruitlab data import --name mine --{domain} '{path}' --{missing} DIR"
            ),
        )
    from fruitlab.data.importing import import_pictures

    made = import_pictures(
        name="fruits",
        nice=here["nice"],
        real=here["real"],
        replace=True,
        progress=report.progress_bar(say),
    ).as_dict()
    return (
        0,
        result | {"imported": made},
        report.pair(made) + "\n\nTrain on it: python -m fruitlab train mixed --data fruits",
    )


def train(options: Namespace, say: Say) -> Outcome:
    config = options_of.config(options)
    queue.check_device(options.device)
    data = store.load(config.data, say=say, progress=report.progress_bar(say))
    split = data.split(config.split_seed)
    pictures = report.training_pictures(config, data, split)
    run = run_folders.create(
        {"device": options.device, "precision": options.precision, "data": None},
        config=config,
        run_id=options.run_id,
    )
    say(
        f"{run.id}: {pictures}. Ctrl-C stops it in order; python -m fruitlab resume {run.id} goes on."
    )
    return _work(run, None, say)


def resume(options: Namespace, say: Say) -> Outcome:
    run = run_folders.find(options.run_id)
    if run.shipped:
        raise WrongUse(f"{run.id} is one of the results that come with FruitLab; it is finished.")
    if run.status() == "finished":
        raise WrongUse(
            f"{run.id} is finished; there is nothing to go on with. Train a new run with more --iterations instead."
        )
    if options.device is not None:
        queue.check_device(options.device)
    return _work(run, options.device, say)


def _work(run: Run, device: str | None, say: Say) -> Outcome:
    from fruitlab.worker.process import work

    summary = work(run, device=device, say=say)
    config = run.config()
    result = {"run": run.id, "status": summary["status"], "data": config.data} | summary
    return (0 if summary["status"] == "finished" else 130), result, report.trained(result, config)


def evaluate(options: Namespace, say: Say) -> Outcome:
    run = run_folders.find(options.run_id)
    from fruitlab.training.process import prepare

    prepare()
    from fruitlab.inference.evaluate import evaluate as score
    from fruitlab.training import devices

    result = score(
        run,
        data=options.data,
        device=devices.resolve(options.device),
        say=say,
        progress=report.progress_bar(say),
    )
    return 0, result, report.scores(result)


def predict(options: Namespace, say: Say) -> Outcome:
    from fruitlab.inference.predict import Predictor

    predictor = Predictor(run_folders.find(options.run_id))
    results: list[dict[str, Any]] = []
    for photo in options.photos:
        try:
            results.append({"photo": photo, "top": predictor.top3(Path(photo))})
        except DataError as error:
            results.append({"photo": photo, "error": str(error)})
            say(f"{photo}: {error}")
    bad = any("error" in result for result in results)
    return (1 if bad else 0), results, report.predictions(results) or None


def export(options: Namespace, say: Say) -> Outcome:
    run = run_folders.find(options.run_id)
    from fruitlab.inference.export import export_onnx

    result = export_onnx(run, Path(options.onnx or f"{run.id}.onnx"))
    return (
        0,
        result,
        (
            f"{result['file']}: {result['bytes'] / 1e6:.1f} MB. Input {result['input']}; output {result['output']}. ONNX Runtime's "
            f"probabilities differ from PyTorch's by {result['largest_difference']:.1g} at most."
        ),
    )


def play_file(options: Namespace, say: Say) -> Outcome:
    from fruitlab.play.file import NAME, check

    run = run_folders.find(options.run_id)
    check(run)
    if run.shipped and not options.out:
        raise WrongUse(
            f"{run.id} is one of the results that come with FruitLab; say where to write with --out FILE."
        )
    from fruitlab.training.process import prepare

    prepare()
    from fruitlab.play.make import make

    result = make(run, Path(options.out) if options.out else run.folder / NAME, say=say)
    lost, pictures = result["lost"], sum(result["pictures"].values())
    return (
        0,
        result,
        (
            f"{result['file']}: {result['bytes'] / 1e6:.2f} MB, {pictures:,} pictures, {result['steps']:,} iterations to play. "
            f"Bytes in place of floats move an accuracy by {lost['mean']:.1f} points on average, {lost['most']:.1f} at most."
            + ("" if options.out else " It is on the Forgetting page now.")
        ),
    )


def runs(options: Namespace, say: Say) -> Outcome:
    # Numbers within names by their size: mixed-20 before mixed-100.
    found = sorted(
        run_folders.all_runs(),
        key=lambda run: (
            not run.shipped,
            [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", run.id)],
        ),
    )
    rows = [report.run_row(run) for run in found]
    return 0, rows, report.run_table(rows)


def network(options: Namespace, say: Say) -> Outcome:
    from fruitlab.models.table1 import rows

    table = rows()
    return 0, table, report.network(table)
