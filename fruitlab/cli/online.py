"""`online`: train on two streams of pictures as they arrive, from folders or simulated."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from fruitlab.cli import options as parsing
from fruitlab.cli.commands import work_on
from fruitlab.cli.options import Outcome, WrongUse
from fruitlab.cli.output import Output
from fruitlab.cli.shared_options import add_device, add_set
from fruitlab.config.text import percent
from fruitlab.data import store
from fruitlab.data.domains import DOMAINS
from fruitlab.data.incoming import folder
from fruitlab.data.stream import Stream, folder_of
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog, queue
from fruitlab.training.arrivals import late_category

EXAMPLE = "nice-first, alternating or late:CATEGORY"


def add_options(parser: ArgumentParser) -> None:
    """Add the options of `online`."""
    for domain in DOMAINS:
        parser.add_argument(
            f"--{domain}",
            metavar="DIR",
            help=f"Watch this folder for {domain} pictures, one folder per category (default: the "
            "folder that the demo's API /observe writes to).",
        )
    parser.add_argument("--from", dest="start", metavar="RUN", help="Run to start from.")
    parser.add_argument(
        "--ratio",
        type=int,
        default=70,
        metavar="PERCENT",
        help="Share of real pictures in each batch (70).",
    )
    parser.add_argument(
        "--kept",
        type=int,
        default=100,
        metavar="N",
        help="Pictures kept per category and domain in the buffers (100).",
    )
    parser.add_argument(
        "--once", action="store_true", help="Take what is there, train on it, and end."
    )
    parser.add_argument(
        "--name", default="stream", metavar="NAME", help="Name of the buffers (default: stream)."
    )
    simulated = parser.add_argument_group("a simulated stream")
    simulated.add_argument(
        "--stream", metavar="ORDER", help=f"Order of arrival, to replay a dataset: {EXAMPLE}."
    )
    simulated.add_argument("--data", metavar="NAME", help="The dataset to replay.")
    simulated.add_argument("--preset", default="quick", help="Preset of the run (default: quick).")
    simulated.add_argument(
        "--iterations", metavar="N", help="Iterations over which the pictures arrive."
    )
    simulated.add_argument("--run", dest="run_id", metavar="NAME", help="The name of the run.")
    add_set(parser)
    add_device(parser, "train on")


def online(options: Namespace, output: Output) -> Outcome:
    """`online`: a simulated stream is one run, a watched one a run for each session."""
    queue.check_device(options.device)
    if (options.stream is None) != (options.data is None):
        raise WrongUse(f"A simulated stream needs --data NAME and --stream: {EXAMPLE}.")
    return _folders(options, output) if options.stream is None else _simulated(options, output)


def _simulated(options: Namespace, output: Output) -> Outcome:
    changes: dict[str, Any] = {
        "data": options.data,
        "stream": options.stream,
        "ratio": options.ratio,
        "kept": options.kept,
    } | parsing.settings(options.set)
    if options.start:
        start = catalog.find(options.start)
        changes |= {"start": start.id, "network": start.config().network}
        changes["width"] = start.config().width
    if options.iterations:
        changes["iterations"] = options.iterations
    config = configure("online", preset=options.preset, **changes)
    data = store.load(config.data, say=output.say, progress=output.progress)
    late_category(options.stream, data.categories)
    header = {"device": options.device, "precision": "auto", "data": None}
    return work_on(catalog.create(header, config=config, run_id=options.run_id), None, output)


def _folders(options: Namespace, output: Output) -> Outcome:
    from fruitlab.studies.online import Sessions, check_roots

    roots = {
        domain: Path(getattr(options, domain) or folder(options.name, domain)).absolute()
        for domain in DOMAINS
    }
    if not options.nice and not options.real:
        for root in roots.values():
            root.mkdir(parents=True, exist_ok=True)
    check_roots(roots)
    start = catalog.find(options.start) if options.start else None
    settings = {"ratio": options.ratio, "kept": options.kept} | parsing.settings(options.set)
    stream, results = Stream(folder_of(options.name)), []
    with stream.opened(kept=options.kept):
        sessions = Sessions(stream, roots, start, settings, device=options.device, say=output.say)
        if options.once:
            while (summary := sessions.next()) is not None:
                results.append(summary)
                if summary["status"] != "finished":
                    break
        else:
            output.say(f"Watching {roots['nice']} and {roots['real']}. Ctrl-C ends it.")
            try:
                for summary in sessions.watch():
                    results.append(summary)
                    output.say(_line(summary))
            except KeyboardInterrupt:
                pass
    stopped = any(one["status"] != "finished" for one in results)
    text = "\n".join(map(_line, results)) or "Nothing new has arrived."
    return (130 if stopped else 0), {"stream": options.name, "sessions": results}, text


def _line(summary: dict[str, Any]) -> str:
    if summary["status"] != "finished":
        return f"{summary['run']}: {summary['status']}. The same command continues it."
    scores = ", ".join(f"{name} {percent(summary[name]['top1'])}" for name in DOMAINS)
    return (
        f"{summary['run']}: {summary['arrived']:,} new pictures, {summary['held']:,} from the "
        f"buffers; {scores} on the test pictures."
    )
