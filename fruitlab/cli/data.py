"""`fruitlab data`: list, show, import, check and download datasets."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fruitlab.cli import data_check, listings, report
from fruitlab.cli.options import Outcome, WrongUse
from fruitlab.cli.output import Output
from fruitlab.config.paths import data_root
from fruitlab.data import sources, store
from fruitlab.data.importing import import_pictures
from fruitlab.data.sources import SOURCES
from fruitlab.data.uploads import import_zip

SIMILAR = "similar"  # as --group


def add_commands(add: Callable[..., ArgumentParser], data: ArgumentParser) -> None:
    """Add the commands below `fruitlab data`. `add` is `fruitlab.cli.main.parser`'s."""
    commands = data.add_subparsers(dest="data_command", metavar="command")
    add("list", "List the datasets on this machine.", list_datasets, commands)
    show = add(
        "show",
        "Show the categories, counts and unusable files of a dataset.",
        show_dataset,
        commands,
    )
    show.add_argument("name", metavar="NAME", help="A name from `data list`.")
    load = add(
        "import",
        "Import two folders of category folders, or a zip of both, as a dataset.",
        import_dataset,
        commands,
    )
    load.add_argument("--name", required=True, metavar="NAME", help="The name of the dataset.")
    load.add_argument(
        "--nice",
        metavar="DIR",
        help="Studio pictures: one folder per category, or Fruits-360 as released.",
    )
    load.add_argument(
        "--real", metavar="DIR", help="Photos: one folder per category, or Fruits-262 as released."
    )
    load.add_argument(
        "--zip", metavar="FILE", help="A zip of two such folders, named nice and real."
    )
    load.add_argument(
        "--min-images",
        type=int,
        default=20,
        metavar="K",
        help="Leave out categories with fewer pictures than this in either domain (default: 20).",
    )
    load.add_argument(
        "--group",
        metavar="REGEX",
        help="Keep pictures whose domain/category/file name match alike on the same side of the "
        r"train/test split: pictures of one product, video or person, such as '(\w+)_\d+\.jpg$'. "
        "The word similar does so with pictures that look nearly the same.",
    )
    load.add_argument(
        "--replace", action="store_true", help="Replace an existing dataset of that name."
    )
    check = add(
        "check",
        "Find similar pictures, telling backgrounds and doubtful labels in a dataset.",
        data_check.check_dataset,
        commands,
    )
    data_check.add_options(check)
    fetch = add("download", "Download a public dataset from Kaggle.", download_dataset, commands)
    fetch.add_argument("source", choices=SOURCES, help=", ".join(SOURCES))


def list_datasets(options: Namespace, output: Output) -> Outcome:
    """`data list`: the datasets on this machine."""
    found = store.available()
    return 0, found, listings.data_table(found)


def show_dataset(options: Namespace, output: Output) -> Outcome:
    """`data show`: counts and problems of a dataset."""
    data = store.load(options.name, say=output.say, progress=output.progress)
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


def import_dataset(options: Namespace, output: Output) -> Outcome:
    """`data import`: make a dataset of two folders, or of a zip of both."""
    common: dict[str, Any] = {
        "name": options.name,
        "min_images": options.min_images,
        "group": None if options.group == SIMILAR else options.group,
        "replace": options.replace,
        "progress": output.progress,
        "say": output.say,
    }
    if options.zip and not (options.nice or options.real):
        imported = import_zip(source=Path(options.zip), **common)
    elif options.nice and options.real and not options.zip:
        imported = import_pictures(nice=Path(options.nice), real=Path(options.real), **common)
    else:
        raise WrongUse("Give two folders, --nice DIR --real DIR, or a zip of both, --zip FILE.")
    result = imported.as_dict()
    if options.group == SIMILAR:
        data_check.keep_together(options.name, output)
        result |= show_dataset(options, output)[1]
    return 0, result, f"{report.pair(result)}\n\n{_train_on(options.name)}"


def download_dataset(options: Namespace, output: Output) -> Outcome:
    """`data download`: a public dataset; once both domains are here, import them."""
    root = data_root()
    path = sources.download(
        options.source, say=output.say, progress=output.progress, cache=sources.downloads(root)
    )
    result: dict[str, Any] = {"source": options.source, "folder": str(path), "imported": None}
    folders: dict[str, Path] = {}
    for name, source in SOURCES.items():
        if folder := sources.downloaded(name, root):
            folders[source.domain] = folder
    if len(folders) < 2:
        return 0, result, _what_is_missing(options.source, path)
    imported = import_pictures(
        name="fruits",
        nice=folders["nice"],
        real=folders["real"],
        replace=True,
        progress=output.progress,
        say=output.say,
    ).as_dict()
    text = f"{report.pair(imported)}\n\n{_train_on('fruits')}"
    return 0, result | {"imported": imported}, text


def _what_is_missing(source: str, folder: Path) -> str:
    domain = SOURCES[source].domain
    other = next(name for name in SOURCES if SOURCES[name].domain != domain)
    missing = SOURCES[other].domain
    return (
        f"{folder} holds the {domain} domain. The {missing} domain is still missing.\n"
        f"Download it: python -m fruitlab data download {other}\n"
        f"Or import your own {missing} pictures: python -m fruitlab data import --name mine "
        f"--{domain} '{folder}' --{missing} DIR"
    )


def _train_on(name: str) -> str:
    return f"Train on it: python -m fruitlab train mixed --data {name}"
