"""`solve`, `ratios-file`, `forgetting-file`: closed-form training from the command line."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from fruitlab.cli import options as parsing
from fruitlab.cli.commands import work_on
from fruitlab.cli.options import Outcome, WrongUse
from fruitlab.cli.output import Output
from fruitlab.cli.shared_options import add_device, add_set
from fruitlab.config.errors import RunError
from fruitlab.config.paths import shipped_root
from fruitlab.config.text import percent, points
from fruitlab.data import store
from fruitlab.features import familiar
from fruitlab.methods.closed_form import ClosedForm
from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.runs import catalog, queue

NETWORK = "efficientnet-lite0"


def add_solve(parser: ArgumentParser) -> None:
    """Add the options of `solve`."""
    _add_common(parser)
    parser.add_argument(
        "--ratio",
        default="best",
        metavar="PERCENT|best",
        help="Share of real pictures (default: the best by leave-one-out predictions).",
    )
    add_device(parser, "score the test pictures on")
    parser.add_argument("--run", dest="run_id", metavar="NAME", help="The name of the run.")


def add_ratios_file(parser: ArgumentParser) -> None:
    """Add the options of `ratios-file`."""
    _add_common(parser)
    parser.set_defaults(ratio="best")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="The file to write (default: ratios.safetensors among the shipped files).",
    )


def add_forgetting_file(parser: ArgumentParser) -> None:
    """Add the options of `forgetting-file`."""
    parser.add_argument("run_id", metavar="RUN")
    _add_network(parser)
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="The file to write (default: closed-form.json in the run's folder).",
    )


def _add_common(parser: ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="NAME", help="A dataset of `data list`.")
    _add_network(parser)
    parser.add_argument(
        "--lambda",
        dest="ridge",
        default="auto",
        metavar="NUMBER|auto",
        help="Penalty λ on the squared weights (default: the best by leave-one-out predictions).",
    )
    parser.add_argument(
        "--balance",
        action="store_true",
        help="Equal weight for categories, however many pictures they have.",
    )
    add_set(parser)


def _add_network(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--network",
        default=NETWORK,
        metavar="NAME",
        help=f"A network with pretrained weights (default: {NETWORK}).",
    )


def solve(options: Namespace, output: Output) -> Outcome:
    """`solve`: choose ratio and ridge on training pictures, and write a run with that head."""
    queue.check_device(options.device)
    config, given = _config(options)
    data = store.load(config.data, say=output.say, progress=output.progress)
    from fruitlab.studies.all_ratios import choose_for

    chosen = choose_for(
        data,
        config,
        ratio=config.ratio if options.ratio != "best" else None,
        ridge=config.ridge if options.ridge != "auto" else None,
        progress=output.progress,
    )
    place = chosen.ratios.index(chosen.ratio)
    scores = {name: float(getattr(chosen, name)[place]) for name in accuracy.SCORES}
    settings = {"ratio": chosen.ratio, "ridge": chosen.ridge}
    found = settings | {
        "leave_one_out": scores,
        "ridges": {str(ridge): best for ridge, best in chosen.by_ridge.items()},
    }
    run = catalog.create(
        {"device": options.device, "precision": "float32", "data": None, "chosen": found},
        config=configure("closed-form", **given | settings),
        run_id=options.run_id,
    )
    status, result, text = work_on(run, None, output)
    line = (
        f"{chosen.ratio}% real, lambda {chosen.ridge:g}: "
        f"{percent(scores['combined'])} combined by leave-one-out predictions on "
        "training pictures"
    )
    return status, result | {"chosen": found}, f"{line}\n{text}"


def ratios_file(options: Namespace, output: Output) -> Outcome:
    """`ratios-file`: write the file from which the Explore page answers at every ratio."""
    config, _ = _config(options)
    data = store.load(config.data, say=output.say, progress=output.progress)
    from fruitlab.studies.all_ratios import NAME, every_ratio

    made = every_ratio(
        data,
        config,
        ridge=config.ridge if options.ridge != "auto" else None,
        progress=output.progress,
    )
    out = Path(options.out) if options.out else shipped_root() / NAME
    try:
        made.save(out)
        if not options.out and (seen := familiar.find(data.fingerprint)):
            seen.save(out.with_name(familiar.NAME))
    except OSError as error:
        raise RunError(f"{out} cannot be written: {error.strerror}. Name another --out.") from None
    first, last = made.near_best
    best = made.scores(made.best)["combined"]
    result = {
        "file": str(out),
        "bytes": out.stat().st_size,
        "best": made.best,
        "near_best": [first, last],
        "ridge": made.facts["ridge"],
        "curves": {
            name: {key: values.tolist() for key, values in curve.items()}
            for name, curve in made.curves.items()
        },
    }
    text = (
        f"{out}: {result['bytes'] / 1e6:.1f} MB. Best at {made.best}% real: "
        f"{percent(best['top1'])} combined ({percent(best['top1_interval'][0])} to "
        f"{percent(best['top1_interval'][1])}), lambda {made.facts['ridge']:g}."
    )
    return 0, result, text


def forgetting_file(options: Namespace, output: Output) -> Outcome:
    """`forgetting-file`: write how closed-form training learns the pictures of an iterative run."""
    from fruitlab.studies import forgetting_file

    run = catalog.find(options.run_id)
    config = forgetting_file.check(run)
    if run.shipped and not options.out:
        raise WrongUse(f"{run.id} ships with FruitLab: name another file with --out FILE.")
    out = Path(options.out) if options.out else run.folder / forgetting_file.NAME
    data = store.load(config.data, say=output.say, progress=output.progress)
    result = forgetting_file.make(run, data, out, network=options.network, progress=output.progress)
    closed, gradient = (
        ", ".join(f"{domain} {percent(result[name][domain][-1])}" for domain in ("nice", "real"))
        for name in ("closed", "gradient")
    )
    lost = points(result["joint"]["nice"] - result["closed"]["nice"][-1])
    text = (
        f"{out}: closed form {closed}; gradient {gradient}. Against joint training, the closed "
        f"form loses {lost} of nice accuracy."
    )
    return 0, {"file": str(out)} | result, text


def _config(options: Namespace) -> tuple[ClosedForm, dict[str, Any]]:
    """The configuration that the options describe, with defaults for what is to be chosen.

    Returns:
        It, and the settings that were given.
    """
    given: dict[str, Any] = {"data": options.data, "network": options.network}
    given |= parsing.settings(options.set)
    if options.balance:
        given["balance"] = True
    if options.ratio != "best":
        given["ratio"] = options.ratio
    if options.ridge != "auto":
        given["ridge"] = options.ridge
    config = configure("closed-form", **given)
    assert isinstance(config, ClosedForm)
    return config, given
