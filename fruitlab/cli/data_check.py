"""`data check`: similar pictures, what backgrounds tell, and labels that may be wrong."""

from argparse import ArgumentParser, Namespace
from typing import Any

from fruitlab.cli.closed_form import NETWORK
from fruitlab.cli.options import Outcome
from fruitlab.cli.output import Output
from fruitlab.cli.shared_options import add_device
from fruitlab.cli.tables import table
from fruitlab.config.text import percent
from fruitlab.data import store
from fruitlab.data.domains import DOMAINS, TwoDomains

SHOWN = 10  # pictures and groups that the text lists


def add_options(parser: ArgumentParser) -> None:
    """Add the options of `data check`."""
    parser.add_argument("name", metavar="NAME", help="A name from `data list`.")
    parser.add_argument(
        "--keep-together",
        action="store_true",
        help="First keep similar pictures of an imported dataset on one side of every split, as "
        "`data import --group similar` does.",
    )
    parser.add_argument(
        "--network",
        default=NETWORK,
        metavar="NAME",
        help=f"A pretrained network of `networks` (default: {NETWORK}).",
    )
    add_device(parser, "compute on")


def check_dataset(options: Namespace, output: Output) -> Outcome:
    """`data check`: what is wrong with a dataset, from the features of a pretrained network."""
    from fruitlab.studies import data_check  # SciPy and torch take a while
    from fruitlab.training import devices

    device = str(devices.resolve(options.device))
    if options.keep_together:
        keep_together(options.name, output, options.network, device)
    data = store.load(options.name, say=output.say, progress=output.progress)
    result = data_check.check(data, options.network, device=device, progress=output.progress)
    return 0, result, _text(result, data)


def keep_together(
    name: str, output: Output, network: str = NETWORK, device: str | None = None
) -> None:
    """Keep similar pictures of an imported dataset on one side of every split."""
    from fruitlab.studies import similar_pictures

    data = store.load(name, say=output.say, progress=output.progress)
    similar_pictures.keep_together(data, network, device=device, progress=output.progress)


def _text(result: dict[str, Any], data: TwoDomains) -> str:
    from fruitlab.studies.similar_pictures import mean_accuracy

    parts = []
    for name in DOMAINS:
        found = result["similar"][name]
        parts.append(
            f"{name}: {found['pictures']:,} pictures are similar to another one. "
            f"{found['across']:,} of {found['test']:,} test pictures have a similar training "
            "picture."
        )
    rows = [
        [label, *(mean_accuracy(result["splits"][kind][name]) for name in DOMAINS)]
        for kind, label in (("alone", "each picture alone"), ("together", "similar together"))
    ]
    parts.append(table(["split", "nice", "real"], rows))
    random = percent(1 / len(data.categories))
    columns = ("border", "whole", "share", "called")
    parts.append(
        f"What the border of real test pictures tells (random answers: {random}):\n"
        + table(
            ["category", "border", "whole", "share", "others called this"],
            [
                [row["category"], *(percent(row[key]) for key in columns)]
                for row in result["background"]
            ],
        )
    )
    if suspects := [row["category"] for row in result["background"] if row["suspect"]]:
        parts.append(f"Perhaps learned from the place: {', '.join(suspects)}.")
    for name in DOMAINS:
        domain = data.domain(name)
        doubted = [
            [
                domain.paths[one["row"]],
                percent(one["probability"]),
                f"{data.categories[one['answer']]} {percent(one['answer_probability'])}",
            ]
            for one in result["doubtful"][name][:SHOWN]
        ]
        if doubted:
            head = [f"doubtful {name} pictures", "own label", "rather"]
            parts.append(table(head, doubted))
    return "\n\n".join(parts)
