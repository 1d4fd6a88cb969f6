"""What the files of a dataset may hold: one model for data.json, one for its index."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, InstanceOf

from fruitlab.config.validation import Count, Model, Name

FileName = InstanceOf[str]  # may hold bytes that are not Unicode


class Origin(Model):
    """How a dataset was made: the arguments of the import and by whom, or how many were drawn."""

    nice: Name | None = None
    real: Name | None = None
    min_images: Annotated[int, Field(ge=2)] | None = None
    group: Name | None = None
    owner: Name | None = None


class Refused(Model):
    """A picture that could not be used."""

    file: FileName
    reason: str


class Record(Model):
    """data.json."""

    format: int
    name: Name
    kind: Literal["photographs", "drawn"]
    token: Annotated[str, Field(pattern=r"\A[0-9a-f]{8}\z")]
    fingerprint: Name
    imported: Annotated[str, Field(max_length=64)]
    categories: Annotated[list[Name], Field(min_length=1)]
    counts: dict[Name, dict[Literal["nice", "real"], Count]]
    origin: Origin
    left_out: dict[Name, str]
    refused: list[Refused]


@dataclass(frozen=True)
class SourceFile:
    """A picture file behind a dataset, as it was when it was read.

    Attributes:
        path: Path relative to the folder of its domain, with forward slashes.
        size: Size in bytes, -1 if the file could not be accessed.
        mtime: Time of the last modification in nanoseconds.
        outcome: Its row in the array; or the reason why it was refused; or None if its category
            was left out.
    """

    path: str
    size: int
    mtime: int
    outcome: int | str | None = None


Source = Annotated[list[FileName | int | None], Field(min_length=4, max_length=4)]  # a SourceFile


class Column(Model):
    """The pictures of a domain in the index."""

    paths: list[FileName]
    hashes: list[str]
    labels: list[Count]
    groups: list[Count]


class Index(Model):
    """The index: lists with one entry per picture and per source file."""

    group_keys: list[str | None]
    folders: dict[Literal["nice", "real"], dict[str, int]]
    sources: dict[Literal["nice", "real"], list[Source]]
    nice: Column
    real: Column
