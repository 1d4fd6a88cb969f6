"""Names and values that settings had in earlier versions, in links, run folders and --set."""

from collections.abc import Mapping
from typing import Any

RENAMED = {"norms": "running_statistics", "full_marks": "full_evaluations"}
RENAMED_VALUES = {("running_statistics", "follow"): "updated"}


def current_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings under today's names and values, where an earlier version had others."""
    current = {RENAMED.get(name, name): value for name, value in values.items()}
    return {
        name: RENAMED_VALUES.get((name, value), value) if isinstance(value, str) else value
        for name, value in current.items()
    }


def first_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings under the names and values of the first version that had them."""
    names = {new: old for old, new in RENAMED.items()}
    first_values = {(name, new): old for (name, old), new in RENAMED_VALUES.items()}
    return {
        names.get(name, name): first_values.get((name, value), value)
        for name, value in values.items()
    }
