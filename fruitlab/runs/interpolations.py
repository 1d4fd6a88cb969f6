"""Accuracies along the line between two runs' weights, as `fruitlab interpolate` wrote them.

One JSON file per pair and choice of layer groups, in .interpolations/ beside the runs:

    runs        [first, second]: ids, with ":switch" for the weights at the switch of phases
    groups      layer groups that were interpolated; the others are those of the first run
    scored_on   "test" or "validation"
    statistics  training pictures of both runs that the running statistics were estimated with
    points      [{"alpha": 0.0, "nice": [pictures, right, within the top three], "real": ...}, ...]

No torch.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from fruitlab.config import validation
from fruitlab.config.files import write_json
from fruitlab.config.paths import runs_root
from fruitlab.config.validation import Count, Model


def path_of(first: str, second: str, groups: Sequence[str] | None) -> Path:
    """Where the result for this pair lies; groups None means all of them."""
    name = "--".join([first, second, "-".join(groups) if groups else "all"])
    return runs_root() / ".interpolations" / f"{name.replace(':', '@')}.json"


def read(first: str, second: str, groups: Sequence[str] | None = None) -> dict[str, Any] | None:
    """The result for this pair; None if there is none that can be read."""
    try:
        return validation.read(_File, path_of(first, second, groups))
    except (OSError, ValueError):
        return None


def write(result: dict[str, Any], groups: Sequence[str] | None) -> Path:
    """Write a result; returns its path. Raises OSError."""
    first, second = result["runs"]
    path = path_of(first, second, groups)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, result)
    return path


class _Point(Model):
    alpha: Annotated[float, Field(ge=0, le=1)]
    nice: Annotated[list[Count], Field(min_length=3, max_length=3)]
    real: Annotated[list[Count], Field(min_length=3, max_length=3)]


class _File(Model):
    points: Annotated[list[_Point], Field(min_length=1)]
