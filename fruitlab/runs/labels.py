"""What a user does with a run: label it, export its log, delete it. No torch."""

import csv
import io
import json
import secrets
import shutil
from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.config.files import write_json
from fruitlab.config.modes import Action, changes
from fruitlab.runs.folder import Run
from fruitlab.runs.versions import versions_of

LONGEST = {"title": 80, "note": 4000}  # characters


@changes(Action.LABEL)
def write_label(run: Run, *, title: str, note: str) -> None:
    """Write title and note to label.json; other fields of the file are kept.

    Args:
        run: to label.
        title: empty removes it.
        note: empty removes it.

    Raises:
        RunError: a text is too long, or the file cannot be written.
    """
    given = {"title": " ".join(title.split()), "note": note.strip()}
    for name, text in given.items():
        if len(text) > LONGEST[name]:
            raise RunError(
                f"The {name} has {len(text):,} characters. Shorten it to {LONGEST[name]:,} or less."
            )
    label = {name: value for name, value in run.label().items() if name not in given}
    label |= {name: text for name, text in given.items() if text}
    folder = run.label_file.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(run.label_file, label)
    except OSError as error:
        raise RunError(
            f"The label of {run.id} could not be written to {folder}: {error.strerror}. Free some"
            " space there, or check its permissions."
        ) from None


def why_kept(run: Run) -> str | None:
    """Why the run cannot be deleted now; None if it can."""
    if run.shipped:
        return f"{run.id} is one of the results that come with FruitLab. It cannot be deleted."
    if later := versions_of(run.id):
        return f"{run.id} has versions ({later[0].id}, ...) that need it: delete these first."
    status = run.status()
    return f"{run.id} is {status}: stop it first." if status in ("waiting", "running") else None


@changes(Action.DELETE_RUN)
def delete(run: Run) -> None:
    """Delete a run's folder for good.

    Raises:
        RunError: the run is shipped, waiting or running, or the folder cannot be changed.
    """
    if why := why_kept(run):
        raise RunError(why)
    deleted = run.folder.with_name(f".deleted-{secrets.token_hex(4)}")
    try:
        run.folder.rename(deleted)  # disappears from every list at once, even if the rest fails
        shutil.rmtree(deleted)
    except OSError as error:
        raise RunError(
            f"{run.id} could not be deleted completely: {error.strerror or error}. Check the"
            f" permissions of {run.folder.parent}."
        ) from None


def log_as_csv(run: Run) -> str:
    """The run's log as CSV, one row per evaluation, with columns such as nice_right, seen_real."""
    rows = [_flat(point) for point in run.metrics()]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(point: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in point.items():
        if name in ("nice", "real") and isinstance(value, list):
            columns = (f"{name}_pictures", f"{name}_right", f"{name}_within_three")
            row |= dict(zip(columns, value, strict=False))
        elif isinstance(value, dict):
            row |= {f"{name}_{key}": inner for key, inner in value.items()}
        else:
            row[name] = json.dumps(value) if isinstance(value, list) else value
    return row
