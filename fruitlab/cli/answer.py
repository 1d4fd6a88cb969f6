"""`answer`: from two folders of pictures to the best mixing ratio and a model, in one command."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from fruitlab.cli import report
from fruitlab.cli.closed_form import NETWORK
from fruitlab.cli.options import Outcome, WrongUse
from fruitlab.cli.output import Output
from fruitlab.cli.shared_options import add_device
from fruitlab.config.text import percent
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.metrics.accuracy import SCORES
from fruitlab.models import weights
from fruitlab.runs import queue


def add_options(parser: ArgumentParser) -> None:
    """Add the options of `answer`."""
    parser.add_argument("--data", metavar="NAME", help="A dataset of `data list`.")
    parser.add_argument("--nice", metavar="DIR", help="Studio pictures: one folder per category.")
    parser.add_argument("--real", metavar="DIR", help="Photos: one folder per category.")
    parser.add_argument(
        "--name",
        default="mine",
        metavar="NAME",
        help="The name under which the folders are imported, replacing an earlier import of that "
        "name (default: mine).",
    )
    parser.add_argument(
        "--network",
        default=NETWORK,
        metavar="NAME",
        help=f"A pretrained network of `networks` (default: {NETWORK}).",
    )
    parser.add_argument(
        "--onnx",
        nargs="?",
        const="",
        metavar="FILE",
        help="Also write the model as an ONNX file (default: model.onnx in the run's folder).",
    )
    add_device(parser, "compute on")


def answer(options: Namespace, output: Output) -> Outcome:
    """`answer`: import two folders, try every ratio, and make a run with the best one."""
    queue.check_device(options.device)
    if bool(options.nice) != bool(options.real) or bool(options.nice) == bool(options.data):
        raise WrongUse("Give two folders, --nice DIR --real DIR, or the name of a dataset, --data.")
    weights.require(options.network)
    name = options.data
    if options.nice:
        name = options.name
        import_pictures(
            name=name,
            nice=Path(options.nice),
            real=Path(options.real),
            replace=True,
            progress=output.progress,
            say=output.say,
        )
    data = store.load(name, say=output.say, progress=output.progress)
    from fruitlab.studies.advice import of_ratios
    from fruitlab.studies.answer import answer as find
    from fruitlab.studies.answer import confusions, model_file

    ratios, run = find(
        data, options.network, device=options.device, progress=output.progress, say=output.say
    )
    scores = run.summary() or {}  # finished, so there is one
    found = confusions(run.predictions())
    result: dict[str, Any] = {
        "run": run.id,
        "data": name,
        "network": options.network,
        "best": ratios.best,
        "near_best": list(ratios.near_best),
        "ridge": ratios.facts["ridge"],
        **{score: scores[score] for score in SCORES},
        "confusions": [
            {
                "domain": one.domain,
                "category": one.category,
                "answer": one.answer,
                "pictures": len(one.rows),
                "share": one.share,
            }
            for one in found
        ],
        "advice": [{"kind": one.kind, "text": one.text} for one in of_ratios(ratios)],
        "model": None,
    }
    if options.onnx is not None:
        from fruitlab.inference.export import export_onnx

        file = Path(options.onnx) if options.onnx else model_file(run)
        result["model"] = export_onnx(run, file)
    return 0, result, _text(result)


def _text(result: dict[str, Any]) -> str:
    first, last = result["near_best"]
    lines = [
        f"Best mix: {result['best']}% real, chosen on the training pictures. From {first} to "
        f"{last}% there is hardly a difference.",
        "",
        report.scores(result),
        "",
        "Most frequent confusions:" if result["confusions"] else "No test picture is confused.",
    ]
    lines += [
        f"  {one['category']} ({one['domain']}) as {one['answer']}: {percent(one['share'])} of its "
        f"test pictures ({one['pictures']})"
        for one in result["confusions"]
    ]
    lines += ["", "What to do next:", *(f"  {one['text']}" for one in result["advice"])]
    model = result["model"]
    lines += ["", f"Run: {result['run']}. Try it: python -m fruitlab predict {result['run']} PHOTO"]
    if model:
        lines.append(f"Model: {model['file']}, {model['bytes'] / 1e6:.1f} MB.")
    else:
        lines.append(f"Take the model: python -m fruitlab export {result['run']} --onnx")
    return "\n".join(lines)
