"""`python -m fruitlab`: train networks on two domains of pictures, from the command line.

With --json, stdout holds one machine-readable result and nothing else. Messages and progress go to
stderr. The exit status is 0 on success, 1 on failure, 2 on wrong use, 130 after Ctrl-C.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from fruitlab.cli import (
    answer,
    closed_form,
    collection,
    commands,
    explore,
    handing_on,
    networks,
    study_options,
)
from fruitlab.cli import data as data_commands
from fruitlab.cli import online as online_command
from fruitlab.cli import search as search_command
from fruitlab.cli import study as study_command
from fruitlab.cli.job import run_job
from fruitlab.cli.options import Outcome, WrongUse
from fruitlab.cli.output import Output, Terminal
from fruitlab.cli.shared_options import add_device
from fruitlab.cli.train_options import add_methods
from fruitlab.config.errors import ConfigError, DataError, RunError
from fruitlab.config.modes import Mode
from fruitlab.data.collection import NAME
from fruitlab.runs.queue import DEVICES

DESCRIPTION = "Train networks on two domains of pictures, nice and real, and compare them."


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; the parsed options have the command's function as `run`."""
    top = argparse.ArgumentParser(
        prog="python -m fruitlab", description=DESCRIPTION, allow_abbrev=False
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--json",
        action="store_true",
        help="Print one machine-readable result to stdout, and nothing else there.",
    )
    # Without a command: the explorer.
    top.set_defaults(run=explore.open_explorer, port=None, headless=False, json=False)
    whom = (
        "Whom the explorer is for: local (you), shared (people who sign in) or showcase (anybody)."
    )
    top.add_argument("--mode", choices=[*Mode], help=whom)
    commands_of = top.add_subparsers(dest="command", metavar="command")

    def add(
        name: str, description: str, run, to=commands_of, *, hidden: bool = False
    ) -> argparse.ArgumentParser:
        listed = {} if hidden else {"help": description}
        sub = to.add_parser(
            name, description=description, parents=[common], allow_abbrev=False, **listed
        )
        sub.set_defaults(run=run)
        return sub

    about = "Open the explorer (the same as without a command)."
    opened = commands_of.add_parser("open", help=about, description=about, allow_abbrev=False)
    opened.add_argument(
        "--port", type=int, metavar="N", help="The port on 127.0.0.1 (8501, or the next free one)."
    )
    opened.add_argument("--mode", choices=[*Mode], default=argparse.SUPPRESS, help=whom)
    opened.add_argument(
        "--headless", action="store_true", help="Do not open a browser; only print the address."
    )

    data = add("data", "List, import and download datasets.", data_commands.list_datasets)
    data_commands.add_commands(add, data)

    train = add("train", "Train a network. Ctrl-C stops the run so that it can be resumed.", None)
    add_methods(train, add, commands.train)

    solve = add("solve", "Solve for a pretrained network's last layer.", closed_form.solve)
    closed_form.add_solve(solve)

    found = add(
        "answer",
        "From two folders of pictures to the best mixing ratio and a model.",
        answer.answer,
    )
    answer.add_options(found)

    study = add("study", "Train many runs as one study, or continue it.", study_command.study)
    study_options.add_options(study)

    online = add("online", "Train on pictures as they arrive.", online_command.online)
    online_command.add_options(online)
    resume = add("resume", "Resume a run that was stopped or interrupted.", commands.resume)
    resume.add_argument("run_id", metavar="RUN")
    resume.add_argument(
        "--device", metavar="|".join(DEVICES), help="Train on another device than before."
    )
    evaluate = add("evaluate", "Evaluate a run on both full test sets.", commands.evaluate)
    evaluate.add_argument("run_id", metavar="RUN")
    evaluate.add_argument(
        "--data",
        metavar="NAME",
        help="Evaluate on another dataset; categories are matched by name.",
    )
    add_device(evaluate, "evaluate on")
    mirror = (
        "Average the answers to each picture and its horizontal flip, which takes twice the time."
    )
    evaluate.add_argument("--mirror", action="store_true", help=mirror)
    predict = add("predict", "Predict the three likeliest categories of photos.", commands.predict)
    predict.add_argument("run_id", metavar="RUN")
    predict.add_argument("photos", nargs="+", metavar="PHOTO")
    predict.add_argument("--mirror", action="store_true", help=mirror)
    corrected = add(
        "correct", "Say what a photo shows; a closed-form network learns it.", collection.correct
    )
    collection.add_correct(corrected)
    collected = add(
        "collection", "List, add and remove corrected photos.", collection.list_pictures
    )
    collected.set_defaults(collection=NAME)
    collection.add_commands(add, collected)
    search = add("search", "Find the pictures most like a photo.", search_command.search)
    search_command.add_options(search)
    export = add("export", "Export a run's network, or its curves.", handing_on.export)
    handing_on.add_export(export)
    reported = add("report", "Write one HTML file about a run or a study.", handing_on.report)
    handing_on.add_report(reported)
    shared = add("card", "Draw a result as a picture to share.", handing_on.card)
    handing_on.add_card(shared)
    between = add(
        "interpolate",
        "Score the networks between two runs' weights, at 21 points.",
        commands.interpolate,
    )
    for name in ("first", "second"):
        between.add_argument(
            name, metavar="RUN", help="A run; RUN:switch is its network at the switch of phases."
        )
    between.add_argument(
        "--groups",
        metavar="A,B",
        help="Interpolate these layer groups only, such as head, or backbone for all but the head.",
    )
    add_device(between, "evaluate on")
    played = add(
        "play-file",
        "Write the small file from which the Forgetting page replays an iterative run.",
        commands.play_file,
    )
    played.add_argument("run_id", metavar="RUN")
    played.add_argument(
        "--out",
        metavar="FILE",
        help="The file to write (default: play.safetensors in the run's folder).",
    )
    ratios = add(
        "ratios-file",
        "Write the small file from which the Explore page answers at every ratio.",
        closed_form.ratios_file,
    )
    closed_form.add_ratios_file(ratios)
    forgetting = add(
        "forgetting-file",
        "Write the small file that shows closed-form training beside an iterative run.",
        closed_form.forgetting_file,
    )
    closed_form.add_forgetting_file(forgetting)
    add("runs", "List all runs and their scores.", commands.runs)
    known = add("methods", "List the training methods and their settings.", commands.methods)
    known.add_argument("--markdown", action="store_true", help="Print docs/methods.md.")
    networks.add_commands(add)
    add("network", "Print Table 1: layers, output sizes and parameters.", commands.network)

    release = add(
        "release",
        "Copy a finished study to checkpoints/shipped. For the maintainers of FruitLab.",
        commands.release,
        hidden=True,
    )
    release.add_argument("--data", required=True, metavar="NAME", help="The study's dataset.")
    release.add_argument(
        "--preset",
        default="thorough",
        help="The preset of the study that the pages show first (default: thorough).",
    )
    release.add_argument(
        "--seeds", type=int, default=1, metavar="K", help="Seeds of that study (default: 1)."
    )
    return top


def run(options: argparse.Namespace, output: Output) -> Outcome:
    """Run a command; turn what it raises into an exit status and {"error": message}."""
    try:
        return options.run(options, output)
    except (ConfigError, DataError, RunError) as error:
        wrong_use = isinstance(error, (ConfigError, WrongUse))
        output.say(str(error))
        return (2 if wrong_use else 1), {"error": str(error)}, None
    except KeyboardInterrupt:
        output.say("Interrupted.")
        return 130, {"error": "Interrupted."}, None


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    `--job FOLDER` before the command runs it as a background job (`fruitlab.runs.jobs`).

    Raises:
        SystemExit: argparse printed help (status 0) or did not understand the arguments (2).
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["--job"]:
        return run_job(Path(arguments[1]), arguments[2:], _run_command)
    options = parser().parse_args(arguments)
    with Terminal() as terminal:
        status, result, text = run(options, terminal)
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    elif text is not None:
        print(text)
    return status


def _run_command(arguments: list[str], output: Output) -> tuple[int, Any]:
    status, result, _ = run(parser().parse_args(arguments), output)
    return status, result
