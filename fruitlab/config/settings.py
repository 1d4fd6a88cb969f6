"""One setting of a run: its default, limits, unit, help text and where the paper says it.

Forms, the command line's options and the validation messages are all made from these.
"""

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, Field
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo


def setting(
    default: Any,
    help: str,
    *,
    title: str = "",
    unit: str = "",
    paper: str = "",
    group: str = "",
    **limits: Any,
) -> Any:
    """Declare a setting as a pydantic field.

    Args:
        default: the paper's value where the paper gives one.
        help: one or two sentences for forms and `--help`.
        title: label in forms; made from the field's name if empty.
        unit: unit of a number, such as "%" or "iterations".
        paper: section or table of the paper that states it.
        group: heading in forms; that of the field before it if empty.
        limits: pydantic's ge, gt, le, lt, min_length, pattern.
    """
    extra: JsonDict = {"unit": unit, "paper": paper, "group": group}
    return Field(default, title=title or None, description=help, json_schema_extra=extra, **limits)


@dataclass(frozen=True)
class Setting:
    """What a form or a command line needs to know about one setting."""

    name: str
    title: str
    help: str
    unit: str
    paper: str
    default: Any
    kind: type  # bool, int, float or str
    choices: tuple[str, ...]  # of a Literal; else empty
    low: float | None  # inclusive with pydantic's ge, exclusive with gt
    high: float | None

    @property
    def label(self) -> str:
        """Title with the unit, unless it has the word: "Batch size (pictures)", "Iterations"."""
        if not self.unit or self.unit in self.title.lower().split():
            return self.title
        return f"{self.title} ({self.unit})"


@cache  # reading a configuration asks for them once per setting
def settings_of(config: type[BaseModel]) -> Mapping[str, Setting]:
    """The settings of a configuration class by name, in the order of its fields."""
    return {name: _setting(name, field) for name, field in config.model_fields.items()}


def grouped(config: type[BaseModel]) -> dict[str, list[str]]:
    """Names of the settings under the headings that their fields declare, in order."""
    groups: dict[str, list[str]] = {}
    heading = "Run"
    for name, field in config.model_fields.items():
        heading = _extra(field).get("group") or heading
        groups.setdefault(heading, []).append(name)
    return groups


def _setting(name: str, field: FieldInfo) -> Setting:
    kind: type = field.annotation if isinstance(field.annotation, type) else str
    choices: tuple[str, ...] = ()
    if typing.get_origin(field.annotation) is typing.Literal:
        choices = typing.get_args(field.annotation)
    bounds: dict[str, float] = {}
    for limit in field.metadata:
        for bound in ("ge", "gt", "le", "lt"):
            if (value := getattr(limit, bound, None)) is not None:
                bounds[bound] = value
    extra = _extra(field)
    return Setting(
        name=name,
        title=field.title or name.replace("_", " ").capitalize(),
        help=field.description or "",
        unit=extra.get("unit", ""),
        paper=extra.get("paper", ""),
        default=field.default,
        kind=kind,
        choices=choices,
        low=bounds.get("ge", bounds.get("gt")),
        high=bounds.get("le", bounds.get("lt")),
    )


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
