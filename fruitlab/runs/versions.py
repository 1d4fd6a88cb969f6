"""Versions: runs whose network is another run's, with a last layer that has learned corrections.

A version is a run folder of its own, `<base>-v<number>`. Its weights file holds the last layer
only; the other layers are those of its base, the run that was trained. version.json says what it
has learned. No torch.
"""

import re
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from fruitlab.config.errors import RunError
from fruitlab.config.files import write_json
from fruitlab.config.paths import runs_root
from fruitlab.config.validation import Model, Name, read
from fruitlab.data import cache
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run
from fruitlab.runs.schema import RunId, Tops

FILE = "version.json"
NAME = re.compile(r"(.+)-v([1-9][0-9]{0,5})")


class Picture(Model):
    """A corrected picture that a version has learned."""

    hash: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    category: Name


class Version(Model):
    """version.json.

    Attributes:
        base: id of the run that was trained.
        parent: id of the run that was corrected: the base or another version.
        collection: where its pictures are.
        learned: all pictures that it has learned, the parent's first.
        before: the parent's scores on the test sets, {nice, real, combined}.
    """

    base: RunId
    parent: RunId
    collection: Annotated[str, Field(pattern=f"^{cache.SLUG.pattern}$")]
    learned: list[Picture]
    before: dict[Name, Tops]


def read_version(run: Run) -> Version | None:
    """What a version has learned; None for a run that is no version.

    Raises:
        RunError: version.json is damaged.
    """
    try:
        return Version.model_validate(read(Version, run.folder / FILE))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(
            f"{run.id}: {FILE} is damaged ({error}). Restore it from a copy, or delete the run."
        ) from None


def write_version(run: Run, version: Version) -> None:
    """Write version.json. Raises OSError."""
    write_json(run.folder / FILE, version.model_dump())


def base_of(run: Run) -> Run:
    """The run that was trained: itself, unless it is a version. Raises RunError."""
    version = read_version(run)
    return catalog.find(version.base) if version else run


def read_tensors(run: Run, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A run's tensors by name, and their notes; a version's last layer with its base's others.

    Raises:
        RunError: as `Run.read_tensors`, or the base is missing.
    """
    tensors, notes = run.read_tensors(name)
    base = base_of(run)
    return (tensors if base.id == run.id else base.read_tensors(name)[0] | tensors), notes


def versions_of(base_id: str) -> list[Run]:
    """The versions of a run, oldest first."""
    found = [Run(path.parent) for path in runs_root().glob(f"{base_id}-v*/{FILE}")]
    return sorted((run for run in found if _parts(run)[0] == base_id), key=_parts)


def all_versions() -> list[Run]:
    """All versions on this machine; of each base, oldest first."""
    found = [Run(path.parent) for path in runs_root().glob(f"*-v*/{FILE}")]
    return sorted((run for run in found if _parts(run)[1]), key=_parts)


def next_name(base_id: str) -> str:
    """The id of the next version."""
    last = versions_of(base_id)[-1:]
    return f"{base_id}-v{1 + max((_parts(run)[1] for run in last), default=0)}"


def _parts(run: Run) -> tuple[str, int]:
    """The id of the base, and the number; 0 for another name."""
    match = NAME.fullmatch(run.id)
    return (match[1], int(match[2])) if match else (run.id, 0)
