"""What a person does with a run that is there: give it a title and a note, hand its log over as CSV, delete it."""

import csv
import io
import json
import secrets
import shutil
from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.config.files import read_json, write_json
from fruitlab.runs.folder import Run

LONGEST = {"title": 80, "note": 4000}


def write_label(run: Run, *, title: str, note: str) -> None:
    """Keeps title and note (empty: none) in label.json, and whatever else a person wrote there. Raises RunError."""
    given = {"title": " ".join(title.split()), "note": note.strip()}
    for name, text in given.items():
        if len(text) > LONGEST[name]:
            raise RunError(
                f"The {name} has {len(text):,} characters; there is room for {LONGEST[name]:,}."
            )
    try:
        label = read_json(run.label_file)
    except (OSError, ValueError):
        label = {}
    label = {
        name: value
        for name, value in (label if isinstance(label, dict) else {}).items()
        if name not in given
    }
    label |= {name: text for name, text in given.items() if text}
    try:
        run.label_file.parent.mkdir(parents=True, exist_ok=True)
        write_json(run.label_file, label)
    except OSError as error:
        raise RunError(
            f"The label of {run.id} could not be written to {run.label_file.parent}: {error.strerror}. "
            "Free some space there, or check its permissions."
        ) from None


def why_kept(run: Run) -> str | None:
    """Why the run cannot be deleted now; None if it can."""
    if run.shipped:
        return f"{run.id} is one of the results that come with FruitLab; it stays."
    if run.status() in ("waiting", "running"):
        return f"{run.id} is {run.status()}: stop it first."
    return None


def delete(run: Run) -> None:
    """Deletes a run's folder for good. Raises RunError if it is shipped, waiting or running, or the folder cannot be changed."""
    if why := why_kept(run):
        raise RunError(why)
    gone = run.folder.with_name(f".deleted-{secrets.token_hex(4)}")
    try:
        run.folder.rename(gone)  # out of everybody's sight at once, whatever comes of the rest
        shutil.rmtree(gone)
    except OSError as error:
        raise RunError(
            f"{run.id} could not be deleted altogether: {error.strerror or error}. Check the permissions of {run.folder.parent}."
        ) from None


def log_as_csv(run: Run) -> str:
    """The run's log, a row an evaluation; lists and domains spread over columns such as nice_right, seen_real."""
    rows = [_flat(point) for point in run.metrics() if isinstance(point, dict)]
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
            row |= dict(
                zip(
                    (f"{name}_pictures", f"{name}_right", f"{name}_within_three"),
                    value,
                    strict=False,
                )
            )
        elif isinstance(value, dict):
            row |= {f"{name}_{key}": inner for key, inner in value.items()}
        else:
            row[name] = json.dumps(value) if isinstance(value, list) else value
    return row
