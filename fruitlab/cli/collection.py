"""`correct`, `collection`: keep photos under their right category, and teach them to a network."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fruitlab.cli.options import Outcome
from fruitlab.cli.output import Output
from fruitlab.cli.tables import table
from fruitlab.config.errors import DataError
from fruitlab.config.text import percent
from fruitlab.corrections.correcting import correct as correct_photo
from fruitlab.data import collection
from fruitlab.data.collection import Collected
from fruitlab.metrics import accuracy
from fruitlab.runs import catalog, versions
from fruitlab.runs.folder import Run


def add_correct(parser: ArgumentParser) -> None:
    """Add the options of `correct`."""
    parser.add_argument("run_id", metavar="RUN")
    parser.add_argument("photo", metavar="PHOTO")
    parser.add_argument(
        "category", metavar="CATEGORY", help="The right one, a new one, or 'no fruit'."
    )
    _add_name(parser)


def add_commands(add: Callable[..., ArgumentParser], parent: ArgumentParser) -> None:
    """Add the commands below `fruitlab collection`. `add` is `fruitlab.cli.main.parser`'s."""
    commands = parent.add_subparsers(dest="collection_command", metavar="command")
    _add_name(add("list", "List the pictures of a collection.", list_pictures, commands))
    new = add("add", "Add photos to a collection.", add_pictures, commands)
    new.add_argument("category", metavar="CATEGORY")
    new.add_argument("photos", nargs="+", metavar="PHOTO")
    _add_name(new)
    about = "Delete pictures from a collection, and from all that networks have learned."
    old = add("remove", about, remove_pictures, commands)
    old.add_argument("hashes", nargs="+", metavar="HASH", help="As `collection list` prints it.")
    _add_name(old)
    learned = add("learn", "Teach pictures to a closed-form network.", learn, commands)
    learned.add_argument("run_id", metavar="RUN")
    learned.add_argument(
        "hashes", nargs="*", metavar="HASH", help="Some pictures (default: all of them)."
    )
    _add_name(learned)
    back = add("undo", "Forget what a version has learned last.", undo, commands)
    back.add_argument("run_id", metavar="VERSION")


def _add_name(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--collection",
        default=collection.NAME,
        metavar="NAME",
        help=f"The collection (default: {collection.NAME}).",
    )


def correct(options: Namespace, output: Output) -> Outcome:
    """`correct`: keep a photo under its right category; a closed-form network learns it."""
    done = correct_photo(
        options.run_id,
        Path(options.photo),
        options.category,
        name=options.collection,
        progress=output.progress,
    )
    result = {
        "picture": _row(done.kept),
        "run": done.run.id if done.run else None,
        "why_not": done.why_not or None,
    }
    if done.run is None:
        return 0, result, f"{done.kept.path}\n{done.why_not}"
    result |= {"photo": _pair(done.photo), "scores": _pair(done.scores)}
    before, after = (each[0] for each in done.photo)
    text = "{category} ({probability:.1%})"
    lines = [
        f"{done.kept.path}",
        f"This photo: {text.format(**before)}, now {text.format(**after)}.",
        *_changes(*done.scores),
        f"{done.run.id} has learned it. Take it back: python -m fruitlab collection undo "
        f"{done.run.id}",
    ]
    return 0, result, "\n".join(lines)


def list_pictures(options: Namespace, output: Output) -> Outcome:
    """`collection list`: its pictures, and which versions have learned each."""
    learned: dict[str, list[str]] = {}
    for run in versions.all_versions():
        if (found := versions.read_version(run)) and found.collection == options.collection:
            for one in found.learned:
                learned.setdefault(one.hash, []).append(run.id)
    rows = [
        _row(one) | {"learned_by": learned.get(one.hash, [])}
        for one in collection.pictures(options.collection)
    ]
    cells = [[row["hash"], row["category"], ", ".join(row["learned_by"])] for row in rows]
    text = table(["picture", "category", "learned by"], cells) if rows else "No pictures."
    return 0, rows, text


def add_pictures(options: Namespace, output: Output) -> Outcome:
    """`collection add`: keep photos under a category."""
    rows: list[dict[str, Any]] = []
    for photo in options.photos:
        try:
            rows.append(_row(collection.add(Path(photo), options.category, options.collection)))
        except DataError as error:
            rows.append({"photo": photo, "error": str(error)})
            output.say(f"{photo}: {error}")
    added = [row for row in rows if "error" not in row]
    text = "\n".join(row["file"] for row in added) or None
    return (0 if len(added) == len(rows) else 1), rows, text


def remove_pictures(options: Namespace, output: Output) -> Outcome:
    """`collection remove`: delete pictures from the disk, from features and from weights."""
    from fruitlab.corrections import learning

    found = learning.forget(options.hashes, options.collection)
    if missing := set(options.hashes) - {one.hash for one in found}:
        raise DataError(f"Not in the collection {options.collection!r}: {', '.join(missing)}.")
    return 0, [_row(one) for one in found], f"{len(found)} deleted."


def learn(options: Namespace, output: Output) -> Outcome:
    """`collection learn`: a new version that has learned pictures of a collection."""
    from fruitlab.corrections import learning

    run = catalog.find(options.run_id)
    pictures = collection.pictures(options.collection)
    if options.hashes:
        pictures = [one for one in pictures if one.hash in options.hashes]
    before = learning.summary_scores(run)
    made = learning.learn(run, pictures, name=options.collection, progress=output.progress)
    return _outcome(made, before)


def undo(options: Namespace, output: Output) -> Outcome:
    """`collection undo`: back to the parent of a version, without the pictures it learned."""
    from fruitlab.corrections import learning

    parent = learning.undo(catalog.find(options.run_id))
    return 0, {"run": parent.id}, f"{options.run_id} is forgotten. Its parent is {parent.id}."


def _outcome(made: Run, before: dict[str, Any]) -> Outcome:
    from fruitlab.corrections import learning

    after = learning.summary_scores(made)
    version = versions.read_version(made)
    assert version is not None
    result = {
        "run": made.id,
        "parent": version.parent,
        "learned": [one.model_dump() for one in version.learned],
        "scores": {"before": before, "after": after},
    }
    text = [f"{made.id} has learned {len(version.learned)} pictures.", *_changes(before, after)]
    return 0, result, "\n".join(text)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """A line for each score: "nice  98.8% (98.4 to 99.1%) -> ..."."""

    def text(scores: dict[str, Any]) -> str:
        low, high = map(percent, scores["top1_interval"])
        return f"{percent(scores['top1'])} ({low} to {high})"

    return [f"{name}: {text(before[name])}, now {text(after[name])}" for name in accuracy.SCORES]


def _row(one: Collected) -> dict[str, Any]:
    return {"hash": one.hash, "category": one.category, "file": str(one.path)}


def _pair(values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(("before", "after"), values, strict=True))
