"""`python -m fruitlab …`: the lab from the command line.

With --json one result, and nothing else, goes to stdout. What is said to a person on the way goes to stderr. The exit
status is 0 for success, 1 for a failure that is told, 2 for wrong use, 130 for a run stopped by Ctrl-C.
"""

import argparse
import json
import sys

from fruitlab.cli import commands
from fruitlab.cli import study as study_command
from fruitlab.cli.options import WrongUse
from fruitlab.cli.train_options import add_methods
from fruitlab.config.errors import ConfigError, DataError, RunError
from fruitlab.config.presets import PRESETS
from fruitlab.methods.registry import methods
from fruitlab.runs.queue import DEVICES

OLD_STUDIES = {"readings": "ablations"}  # names of earlier versions, still accepted


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m fruitlab",
        description=__doc__.splitlines()[0].replace("`", ""),
        allow_abbrev=False,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--json",
        action="store_true",
        help="one machine-readable result on stdout, nothing else there",
    )
    commands_of = top.add_subparsers(dest="command", required=True, metavar="command")

    def add(name: str, what: str, run, to=commands_of) -> argparse.ArgumentParser:
        sub = to.add_parser(name, help=what, description=what, parents=[common], allow_abbrev=False)
        sub.set_defaults(run=run)
        return sub

    data = add("data", "what pictures there are; import or download more", commands.data_list)
    data_of = data.add_subparsers(dest="data_command", metavar="command")
    add("list", "the pairs of domains on this machine", commands.data_list, data_of)
    show = add(
        "show", "one pair: its categories, counts and what was refused", commands.data_show, data_of
    )
    show.add_argument("name")
    load = add(
        "import",
        "make a pair of two folders of category folders, or of a zip of both",
        commands.data_import,
        data_of,
    )
    load.add_argument("--name", required=True, help="what to call it")
    load.add_argument(
        "--nice",
        metavar="DIR",
        help="studio pictures: a folder for each category (or Fruits-360 as released)",
    )
    load.add_argument(
        "--real",
        metavar="DIR",
        help="photos: a folder for each category (or Fruits-262 as released)",
    )
    load.add_argument(
        "--zip",
        metavar="FILE",
        help="in their place: a zip of two such folders, named nice and real",
    )
    load.add_argument(
        "--min-images",
        type=int,
        default=20,
        metavar="K",
        help="pictures a category needs in both domains (20)",
    )
    load.add_argument(
        "--group",
        metavar="REGEX",
        help="pictures whose domain/category/name match alike stay on one side of the split: "
        r"a product, a video, a person, such as '(\w+)_\d+\.jpg$'",
    )
    load.add_argument("--replace", action="store_true", help="replace the pair of that name")
    fetch = add(
        "download",
        "fetch a public dataset from Kaggle, where it is published",
        commands.data_download,
        data_of,
    )
    fetch.add_argument("source", choices=commands.SOURCES)

    train = add("train", "train the network; Ctrl-C stops it in order", None)
    add_methods(train, add, commands.train)

    study = add(
        "study",
        "many runs as one: the paper's, or one's own; goes on where it was, and says first what it costs",
        study_command.study,
    )
    study.add_argument(
        "kind",
        nargs="?",
        type=lambda kind: OLD_STUDIES.get(kind, kind),
        choices=("paper", "ratio", "tuning", "ablations", "switch", "length"),
        help="paper: eleven ratios and nine splits; ratio: search for the best ratio; tuning: the"
        " paper's learning rates and L2 factors; ablations: alternatives where the paper's text is"
        " unclear; switch: ablations of the switch to restricted training; length: ablations at the"
        " paper's full length",
    )
    study.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=A,B,C",
        help="in place of one of these: every combination of the values",
    )
    study.add_argument(
        "--method",
        default=next(iter(methods())),
        choices=tuple(methods()),
        help="what --vary varies (mixed)",
    )
    study.add_argument("--data", default="synthetic", help="a name from data list (synthetic)")
    study.add_argument(
        "--preset",
        metavar="|".join(PRESETS),
        help="the recipe (quick; tuning, ablations, switch and length have the paper's)",
    )
    study.add_argument(
        "--seeds", type=int, default=1, metavar="K", help="every run with seeds 0 to K-1 (1)"
    )
    study.add_argument(
        "--running-statistics",
        "--norms",
        dest="running_statistics",
        nargs="+",
        default=(),
        choices=("updated", "frozen", "follow"),
        help="paper: the statistics in restricted training",
    )
    study.add_argument(
        "--sets",
        nargs="+",
        type=int,
        default=(1, 2, 3),
        choices=(1, 2, 3),
        help="tuning: which of the paper's three sets (all)",
    )
    study.add_argument(
        "--iterations",
        metavar="I",
        help="training steps of each run; stretches the recipe's schedule",
    )
    study.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any number of the configuration; may be repeated",
    )
    study.add_argument(
        "--device", default="auto", metavar="|".join(DEVICES), help="where to train (auto)"
    )
    study.add_argument(
        "--at-once",
        metavar="N",
        help="how many runs train side by side, each with its share of the cores (on a CPU one a core, else 1)",
    )
    study.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="on a Ray cluster: host:port of its head, auto for the one that this machine is part of, or local "
        "for one on this machine (needs requirements-ray.txt; docs/ray.md)",
    )
    study.add_argument(
        "--ray-storage",
        metavar="DIR",
        help="where its machines keep checkpoints: with several, a folder that all of them share "
        "(.ray beside the runs)",
    )
    study.add_argument(
        "--ray-cpus", type=int, default=1, metavar="N", help="CPUs, and threads, of a run (1)"
    )
    study.add_argument(
        "--ray-gpus",
        type=float,
        metavar="X",
        help="GPUs of a run, such as 0.5 (0.25 where the cluster has some, else 0)",
    )
    study.add_argument(
        "--dry-run", action="store_true", help="say what would run and what it costs, and end"
    )

    resume = add("resume", "go on with a run that was stopped or interrupted", commands.resume)
    resume.add_argument("run_id", metavar="RUN")
    resume.add_argument(
        "--device", metavar="|".join(DEVICES), help="where to train (where it began)"
    )
    evaluate = add("evaluate", "score a run on both test sets in full", commands.evaluate)
    evaluate.add_argument("run_id", metavar="RUN")
    evaluate.add_argument("--data", help="other data than its own; categories are matched by name")
    evaluate.add_argument("--device", default="auto", metavar="|".join(DEVICES))
    predict = add("predict", "the three likeliest categories of each photo", commands.predict)
    predict.add_argument("run_id", metavar="RUN")
    predict.add_argument("photos", nargs="+", metavar="PHOTO")
    export = add(
        "export",
        "a run's network as a file for other programs, checked against PyTorch",
        commands.export,
    )
    export.add_argument("run_id", metavar="RUN")
    export.add_argument(
        "--onnx",
        nargs="?",
        const="",
        required=True,
        metavar="FILE",
        help="ONNX: pictures in, probabilities out (RUN.onnx here)",
    )
    played = add(
        "play-file",
        "what the Forgetting page needs to play an iterative run, in one small file",
        commands.play_file,
    )
    played.add_argument("run_id", metavar="RUN")
    played.add_argument(
        "--out", metavar="FILE", help="where to write it (play.safetensors in the run's folder)"
    )
    add("runs", "all runs and how they stand", commands.runs)
    known = add("methods", "list the training methods and their settings", commands.methods)
    known.add_argument("--markdown", action="store_true", help="print docs/methods.md")
    add("network", "Table 1: the network's layers, sizes and parameters", commands.network)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns the exit status. argparse itself ends with 2 on wrong use."""
    options = parser().parse_args(arguments)

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        status, result, text = options.run(options, say)
    except (ConfigError, DataError, RunError) as error:
        status, result, text = (
            (2 if isinstance(error, (ConfigError, WrongUse)) else 1),
            {"error": str(error)},
            None,
        )
        say(str(error))
    except KeyboardInterrupt:
        status, result, text = 130, {"error": "Interrupted."}, None
        say("Interrupted.")
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    elif text is not None:
        print(text)
    return status
