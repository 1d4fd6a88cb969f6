"""`search`: the pictures of a dataset that are most like a photo."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from fruitlab.cli.options import Outcome
from fruitlab.cli.output import Output
from fruitlab.cli.tables import table
from fruitlab.config.errors import DataError
from fruitlab.data import store
from fruitlab.inference import search as searching
from fruitlab.inference.client import PredictorError
from fruitlab.runs import catalog


def add_options(parser: ArgumentParser) -> None:
    """Add the options of `search`."""
    parser.add_argument("--data", required=True, metavar="NAME", help="A dataset of `data list`.")
    by = parser.add_mutually_exclusive_group()
    by.add_argument(
        "--network",
        default=searching.NETWORK,
        metavar="NAME",
        help=f"The pretrained network that describes them (default: {searching.NETWORK}).",
    )
    by.add_argument("--run", dest="run_id", metavar="RUN", help="A run's network instead.")
    parser.add_argument(
        "--count", type=int, default=6, metavar="N", help="Pictures of each domain (default: 6)."
    )
    parser.add_argument(
        "photos", nargs="*", metavar="PHOTO", help="Without any, only the features are computed."
    )


def search(options: Namespace, output: Output) -> Outcome:
    """`search`: the nearest pictures to each photo; computes the dataset's features first."""
    by = catalog.find(options.run_id) if options.run_id else options.network
    data = store.load(options.data, say=output.say, progress=output.progress)
    searching.prepare(data, by, output.progress)
    if not options.photos:
        text = f"The features of {data.name} are ready. Give photos to search for, or use the demo."
        return 0, [], text
    gallery, results = searching.Gallery(data, by), []
    for photo in options.photos:
        result: dict[str, Any] = {"photo": photo}
        try:
            _, found = gallery.search(Path(photo), max(1, options.count))
            result["found"] = [
                {name: getattr(one, name) for name in ("category", "domain", "distance", "path")}
                for one in found
            ]
        except (DataError, PredictorError) as error:
            result["error"] = str(error)
            output.say(f"{photo}: {error}")
        results.append(result)
    failed = any("error" in result for result in results)
    return (1 if failed else 0), results, _text(results) or None


def _text(results: list[dict[str, Any]]) -> str:
    parts = []
    for result in results:
        if "found" in result:
            rows = [
                [f"{one['distance']:.3f}", one["category"], one["domain"], one["path"]]
                for one in result["found"]
            ]
            listed = table(["distance", "category", "domain", "file"], rows)
            parts.append(f"{result['photo']}\n{listed}")
    return "\n\n".join(parts)
