"""`fruitlab export`, `report` and `card`: results to hand on."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fruitlab.cli.options import Outcome, WrongUse
from fruitlab.cli.output import Output
from fruitlab.cli.study import plan_of
from fruitlab.cli.study_options import KIND, add_plan
from fruitlab.config.errors import DataError, RunError
from fruitlab.config.files import write_whole
from fruitlab.data import store
from fruitlab.reports import card as cards
from fruitlab.runs import catalog
from fruitlab.runs.entry import Entry
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Index
from fruitlab.studies.progress import study_progress


def add_export(parser: ArgumentParser) -> None:
    """Add the options of `export`."""
    parser.add_argument("run_id", metavar="RUN")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument(
        "--tensorboard",
        nargs="?",
        const="",
        metavar="DIR",
        help="Write the curves as an event file for TensorBoard (default: tensorboard/RUN).",
    )
    kind.add_argument(
        "--onnx",
        nargs="?",
        const="",
        metavar="FILE",
        help="Write an ONNX model: pictures in, probabilities out (default: RUN.onnx).",
    )


def add_report(parser: ArgumentParser) -> None:
    """Add the options of `report`."""
    parser.add_argument("runs", nargs="*", metavar="RUN", help="A run, or several side by side.")
    parser.add_argument("--study", dest="kind", **KIND)
    add_plan(parser)
    parser.add_argument(
        "--out", metavar="FILE", help="The file to write (default: RUN.html or STUDY.html)."
    )


def add_card(parser: ArgumentParser) -> None:
    """Add the options of `card`."""
    parser.add_argument("run_id", nargs="?", metavar="RUN")
    parser.add_argument(
        "--data", metavar="NAME", help="Instead of a run: the instant answer for this dataset."
    )
    parser.add_argument(
        "--out", metavar="FILE", help="The file to write (default: RUN.png or NAME.png)."
    )


def export(options: Namespace, output: Output) -> Outcome:
    """`export`: write a run's network as an ONNX file, or its curves for TensorBoard."""
    run = catalog.find(options.run_id)
    if options.tensorboard is not None:
        return _export_curves(run, Path(options.tensorboard or f"tensorboard/{run.id}"))
    from fruitlab.inference.export import export_onnx

    result = export_onnx(run, Path(options.onnx or f"{run.id}.onnx"))
    text = (
        f"{result['file']}: {result['bytes'] / 1e6:.1f} MB. Input: {result['input']}. Output: "
        f"{result['output']}. ONNX Runtime's probabilities differ from PyTorch's by at most "
        f"{result['largest_difference']:.1g}."
    )
    return 0, result, text


def report(options: Namespace, output: Output) -> Outcome:
    """`report`: write one HTML file about a run, several runs or a study."""
    from fruitlab.reports import run, study  # plotly takes a while

    if options.runs and (options.kind or options.vary):
        raise WrongUse("Name runs or a study, not both.")
    if options.runs:
        entries = [_entry(name) for name in dict.fromkeys(options.runs)]
        title, name = f"{len(entries)} runs", "runs"
    else:
        plan = plan_of(options)
        here = {one["name"]: one["fingerprint"] for one in store.available()}
        found = study_progress(plan, Index().entries(), here.get(plan.data))
        entries = [found.found[config] for config in found.finished]
        title, name = f"Study {plan.name} on {plan.data}", f"{plan.name}-{plan.data}"
        if not entries:
            raise RunError(
                f"No run of this study has finished. Train them: python -m fruitlab study "
                f"{options.kind or '--vary ...'} --data {plan.data}"
            )
    if options.runs and len(entries) == 1:
        name, text = entries[0].id, run.report(entries[0])
    else:
        text = study.report(title, entries)
    return _write(options.out or f"{name}.html", text.encode(), {"runs": len(entries)})


def card(options: Namespace, output: Output) -> Outcome:
    """`card`: draw a result as a picture to share."""
    if bool(options.run_id) == bool(options.data):
        raise WrongUse("Name a run, or a dataset with --data NAME.")
    if options.run_id:
        drawn = cards.of_run(_entry(options.run_id))
    else:
        from fruitlab.studies.all_ratios import named

        drawn = cards.of_ratios(named(options.data))
    out = options.out or f"{options.run_id or options.data}.png"
    return _write(out, cards.png(drawn), {"title": drawn.title})


def _entry(run_id: str) -> Entry:
    run = catalog.find(run_id)
    entry = Index().get(run.id)
    if entry is None:
        raise RunError(f"{run.id} was deleted.")
    return entry


def _write(name: str, content: bytes, result: dict[str, object]) -> Outcome:
    path = Path(name)
    try:
        write_whole(path, content)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror}. Name another --out."
        ) from None
    result |= {"file": str(path), "bytes": len(content)}
    return 0, result, f"{path}: {len(content) / 1e6:.1f} MB"


def _export_curves(run: Run, folder: Path) -> Outcome:
    from fruitlab.runs import tensorboard
    from fruitlab.runs.index import Index

    entry = Index().get(run.id)
    if entry is None:
        raise RunError(f"{run.id} was deleted.")
    file = tensorboard.write(entry, folder)
    text = f"{file}. Show it with: tensorboard --logdir {folder.parent}"
    return 0, {"file": str(file), "bytes": file.stat().st_size}, text
