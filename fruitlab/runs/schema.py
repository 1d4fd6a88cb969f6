"""What the files of a run folder may hold: one model for each. No torch.

A run folder may come from anybody. Whoever reads one of its files gets what its model describes,
or a message that says which file cannot be read and why.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fruitlab.config.files import parse_json
from fruitlab.config.validation import Count, Model, Name, check, read

LATEST = 2e11  # seconds since 1970: the year 8307; later ones are no dates
SLUG = r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}"  # the id of a run
RunId = Annotated[str, Field(pattern=f"^{SLUG}$")]
Share = Annotated[float, Field(ge=0, le=1 + 1e-9)]
Number = Annotated[float, Field(ge=-1e30, le=1e30, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=LATEST)]
Interval = Annotated[list[Share], Field(min_length=2, max_length=2)]
Categories = Annotated[list[Name], Field(min_length=1, max_length=100_000)]


class Data(Model):
    """What config.json says of the run's data."""

    name: Name | None = None
    kind: Name | None = None
    fingerprint: Name | None = None
    categories: Categories | None = None
    left_out: dict[Name, str] | None = None
    counts: dict[Name, dict[Literal["nice", "real"], dict[Name, Count]]] | None = None
    training_pictures: dict[Name, dict[Literal["nice", "real"], Count]] | None = None


# Keys of config.json: on what the run trained, and how.
TRAINED_ON = (
    "device",
    "trained_on",
    "threads",
    "precision",
    "computed_in",
    "steps",
    "execution",
    "data",
    "versions",
)


class Header(Model):
    """config.json."""

    format: int
    created: Seconds = 0.0
    config: dict[str, Any]
    experiment: Name | None = None
    data: Data | None = None
    device: Name = "auto"
    owner: Name | None = None
    trained_on: Name | None = None
    threads: Annotated[int, Field(ge=1, le=4096)] | None = None
    precision: Name | None = None
    computed_in: Name | None = None
    versions: dict[Name, Any] | None = None
    snapshots: list[Count] | None = None
    initial_training_of: Name | None = None
    base: RunId | None = None


class Tops(Model):
    """Combined performance, or what the scores of domains and categories have in common."""

    top1: Share
    top3: Share
    top1_interval: Interval
    top3_interval: Interval


class Scores(Tops):
    """The scores of a domain or of a category in it."""

    pictures: Count


class DomainScores(Scores):
    """The scores of a domain."""

    per_category: dict[Name, Scores] | None = None


class Best(Model):
    """The best scores of the whole run, by domain; empty for a run that ended early."""

    nice: Share
    real: Share
    combined: Share


class Summary(Model):
    """summary.json: how the run ended."""

    status: Name
    error: str | None = None
    iteration: Count | None = None
    images_seen: Count | None = None
    seconds: Seconds | None = None
    full: bool | None = None
    nice: DomainScores | None = None
    real: DomainScores | None = None
    combined: Tops | None = None
    best: dict[Literal["top1", "top3"], Best] | None = None


class Activity(Model):
    """activity.json: what the worker is doing."""

    doing: Name
    since: Seconds | None = None
    why: Name | None = None
    device: Name | None = None
    places: Annotated[int, Field(ge=0, le=4096)] | None = None
    step: Name | None = None
    done: Count | None = None
    of: Count | None = None


class Label(Model):
    """label.json: what the user calls the run."""

    title: Name | None = None
    note: Annotated[str, Field(max_length=100_000)] | None = None
    study: Name | None = None


Counts = Annotated[list[Count], Field(min_length=2, max_length=2)]


class Stream(Model):
    """What arrived in a stream between two evaluations: pictures and right answers."""

    nice: Counts
    real: Counts
    kept: dict[Literal["nice", "real"], Count]

    @model_validator(mode="after")
    def _counts(self) -> "Stream":
        if any(right > pictures for pictures, right in (self.nice, self.real)):
            raise ValueError("more answers are right than pictures arrived")
        if len(self.kept) != 2:
            raise ValueError("kept needs nice and real")
        return self


class Point(Model):
    """An evaluation: a line of metrics.jsonl."""

    iteration: Count
    phase: Name
    phase_iteration: Count
    full: bool
    nice: Annotated[list[Count], Field(min_length=3, max_length=3)]
    real: Annotated[list[Count], Field(min_length=3, max_length=3)]
    seen: dict[Literal["nice", "real"], Count]
    seconds: Seconds
    loss: Number | None
    penalty: Number
    learning_rate: Number
    momentum: Number
    stream: Stream | None = None

    @model_validator(mode="after")
    def _counts(self) -> "Point":
        for pictures, right, within_three in (self.nice, self.real):
            if not right <= within_three <= pictures:
                raise ValueError("more answers are right than there are pictures")
        if len(self.seen) != 2:
            raise ValueError("seen needs nice and real")
        return self


class Notes(Model):
    """The notes in a file of tensors."""

    categories: Categories | None = None
    iteration: Count | None = None
    network: Name | None = None
    numbers: dict[str, Any] | None = None
    log_length: Count | None = None


def read_or_empty(model: type[Model], path: Path) -> dict[str, Any]:
    """The same; empty if the file is missing or cannot be read."""
    try:
        return read(model, path)
    except (OSError, ValueError):
        return {}


def notes(metadata: Mapping[str, str]) -> dict[str, Any]:
    """FruitLab's notes in the metadata of a file of tensors. Raises ValueError."""
    return check(Notes, parse_json(metadata.get("fruitlab", "{}")))
